import { type ChildProcess, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { freePort } from '../../workflows/development/free-port.ts'
import { createDirectory } from '../../workflows/directory/directory.ts'
import { createHolds, type KeptHolds } from '../../workflows/holds/holds.ts'
import { createQueues } from '../../workflows/queues/create-queues.ts'
import { openState } from '../../workflows/state/state.ts'
import { type HoldpointTree, startHoldpoint } from './contestants.ts'
import type { BenchOptions, Section } from './figures.ts'
import { findProgram } from './programs.ts'
import { quantile } from './statistics.ts'
import { table } from './table.ts'

const TITLE = 'Hold to resume: from a vote in one process to its result at the client of another'
const VOTER = { issuer: 'https://bench.example', subject: 'reviewer' }
/** Not counted: what has just started compiles as it goes. */
const WARMING = 100
/** So many clients wait; one is answered after the other, each when the one before it has its result. */
const WAITING = 25
/** What the making of their holds left to do is done by then: nobody answers within less. */
const SETTLING_MS = 250
/** A vote seldom comes in the moment in which another one's jobs are made. */
const BETWEEN_MS = 10
const OUTLIER_MS = 50
/** The worst of them are in the table, all of them in the raw figures. */
const OUTLIERS_SHOWN = 5

interface Round {
  readonly totalMs: number
  /** Until the vote was committed and answered; the rest is waking, judging anew and running. */
  readonly voteMs: number
}

/** One is answered at a time, so that nothing queues behind anything; the statement changes one row. */
export async function holdToResume({
  folder,
  holds,
  queues,
  say,
}: Pick<BenchOptions, 'folder' | 'say'> & {
  readonly holds: number
  readonly queues: readonly string[]
}): Promise<Section> {
  const redis = findProgram('redis-server')
  const rows: string[][] = []
  const raw: Record<string, unknown> = {}
  for (const backend of ['PostgreSQL', 'Redis'] as const) {
    if (!queues.includes(backend) || (backend === 'Redis' && redis === null)) continue
    say(`hold to resume: queues on ${backend}`)
    const measured = await onBackend(join(folder, `holds-${backend}`), backend === 'Redis' ? redis : null, holds)
    const sorted = measured.map(({ totalMs }) => totalMs).sort((a, b) => a - b)
    const ms = (value: number): string => value.toFixed(1)
    const slow = measured.flatMap((round, index) => (round.totalMs > OUTLIER_MS ? [{ index, ...round }] : []))
    const worst = slow.toSorted((a, b) => b.totalMs - a.totalMs).slice(0, OUTLIERS_SHOWN)
    raw[backend] = { totalMs: measured.map(({ totalMs }) => totalMs), slow }
    rows.push([
      backend,
      `${sorted.length}`,
      ms(quantile(sorted, 0.5)),
      ms(quantile(sorted, 0.99)),
      ms(sorted.at(-1) ?? Number.NaN),
      `${sorted.filter((value) => value > 250).length}`,
      worst.map(({ index, totalMs, voteMs }) => `#${index}: ${ms(totalMs)}, vote ${ms(voteMs)}`).join('; ') || 'none',
      'p99 ≤ 50 ms, none over 250 ms',
    ])
  }
  const head = [
    'queues on',
    'holds',
    'p50 ms',
    'p99 ms',
    'most ms',
    'over 250 ms',
    `worst over ${OUTLIER_MS} ms`,
    'to reach',
  ]
  return { title: TITLE, markdown: table(head, rows), raw }
}

async function onBackend(data: string, redis: string | null, count: number): Promise<readonly Round[]> {
  await using stack = new AsyncDisposableStack()
  const redisUrl = redis === null ? null : await startRedis(redis, stack)
  const tree = stack.use(await startHoldpoint(data, 1, redisUrl === null ? {} : { HOLDPOINT_REDIS_URL: redisUrl }))
  const holds = await votersHolds(tree, redisUrl, stack)
  await makeTable(tree.upstream)
  const clients = await Promise.all(Array.from({ length: WAITING }, () => connected(tree.url, stack)))
  const rounds: Round[] = []
  while (rounds.length < WARMING + count) {
    const waiting = await Promise.all(clients.map(held))
    await sleep(SETTLING_MS)
    for (const one of waiting) {
      rounds.push(await resumed(one, holds))
      await sleep(BETWEEN_MS)
    }
  }
  return rounds.slice(WARMING)
}

async function connected(url: string, stack: AsyncDisposableStack): Promise<pg.Client> {
  const client = new pg.Client(url)
  await client.connect()
  stack.defer(() => client.end())
  return client
}

interface Waiting {
  readonly id: string
  readonly result: Promise<unknown>
}

async function held(client: pg.Client): Promise<Waiting> {
  const told = Promise.withResolvers<string>()
  client.once('notice', ({ detail = '' }) => told.resolve(/hold_[\w-]{22}/.exec(detail)?.[0] ?? ''))
  const result = client.query('UPDATE resumed SET times = times + 1')
  return {
    id: await Promise.race([told.promise, result.then(() => Promise.reject(new Error('it was not held')))]),
    result,
  }
}

async function resumed({ id, result }: Waiting, holds: KeptHolds): Promise<Round> {
  const start = performance.now()
  const vote = holds.vote(id, VOTER, { choice: 'approve', reason: null, via: 'console' }).then(() => performance.now())
  await result
  const totalMs = performance.now() - start
  return { totalMs, voteMs: (await vote) - start }
}

/** The state as the bot has it, in this process. */
async function votersHolds(
  tree: HoldpointTree,
  redisUrl: string | null,
  stack: AsyncDisposableStack,
): Promise<KeptHolds> {
  const { state } = JSON.parse(readFileSync(join(tree.data, 'config.json'), 'utf8')) as { state: { url: string } }
  const log = { warn: () => undefined, error: () => undefined }
  const pool = openState(state.url)
  stack.defer(() => pool.end())
  const queues = createQueues({ url: state.url, ...(redisUrl === null ? {} : { redisUrl }) }, log)
  stack.defer(() => queues.close())
  await createDirectory(pool).upsert({ ...VOTER, name: 'reviewer', kind: 'human', groups: ['dba'] })
  return stack.use(createHolds({ pool, queues, pendingMax: 10_000, log }))
}

async function makeTable(upstream: string): Promise<void> {
  const client = new pg.Client(upstream)
  await client.connect()
  await client.query('CREATE TABLE resumed (times int); INSERT INTO resumed VALUES (0); GRANT ALL ON resumed TO PUBLIC')
  await client.end()
}

async function startRedis(program: string, stack: AsyncDisposableStack): Promise<string> {
  const port = await freePort()
  const child = spawn(program, ['--port', `${port}`, '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'], {
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  stack.defer(() => ended(child))
  await new Promise<void>((resolve, reject) => {
    child.once('exit', () => reject(new Error('redis-server ended at once')))
    child.stdout.on('data', (said: Buffer) => said.includes('eady to accept connections') && resolve())
  })
  return `redis://127.0.0.1:${port}`
}

function ended(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    child.once('exit', () => resolve())
    child.kill('SIGKILL')
  })
}
