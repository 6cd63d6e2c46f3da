import { execFile } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import pg from 'pg'
import type { HoldRequest } from '../../workflows/holds/hold.ts'
import { createHolds } from '../../workflows/holds/holds.ts'
import { createQueues } from '../../workflows/queues/create-queues.ts'
import { openState } from '../../workflows/state/state.ts'
import { type HoldpointTree, startHoldpoint } from './contestants.ts'
import type { BenchOptions, Section } from './figures.ts'
import { type Inbox, openInbox } from './inbox-in-browser.ts'
import { transactionsPerSecond } from './pgbench.ts'
import { runOut, runOutTable } from './run-out.ts'
import { quantile } from './statistics.ts'
import { table } from './table.ts'

const TITLE = 'Many holds pending: what they cost everybody else, and how long their lists take'
const MAKERS = 8
/** So that no asker has more than a person or agent could have. */
const ASKERS = 100
const TIMES = { statement: 3_000, hold: 60, list: 20, commandLine: 5, inbox: 5 } as const
/** They run out together, when all are made and have been measured. */
const FILLING_MS_EACH = 14
const MEASURING_MS = 40_000
const THROUGHPUT = { clients: 8, seconds: 2, rounds: 3 } as const

interface Measured {
  readonly what: string
  readonly unit: string
  readonly none: number
  readonly many: number
  readonly toReach: string
}

export async function holdsPending({
  folder,
  pending,
  pgbench,
  say,
}: Pick<BenchOptions, 'folder' | 'pgbench' | 'say'> & { readonly pending: number }): Promise<Section> {
  await using stack = new AsyncDisposableStack()
  const more = { HOLDPOINT_HOLDS_PENDING_MAX: `${2 * pending}` }
  const inbox = await openInbox(stack)
  const tree = stack.use(await startHoldpoint(join(folder, 'holds-pending'), 1, more))
  await makeTable(tree.upstream)
  say('holds pending: none')
  await inbox?.signIn(tree)
  const script = join(folder, 'read-pending.sql')
  writeFileSync(script, 'SELECT times FROM pending;\n')
  const throughput = (): Promise<number> => throughputOf(tree, pgbench, script)
  await measure(tree, inbox, throughput) // what has just started compiles as it goes
  const none = await measure(tree, inbox, throughput)
  say(`holds pending: making ${pending}`)
  const runsOutAt = Date.now() + MEASURING_MS + pending * FILLING_MS_EACH
  const madeMs = await fill(tree, pending, runsOutAt)
  await new Promise((resolve) => setTimeout(resolve, 5_000)) // their jobs are made by then
  say(`holds pending: ${pending}`)
  const many = await measure(tree, inbox, throughput)
  say(`holds pending: waiting until all run out at once`)
  const ran = await runOut(tree, runsOutAt)
  const rows: readonly Measured[] = ROWS.map(({ of, ...row }) => ({ ...row, none: none[of], many: many[of] }))
  const head = ['', 'with none', `with ${pending.toLocaleString('en')}`, 'to reach']
  const cells = rows.map(({ what, none, many, unit, toReach }) => [
    what,
    `${none.toFixed(1)} ${unit}`,
    `${many.toFixed(1)} ${unit}`,
    toReach,
  ])
  const markdown = `${table(head, cells)}

${runOutTable(ran, pending)}`
  return { title: TITLE, markdown, raw: { none, many, ran, makingOneMs: madeMs / pending } }
}

type Figures = Awaited<ReturnType<typeof measure>>

const LISTED = '≤ 100 ms'
const ROWS: readonly (Omit<Measured, 'none' | 'many'> & { readonly of: keyof Figures })[] = [
  { of: 'statementP50', what: 'an allowed statement, p50', unit: 'ms', toReach: 'no growth' },
  { of: 'statementP99', what: 'an allowed statement, p99', unit: 'ms', toReach: 'no growth' },
  { of: 'tps', what: 'pgbench, 8 clients, prepared reads of one row', unit: 'tps', toReach: 'no less' },
  { of: 'holdP50', what: 'making one more hold, p50', unit: 'ms', toReach: 'no growth' },
  { of: 'toAnswer', what: 'API: mine to answer, 100 of them, p50', unit: 'ms', toReach: LISTED },
  { of: 'pending', what: 'API: all that wait, 100 of them, p50', unit: 'ms', toReach: LISTED },
  { of: 'pendingMost', what: 'API: all that wait, 100 of them, most', unit: 'ms', toReach: LISTED },
  { of: 'asked', what: 'API: what I asked, p50', unit: 'ms', toReach: LISTED },
  {
    of: 'inbox',
    what: 'console: inbox in Chromium, from reload to its first row, p50',
    unit: 'ms',
    toReach: 'its start',
  },
  { of: 'commandLine', what: 'holdpoint holds list, with its start, p50', unit: 'ms', toReach: 'its start' },
  { of: 'proxyMb', what: 'resident: the proxy process', unit: 'MB', toReach: '' },
  { of: 'botMb', what: 'resident: worker and bot', unit: 'MB', toReach: '' },
]

