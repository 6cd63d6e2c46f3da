import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import pg from 'pg'
import { asked, relation } from '../policies/asked.ts'
import { policyFolder } from '../policies/policy-folder.ts'
import { startHoldpoint } from './contestants.ts'
import type { BenchOptions, Section } from './figures.ts'
import { table } from './table.ts'

/** `holdpoint policy replay` as people run it: recorded inputs from the state database, by two policies that differ. */
const TITLE = 'Replay: recorded decisions, no two alike, from the state database, judged by two policies that differ'
const ENTRY = join(import.meta.dirname, '..', '..', 'holdpoint.ts')
const KINDS = [
  { relations: [relation('orders', ['select'])] },
  { kind: 'update', tag: 'UPDATE', effects: ['write'], relations: [relation('customers', ['update'])] },
  {
    kind: 'delete',
    tag: 'DELETE',
    effects: ['write'],
    relations: [relation('orders', ['delete'])],
    flags: ['no_where'],
  },
] as const

export async function replaying({
  decisions,
  folder,
  say,
}: Pick<BenchOptions, 'say' | 'folder'> & { readonly decisions: number }): Promise<Section> {
  await using stack = new AsyncDisposableStack()
  const tree = stack.use(await startHoldpoint(join(folder, 'replay'), 1))
  const config = join(tree.data, 'config.json')
  say(`replay: recording ${decisions} decisions`)
  await record((JSON.parse(readFileSync(config, 'utf8')) as { state: { url: string } }).state.url, decisions)
  using laxer = policyFolder('default')
  laxer.write('data/modes.yaml', 'modes: { production.unbounded_write: warn }\n')
  const start = performance.now()
  const raw = await commandRun(
    ['policy', 'replay', '--path', laxer.path, '--no-tests', '--json', '--config', config],
    say,
  )
  const seconds = (performance.now() - start) / 1_000
  const { inputs, differing } = JSON.parse(raw.out) as { inputs: number; differing: { inputs: number } }
  const figures = { inputs, differing: differing.inputs, seconds, megabytesMax: raw.megabytesMax }
  const row = [
    ...[inputs, differing.inputs].map((value) => value.toLocaleString('en')),
    ...[seconds, inputs / seconds, raw.megabytesMax].map((value) => value.toFixed(0)),
  ]
  const head = ['decisions', 'of which differ', 'seconds', 'a second', 'most MB resident']
  return { title: TITLE, markdown: table(head, [row]), raw: figures }
}

/** As whoever ships a journal writes them, made in the database itself. */
async function record(stateUrl: string, decisions: number): Promise<void> {
  const client = new pg.Client({ connectionString: stateUrl })
  await client.connect()
  try {
    const texts = KINDS.map((kind) => JSON.stringify(asked({ ...kind, fingerprint: 'FINGERPRINT' })))
    await client.query(
      `INSERT INTO policy_input SELECT md5(one::text), replace(($1::text[])[1 + one % 3], 'FINGERPRINT', 'f' || one)::json, now()
       FROM generate_series(1, $2::int) AS one`,
      [texts, decisions],
    )
    await client.query(
      "INSERT INTO policy_input_day SELECT digest, current_date, 'p', 'allow', 1 FROM policy_input ON CONFLICT DO NOTHING",
    )
    await client.query('ANALYZE policy_input, policy_input_day')
  } finally {
    await client.end()
  }
}

/** Its progress goes on to whoever watches; the most memory that was resident, where the system tells. */
async function commandRun(args: readonly string[], say: (line: string) => void) {
  const child = spawn(process.execPath, [ENTRY, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
  let megabytesMax = Number.NaN
  let lines = 0
  let last = ''
  createInterface({ input: child.stderr }).on('line', (line) => {
    last = line
    megabytesMax = residentMax(child.pid) ?? megabytesMax
    if (lines++ % 20 === 0) say(`replay: ${line}`)
  })
  let out = ''
  for await (const chunk of child.stdout.setEncoding('utf8')) out += chunk
  if (out === '') throw new Error(`the command failed: ${last}`)
  return { out, megabytesMax }
}

function residentMax(pid: number | undefined): number | null {
  try {
    const [, kilobytes] = /^VmHWM:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? []
    return kilobytes === undefined ? null : Number(kilobytes) / 1_024
  } catch {
    return null
  }
}
