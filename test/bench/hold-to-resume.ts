import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { freePort } from '../../workflows/development/free-port.ts'
import { startHoldpoint } from './contestants.ts'
import type { BenchOptions, Section } from './figures.ts'
import { findProgram } from './programs.ts'
import { type Measured, type Round, resumeTable } from './resume-table.ts'
import { now, type Place, startPlace } from './vote-places.ts'

const TITLE = 'Hold to resume: from a vote’s arrival to its result at the client'
/** Not counted: what has just started compiles as it goes. */
const WARMING = 100
/** So many clients wait; one is answered after the other, each when the one before it has its result. */
const WAITING = 50
/** What the making of their holds left to do is done by then: nobody answers within less. */
const SETTLING_MS = 250
/** A vote seldom comes in the moment in which another one's jobs are made. */
const BETWEEN_MS = 10

export interface ResumeOptions extends Pick<BenchOptions, 'folder' | 'say'> {
  readonly holds: number
  readonly queues: readonly string[]
  /** Whether the vote arrives where the client waits (`one`), or in another process (`two`). */
  readonly processes: readonly string[]
  /** Each measurement ends after so long, with fewer holds: several can be merged (merge-holds.ts). */
  readonly secondsMax: number
}

/** One is answered at a time, so that nothing queues behind anything; the statement changes one row. */
export async function holdToResume(options: ResumeOptions): Promise<Section> {
  const { folder, queues, processes, say } = options
  const redis = findProgram('redis-server')
  const measured: Measured[] = []
  for (const backend of ['PostgreSQL', 'Redis'] as const)
    for (const place of ['one', 'two'] as const) {
      if (!queues.includes(backend) || !processes.includes(place) || (backend === 'Redis' && redis === null)) continue
      say(`hold to resume: queues on ${backend}, ${place === 'one' ? 'one process' : 'two processes'}`)
      const data = join(folder, `holds-${backend}-${place}`)
      const rounds = await measure({ ...options, data, redis: backend === 'Redis' ? redis : null, place })
      measured.push({ backend, place, rounds })
    }
  return { title: TITLE, markdown: resumeTable(measured), raw: measured }
}

interface MeasureOptions extends ResumeOptions {
  readonly data: string
  readonly redis: string | null
  readonly place: Place
}

async function measure({ data, redis, place, holds, secondsMax }: MeasureOptions): Promise<readonly Round[]> {
  await using stack = new AsyncDisposableStack()
  const redisUrl = redis === null ? null : await startRedis(redis, stack)
  const tree = stack.use(await startHoldpoint(data, 1, redisUrl === null ? {} : { HOLDPOINT_REDIS_URL: redisUrl }))
  const { url, vote } = stack.use(await startPlace(place, tree))
  await makeTable(tree.upstream)
  const clients = await Promise.all(Array.from({ length: WAITING }, () => connected(url, stack)))
  const end = performance.now() + secondsMax * 1_000
  const rounds: Round[] = []
  while (rounds.length < WARMING + holds && performance.now() < end) {
    const waiting = await Promise.all(clients.map(held))
    await sleep(SETTLING_MS)
    for (const { id, result } of waiting) {
      const ended = result.then(now)
      const { arrived, voted } = await vote(id)
      rounds.push({ totalMs: (await ended) - arrived, voteMs: voted - arrived })
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
