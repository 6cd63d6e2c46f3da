import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Contestant, type HoldpointTree, startOneWorker } from './contestants.ts'
import { type BenchOptions, DIRECT, missing, type Section } from './figures.ts'
import { latencies, MODES, type Mode, transactionsPerSecond } from './pgbench.ts'
import { type Figures, inTurn, ratio } from './rounds.ts'
import { quantile, spreadOf } from './statistics.ts'
import { range, table, times } from './table.ts'

const TITLE = 'Trusting plain tables for 50 ms, or asking for every statement (one worker)'
const TRUSTED_MS = 50
const TRUSTED = `definitionsTrustedMs: ${TRUSTED_MS}`
const ASKED = 'definitionsTrustedMs: 0'
/** What has just started compiles as it goes. */
const WARMING_SECONDS = 2
const LOADS: readonly {
  readonly what: string
  readonly mode: Mode
  readonly clients: number
  readonly tpcb: boolean
}[] = [
  { what: '-S, simple', mode: 'simple', clients: 8, tpcb: false },
  { what: '-S, prepared', mode: 'prepared', clients: 8, tpcb: false },
  { what: 'TPC-B, simple', mode: 'simple', clients: 8, tpcb: true },
  { what: 'TPC-B, prepared', mode: 'prepared', clients: 8, tpcb: true },
]

/** The same proxy twice, before the same database, and the database itself. */
export async function trusting(options: BenchOptions & { readonly tree: HoldpointTree }): Promise<Section> {
  const { pgbench, tree, folder, rounds, seconds, say } = options
  if (pgbench === null) return missing(TITLE, 'pgbench is not installed')
  await using stack = new AsyncDisposableStack()
  const contestants: Contestant[] = options.contestants.filter(({ name }) => name === DIRECT)
  for (const ms of [TRUSTED_MS, 0]) contestants.push(stack.use(await startTrusting(tree, folder, ms)))
  say('trusting: warming up')
  const warming = { program: pgbench, clients: 8, seconds: WARMING_SECONDS }
  for (const contestant of contestants) {
    for (const mode of MODES) await transactionsPerSecond({ ...warming, contestant, mode })
  }
  const rows: string[][] = []
  const raw: unknown[] = []
  for (const { what, mode, clients, tpcb } of LOADS) {
    say(`trusting: ${what}`)
    const measure = (contestant: Contestant) =>
      transactionsPerSecond({ program: pgbench, contestant, mode, clients, seconds, tpcb })
    const figures = await inTurn({ contestants, rounds, measure })
    raw.push({ what, tps: Object.fromEntries(figures) })
    rows.push(row(`${what}, tps`, figures))
  }
  for (const mode of ['simple', 'prepared'] as const) {
    say(`trusting: one client, ${mode}`)
    const measure = async (contestant: Contestant) =>
      quantile(await latencies({ program: pgbench, contestant, mode, clients: 1, seconds }), 0.5)
    const figures = await inTurn({ contestants, rounds, measure })
    raw.push({ what: mode, p50: Object.fromEntries(figures) })
    rows.push(row(`-S, ${mode}, one client, p50 µs`, figures))
  }
  return { title: TITLE, markdown: table(['load', DIRECT, TRUSTED, ASKED, '0 against 50'], rows), raw }
}

async function startTrusting(tree: HoldpointTree, folder: string, definitionsTrustedMs: number) {
  const data = join(folder, `trusting-${definitionsTrustedMs}`)
  mkdirSync(data)
  const { targets } = JSON.parse(readFileSync(join(tree.data, 'config.json'), 'utf8')) as { targets: object[] }
  const proxy = await startOneWorker(tree, data, {
    targets: targets.map((target) => ({ ...target, definitionsTrustedMs })),
  })
  return Object.assign(proxy, { name: `definitionsTrustedMs: ${definitionsTrustedMs}` })
}

function row(what: string, figures: Figures): string[] {
  const of = (name: string) => range(spreadOf(figures.get(name) ?? []))
  return [what, of(DIRECT), of(TRUSTED), of(ASKED), times(ratio(figures, ASKED, TRUSTED))]
}