async function measure(tree: HoldpointTree, inbox: Inbox | null, throughput: () => Promise<number>) {
  const tps = await throughput()
  const client = new pg.Client({ connectionString: tree.url, options: '-c holdpoint.on_hold=error' })
  await client.connect()
  const statements = await timed(TIMES.statement, () => client.query('SELECT 1'))
  const made = await timed(TIMES.hold, (n) =>
    client.query(`UPDATE pending SET times = ${Date.now()}${n}`).then(
      () => Promise.reject(new Error('it was not held')),
      (error: pg.DatabaseError) => (error.code === 'YH001' ? undefined : Promise.reject(error)),
    ),
  )
  await client.end()
  const list = (name: string, query: string) =>
    timed(TIMES.list, () => fetched(tree, name, `/holds?limit=100&${query}`))
  const pending = await list('ben', 'status=pending')
  return {
    tps,
    ...{ statementP50: quantile(statements, 0.5), statementP99: quantile(statements, 0.99) },
    ...{ holdP50: quantile(made, 0.5), toAnswer: quantile(await list('ben', 'which=to_answer'), 0.5) },
    ...{ pending: quantile(pending, 0.5), pendingMost: quantile(pending, 1) },
    asked: quantile(await list('ana', 'which=asked'), 0.5),
    inbox: inbox === null ? Number.NaN : quantile(await timed(TIMES.inbox, () => inbox.firstRow()), 0.5),
    commandLine: quantile(await timed(TIMES.commandLine, () => commandLine(tree)), 0.5),
    ...{ proxyMb: tree.proxyMegabytes(), botMb: tree.mainMegabytes() },
  }
}

/** The median of the rounds. */
async function throughputOf(tree: HoldpointTree, program: string | null, script: string): Promise<number> {
  if (program === null) return Number.NaN
  const { clients, seconds, rounds } = THROUGHPUT
  const tps: number[] = []
  for (let round = 0; round < rounds; round++)
    tps.push(await transactionsPerSecond({ program, contestant: tree, mode: 'prepared', clients, seconds, script }))
  return quantile(
    tps.sort((a, b) => a - b),
    0.5,
  )
}

/** @returns milliseconds, ascending */
async function timed(times: number, work: (n: number) => Promise<unknown>): Promise<readonly number[]> {
  const taken: number[] = []
  for (let n = 0; n < times; n++) {
    const start = performance.now()
    await work(n)
    taken.push(performance.now() - start)
  }
  return taken.sort((a, b) => a - b)
}

async function fetched(tree: HoldpointTree, name: string, path: string): Promise<void> {
  const response = await fetch(`${tree.api}${path}`, { headers: { authorization: `Bearer ${tree.token(name)}` } })
  if (!response.ok) throw new Error(`the list answered ${response.status}`)
  await response.arrayBuffer()
}

async function commandLine(tree: HoldpointTree): Promise<void> {
  const entry = join(import.meta.dirname, '..', '..', 'holdpoint.ts')
  const env = { ...process.env, HOLDPOINT_TOKEN: tree.token('ben') }
  await promisify(execFile)(process.execPath, [entry, 'holds', 'list', '--json', '--data', tree.data], {
    env,
    maxBuffer: 64 * 1024 * 1024,
  })
}

/** As the proxy makes them, with their jobs and notices: of one that it made, by many askers and with other constants. */
async function fill(tree: HoldpointTree, pending: number, runsOutAt: number): Promise<number> {
  const { state } = JSON.parse(readFileSync(join(tree.data, 'config.json'), 'utf8')) as { state: { url: string } }
  const log = { warn: () => undefined, error: () => undefined }
  await using stack = new AsyncDisposableStack()
  const pool = openState(state.url)
  stack.defer(() => pool.end())
  const queues = createQueues({ url: state.url }, log)
  stack.defer(() => queues.close())
  const holds = stack.use(createHolds({ pool, queues, pendingMax: 2 * pending, log }))
  const { rows } = await pool.query<{ request: HoldRequest }>(
    "SELECT request FROM hold WHERE status = 'pending' LIMIT 1",
  )
  const request = rows[0]?.request
  if (request === undefined) throw new Error('nothing is held that could be copied')
  const started = performance.now()
  let next = 0
  const maker = async (): Promise<void> => {
    for (let n = next++; n < pending; n = next++) {
      const asker = `asker-${n % ASKERS}`
      const identity = { ...request.identity, subject: asker, name: asker }
      const decision = { ...request.decision, expiryMs: runsOutAt - Date.now() }
      await holds.create({ ...request, identity, digest: `pending-${n}`, decision, expiryMs: runsOutAt - Date.now() })
    }
  }
  await Promise.all(Array.from({ length: MAKERS }, maker))
  return performance.now() - started
}

async function makeTable(upstream: string): Promise<void> {
  const client = new pg.Client(upstream)
  await client.connect()
  await client.query(
    'CREATE TABLE pending (times bigint); INSERT INTO pending VALUES (0); GRANT ALL ON pending TO PUBLIC',
  )
  await client.end()
}
