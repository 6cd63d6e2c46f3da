import { randomUUID } from 'node:crypto'
import { createPostgresBackend, Queue, type QueueOptions, Worker, type WorkerOptions } from 'bullmq'
import type { Config } from '../../config.ts'
import type { Log } from '../../log.ts'
import { QueueError } from './errors.ts'
import type { Deadline, QueueName, Queues, QueueWorker, WorkOptions } from './queues.ts'
import { connectRedis, createRedisWake, redisAt } from './redis.ts'

/** The row is the record; a job that is done, or failed and was made again from its row, leaves nothing behind. */
const FORGOTTEN = { removeOnComplete: true, removeOnFail: true } as const
const PREFIX = 'holdpoint'
const SCHEMA = 'bullmq'
/**
 * PostgreSQL answers before the jobs are on disk. They are made again from rows, and what a job does twice is done once;
 * but each would be a flush of the log, and four for every hold that is answered, for which votes and runs had to wait.
 */
const UNHURRIED = '-c synchronous_commit=off'
/** Making a job may take this long before whoever waits for it is refused. */
const ADD_MS_MAX = 5_000
/** The first time, the queue's tables are made; on a busy machine that takes seconds. */
const READY_MS_MAX = 60_000
/** A worker looks for work at least this often, even if nobody woke it. In seconds, as BullMQ counts. */
const LOOK_EVERY_S = 1
/** After the backend was away; a worker that is closed waits for as long. Theirs is 15 s. */
const RETRY_MS = 500

/** What is used of BullMQ's classes, whose types differ from backend to backend. */
interface JobQueue {
  addBulk(jobs: ReturnType<typeof job>[]): Promise<unknown>
  remove(id: string): Promise<unknown>
  on(event: 'error', listener: (err: Error) => void): unknown
  waitUntilReady(): Promise<unknown>
  close(): Promise<void>
}
interface JobWorker {
  on(event: 'error', listener: (err: Error) => void): unknown
  on(event: 'failed', listener: (job: unknown, err: Error) => void): unknown
  waitUntilReady(): Promise<unknown>
  close(): Promise<void>
}

interface Backend {
  readonly kind: Queues['backend']
  readonly wake: Queues['wake']
  queue(name: QueueName): JobQueue
  worker(name: QueueName, run: (id: string) => Promise<void>, options: Omit<WorkerOptions, 'connection'>): JobWorker
  close(): Promise<void>
}

/** BullMQ on Redis when there is one, else on the state database, in a schema of its own. */
export function createQueues(state: Config['state'], log: Pick<Log, 'warn'>): Queues {
  const backend = state.redisUrl === undefined ? postgres(state.url) : redis(state.redisUrl, log)
  const open = (name: QueueName): JobQueue => {
    const queue = backend.queue(name)
    queue.on('error', (err: Error) => log.warn({ err, queue: name }, 'the queue does not answer'))
    return queue
  }
  const holds = open('holds')
  const notices = open('notices')
  const runs = open('runs')

  return {
    backend: backend.kind,
    wake: backend.wake,
    async scheduleExpiry(deadlines) {
      const jobs = deadlines.map((deadline) => job(deadline.hold, expiryJobId(deadline), deadline.inMs))
      if (jobs.length > 0) await inTime(holds.addBulk(jobs))
    },
    async cancelExpiry(jobs) {
      // A job that a worker has taken cannot be removed; it finds that the row has moved on.
      await inTime(Promise.allSettled(jobs.map((one) => holds.remove(expiryJobId(one)))))
    },
    async announce(announcements) {
      const jobs = announcements.map(({ notice, inMs }) => job(notice, noticeJobId(notice, inMs), inMs))
      if (jobs.length > 0) await inTime(notices.addBulk(jobs))
    },
    async startRuns(ids) {
      if (ids.length > 0) await inTime(runs.addBulk(ids.map((id) => job(id, id, 0))))
    },
    work: (name, options) => work(backend, name, options, log),
    async ready() {
      await inTime(Promise.all([holds, notices, runs].map((queue) => queue.waitUntilReady())), READY_MS_MAX)
    },
    async close() {
      await Promise.allSettled([holds, notices, runs].map((queue) => queue.close()))
      await backend.close()
    },
  }
}

function job(id: string, jobId: string, inMs: number) {
  return { name: 'row', data: { id }, opts: { jobId, delay: Math.max(0, inMs), ...FORGOTTEN } }
}

function expiryJobId({ hold, of }: Pick<Deadline, 'hold' | 'of'>): string {
  return of === 'hold' ? hold : `${hold}-${of}`
}

/** Announced twice at once, a notice is one job; a later try is another, since the job that asks for it still runs. */
function noticeJobId(notice: string, inMs: number): string {
  return inMs === 0 ? `notice-${notice}` : `notice-${notice}-${randomUUID()}`
}

function work(
  backend: Backend,
  name: QueueName,
  { concurrency, run }: WorkOptions,
  log: Pick<Log, 'warn'>,
): QueueWorker {
  const looking = { drainDelay: LOOK_EVERY_S, runRetryDelay: RETRY_MS }
  const worker = backend.worker(name, run, { concurrency, ...looking, ...workerRetention })
  worker.on('error', (err: Error) => log.warn({ err, queue: name }, 'a worker cannot reach its queue'))
  worker.on('failed', (_job: unknown, err: Error) => log.warn({ err, queue: name }, 'a job failed; its row is kept'))
  return {
    async ready() {
      await worker.waitUntilReady()
    },
    close: () => worker.close(),
  }
}

const workerRetention = { removeOnComplete: { count: 0 }, removeOnFail: { count: 0 } } as const

function postgres(url: string): Backend {
  const connection = { connectionString: url, schema: SCHEMA, migrate: true, max: 4, options: UNHURRIED }
  const options = { connection: { ...connection, connectionTimeoutMillis: ADD_MS_MAX } }
  return {
    kind: 'postgres',
    wake: null,
    queue: (name) => new Queue(name, options, createPostgresBackend),
    worker: (name, run, more) =>
      new Worker(name, ({ data }) => run((data as { id: string }).id), { ...options, ...more }, createPostgresBackend),
    close: () => Promise.resolve(),
  }
}

function redis(url: string, log: Pick<Log, 'warn'>): Backend {
  const address = redisAt(url)
  const producer = connectRedis(address, 'producer', log)
  const consumer = connectRedis(address, 'worker', log)
  // A cluster keeps the keys of one queue together only when it is told by what.
  const prefix = address.kind === 'cluster' ? `{${PREFIX}}` : PREFIX
  const options: QueueOptions = { connection: producer, prefix }
  return {
    kind: 'redis',
    wake: createRedisWake(address, producer, log),
    queue: (name) => new Queue(name, options),
    worker: (name, run, more) =>
      new Worker(name, ({ data }) => run((data as { id: string }).id), {
        connection: consumer,
        prefix,
        ...more,
      }),
    async close() {
      producer.disconnect()
      consumer.disconnect()
    },
  }
}

/** @throws QueueError when the backend does not answer */
async function inTime<T>(work: Promise<T>, msMax = ADD_MS_MAX): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(() => reject(new QueueError('The queue does not answer')), msMax)
  try {
    return await Promise.race([work, late])
  } catch (cause) {
    throw cause instanceof QueueError ? cause : new QueueError('The queue does not answer', { cause })
  } finally {
    clearTimeout(timer)
  }
}
