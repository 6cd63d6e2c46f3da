import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { parseArgs } from 'node:util'
import pg from 'pg'
import { type Contestant, direct, startHoldpoint, startOneWorker, startPgbouncer } from './contestants.ts'
import { copyOut } from './copy-out.ts'
import type { BenchOptions, Section } from './figures.ts'
import { holdToResume } from './hold-to-resume.ts'
import { holdsPending } from './holds-pending.ts'
import { latency } from './latency.ts'
import { newStatements } from './new-statements.ts'
import { findProgram, versionOf } from './programs.ts'
import { replaying } from './replaying.ts'
import { disturbance } from './rounds.ts'
import { rowScan } from './row-scan.ts'
import { makeTables } from './sample-tables.ts'
import { swap } from './swap.ts'
import { throughput } from './throughput.ts'
import { trusting } from './trusting.ts'

/**
 * Speed as a ratio: a direct connection, PgBouncer and Holdpoint in turn, on one machine, in one run, on one database.
 * Prints Markdown, writes the raw figures as JSON, and asserts nothing.
 */
const BENCHMARKS = [
  'throughput',
  'latency',
  'new-statements',
  'rows',
  'copy',
  'holds',
  'pending',
  'swap',
  'replay',
  'trusting',
] as const
const HELP = `npm run bench -- [options]
  --seconds <n>    how long each pgbench runs (5)
  --rounds <n>     how often each contestant is measured (3)
  --only <names>   of ${BENCHMARKS.join(', ')}
  --workers <n>    proxy processes (one per core)
  --copy-mb <n>    how much COPY reads (1024)
  --holds <n>      how many are approved on each queue backend (10000)
  --queues <names> of PostgreSQL, Redis (both)
  --processes <n>  votes arrive where the client waits, or elsewhere: one, two (both)
  --holds-for <s>  each of these ends after so many seconds; merge-holds.ts puts several runs together (3600)
  --pending <n>    how many wait while others go on (10000)
  --swaps <n>      how often the policy is swapped under load (30)
  --replayed <n>   how many recorded decisions are replayed (1000000)
  --out <file>     the raw figures (test/bench/results/<time>.json)
`

const { values: given } = parseArgs({
  options: {
    seconds: { type: 'string', default: '5' },
    rounds: { type: 'string', default: '3' },
    only: { type: 'string', default: BENCHMARKS.join(',') },
    workers: { type: 'string', default: `${cpus().length}` },
    'copy-mb': { type: 'string', default: '1024' },
    holds: { type: 'string', default: '10000' },
    queues: { type: 'string', default: 'PostgreSQL,Redis' },
    processes: { type: 'string', default: 'one,two' },
    'holds-for': { type: 'string', default: '3600' },
    pending: { type: 'string', default: '10000' },
    swaps: { type: 'string', default: '30' },
    replayed: { type: 'string', default: '1000000' },
    out: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
})

if (given.help) process.stdout.write(HELP)
else await bench()

async function bench(): Promise<void> {
  const wanted = new Set(given.only.split(','))
  const programs = { pgbench: findProgram('pgbench'), psql: findProgram('psql'), pgbouncer: findProgram('pgbouncer') }
  const megabytes = wanted.has('copy') ? number('copy-mb') : 1
  await using stack = new AsyncDisposableStack()
  const folder = mkdtempSync(join(tmpdir(), 'holdpoint-bench-'))
  stack.defer(() => rmSync(folder, { recursive: true, force: true }))
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.once(signal, () => void stack.disposeAsync().then(() => process.exit(1)))

  const tree = stack.use(await startHoldpoint(join(folder, 'holdpoint'), number('workers')))
  say('making tables')
  await makeTables(programs.pgbench, tree.upstream, megabytes)
  const contestants: Contestant[] = [direct(tree.upstream)]
  if (programs.pgbouncer !== null)
    contestants.push(stack.use(await startPgbouncer(programs.pgbouncer, tree.upstream, folder)))
  contestants.push(tree)
  if (number('workers') > 1) contestants.push(stack.use(await startOneWorker(tree, folder)))

  const options: BenchOptions = {
    ...programs,
    contestants,
    seconds: number('seconds'),
    rounds: number('rounds'),
    folder,
    say,
  }
  const sections: Section[] = []
  if (wanted.has('throughput')) sections.push(await throughput(options))
  if (wanted.has('latency')) sections.push(await latency(options))
  if (wanted.has('new-statements')) sections.push(await newStatements(options))
  if (wanted.has('rows')) sections.push(await rowScan(options))
  if (wanted.has('copy')) sections.push(await copyOut({ ...options, megabytes }))
  if (wanted.has('holds'))
    sections.push(
      await holdToResume({
        ...options,
        holds: number('holds'),
        queues: given.queues.split(','),
        processes: given.processes.split(','),
        secondsMax: number('holds-for'),
      }),
    )
  if (wanted.has('pending')) sections.push(await holdsPending({ ...options, pending: number('pending') }))
  if (wanted.has('swap')) sections.push(await swap({ ...options, swaps: number('swaps') }))
  if (wanted.has('replay')) sections.push(await replaying({ ...options, decisions: number('replayed') }))
  if (wanted.has('trusting')) sections.push(await trusting({ ...options, tree }))
  await report(sections, programs, tree.upstream)
}

async function report(
  sections: readonly Section[],
  programs: Readonly<Record<string, string | null>>,
  upstream: string,
): Promise<void> {
  const machine = await describeMachine(programs, upstream)
  const absent = Object.entries(programs)
    .filter(([, path]) => path === null)
    .map(([name]) => name)
  const missing = absent.length === 0 ? '' : `\nMissing on this machine, and so not compared: ${absent.join(', ')}.\n`
  const { measured, disturbed } = disturbance()
  const noise =
    disturbed === 0
      ? ''
      : `
The machine was busy with other things before ${disturbed} of ${measured} measurements.
`
  const tables = sections.map(({ title, markdown }) => `### ${title}\n\n${markdown}\n`)
  process.stdout.write(
    `\n${machine}\n${missing}${noise}\nEach figure is the median of ${given.rounds} rounds (least–most).\n\n${tables.join('\n')}\n`,
  )
  const file =
    given.out ?? join(import.meta.dirname, 'results', `${new Date().toISOString().replaceAll(':', '-')}.json`)
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(
    file,
    `${JSON.stringify({ machine, given, missing: absent, measured, disturbed, sections }, null, 2)}\n`,
  )
  say(`raw figures: ${file}`)
}

async function describeMachine(programs: Readonly<Record<string, string | null>>, upstream: string): Promise<string> {
  const client = new pg.Client(upstream)
  await client.connect()
  const { rows } = await client.query<{ server_version: string }>('SHOW server_version')
  await client.end()
  const versions = await Promise.all(Object.values(programs).map((path) => (path === null ? null : versionOf(path))))
  const processors = `${cpus().length} × ${cpus()[0]?.model.trim()}`
  return [
    processors,
    `Node ${process.versions.node}`,
    `PostgreSQL ${rows[0]?.server_version}`,
    ...versions.filter((version) => version !== null),
  ].join(' · ')
}

function number(
  name: 'seconds' | 'rounds' | 'workers' | 'copy-mb' | 'holds' | 'holds-for' | 'pending' | 'swaps' | 'replayed',
): number {
  const value = Number(given[name])
  if (!Number.isInteger(value) || value < 1) throw new Error(`--${name} is a whole number from 1`)
  return value
}

function say(line: string): void {
  process.stderr.write(`${line}\n`)
}
