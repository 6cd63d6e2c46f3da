import { Queue } from 'bullmq'
import { Redis } from 'ioredis'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import type { Hold } from '../../../workflows/holds/hold.ts'
import { createHolds, type KeptHolds } from '../../../workflows/holds/holds.ts'
import type { NoticeDelivery } from '../../../workflows/outbox/delivery.ts'
import { createQueues } from '../../../workflows/queues/create-queues.ts'
import type { Queues } from '../../../workflows/queues/queues.ts'
import { connectRedis, redisAt } from '../../../workflows/queues/redis.ts'
import { startWorkers, type Workers, type WorkersOptions } from '../../../workflows/queues/workers.ts'
import { freshCluster, freshRedis, freshSentinel, type TestRedis } from '../../harness/redis.ts'
import { approve, openStage, request, type Stage, testLog } from '../stage.ts'

/** Everything BullMQ runs on: the state database, and Redis in each of its forms where the machine has it. */
const redis = await freshRedis()
const sentinel = await freshSentinel()
const cluster = await freshCluster()
const redises = {
  redis: redis === null ? null : { url: redis.url, nodes: [redis.url] },
  sentinel,
  cluster,
} as const
afterAll(async () => {
  for (const one of [sentinel, cluster, redis]) await one?.[Symbol.asyncDispose]()
})
type BackendName = 'postgres' | keyof typeof redises

const never = new AbortController().signal
const soon = { timeout: 15_000, interval: 10 }

describe.each(['postgres', 'redis', 'sentinel', 'cluster'] as const)('on %s', (backend) => {
  describe.skipIf(backend !== 'postgres' && redises[backend] === null)('BullMQ', () => {
    let stage: Stage
    let queues: Queues
    let holds: KeptHolds
    let workers: Workers | null
    let delivered: string[]

    beforeAll(async () => {
      stage = await openStage()
      const redisUrl = backend === 'postgres' ? {} : { redisUrl: redises[backend]?.url ?? '' }
      queues = createQueues({ url: stage.url, ...redisUrl }, testLog())
      await queues.ready()
      holds = createHolds({
        pool: stage.pool,
        queues,
        pendingMax: 100,
        now: Date.now,
        log: stage.log,
        pollMs: 3_600_000,
      })
    })
    afterAll(async () => {
      await holds[Symbol.asyncDispose]()
      await queues.close()
      await stage[Symbol.asyncDispose]()
    })
    beforeEach(() => {
      delivered = []
      workers = null
    })
    afterEach(() => workers?.close())

    const inbox: NoticeDelivery = {
      name: 'inbox',
      deliver: async (hold, reason, key) =>
        void delivered.push(`${hold.id} ${reason} ${hold.status} ${key.split('-')[0]}`),
    }
    const start = async (changes: Partial<WorkersOptions> = {}): Promise<void> => {
      workers = await startWorkers({ pool: stage.pool, queues, holds, deliver: [inbox], log: stage.log, ...changes })
    }
    const statusOf = async (id: string) => (await holds.find(id))?.status

    test('says which backend it is on', () => {
      expect(queues.backend).toBe(backend === 'postgres' ? backend : 'redis')
    })

    test('expires a hold by its job, and wakes who waits', async () => {
      await start()
      const { id } = await holds.create(request({ mode: 'wait', expiryMs: 1_000 }))
      await expect(holds.settled(id, never)).resolves.toMatchObject({ status: 'expired' })
    })

    test('expires a grant by its job', async () => {
      await start()
      const asked = request()
      const { id } = await holds.create({ ...asked, decision: { ...asked.decision, grantMs: 1_000 } })
      await approve({ holds }, id, 'ben')
      await vi.waitFor(async () => expect(await statusOf(id)).toBe('expired'), soon)
    })

    test('delivers each change once, in order', async () => {
      await start()
      const { id } = await holds.create(request())
      // An earlier test's hold may still be told about.
      const told = () => delivered.filter((line) => line.startsWith(id)).map((line) => line.slice(id.length + 1))
      await vi.waitFor(() => expect(told()).toEqual(['created pending inbox']), soon)
      await approve({ holds }, id, 'ben')
      await vi.waitFor(() => expect(told()[1]).toBe('settled approved inbox'), soon)
      await holds.take(id)
      await holds.complete(id, { ok: true, tag: 'DELETE 1', durationMs: 1 })
      await vi.waitFor(() => expect(told().at(-1)).toBe('completed executed inbox'), soon)
      expect(told().map((line) => line.split(' ')[0])).toEqual(['created', 'settled', 'settled', 'completed'])
    })

    test('keeps ids in its jobs and nothing else', async () => {
      const asked = request({ statement: 'DELETE FROM canary_table', parameters: ['canary_value'] })
      await holds.create(asked)
      expect(await everything(stage, backend)).not.toMatch(/canary|DELETE|sub-ana/)
    })

    test('drops the job of a hold that was decided', async () => {
      const { id } = await holds.create(request())
      expect(await everything(stage, backend)).toContain(id)
      await holds.withdraw(id)
      await vi.waitFor(async () => expect(await everything(stage, backend)).not.toContain(id), soon)
    })

    test('makes jobs again from rows when the queue has lost them all', async () => {
      const { id } = await holds.create(request({ expiryMs: 1_500 }))
      await wipe(stage, backend)
      await start()
      await vi.waitFor(() => expect(delivered).toContainEqual(expect.stringContaining(id)), soon)
      await vi.waitFor(async () => expect(await statusOf(id)).toBe('expired'), soon)
    })

    test('makes one job of a hold however often it is asked to', async () => {
      const { id } = await holds.create(request())
      for (let n = 0; n < 3; n++) await queues.scheduleExpiry([{ hold: id, of: 'hold', inMs: 900_000 }])
      expect(await jobs(stage, backend, id)).toBe(1)
      await holds.withdraw(id)
    })

    test('runs a job of a hold that has moved on to no effect', async () => {
      await start()
      const { id } = await holds.create(request())
      await queues.cancelExpiry([{ hold: id, of: 'hold' }])
      await queues.scheduleExpiry([{ hold: id, of: 'hold', inMs: 0 }])
      await vi.waitFor(async () => expect(await jobs(stage, backend, id)).toBe(0), soon)
      expect(await statusOf(id)).toBe('pending')
    })
  })
})

describe.skipIf(redis === null)('a Redis that is gone', () => {
  test('refuses new holds, and loses none of the old ones', { timeout: 60_000 }, async () => {
    await using own = (await freshRedis()) as TestRedis
    await using stage = await openStage()
    const log = testLog()
    const queues = createQueues({ url: stage.url, redisUrl: own.url }, log)
    await using holds = createHolds({ pool: stage.pool, queues, pendingMax: 100, log })
    const old = await holds.create(request())
    await own.kill()
    await expect(holds.create(request())).rejects.toMatchObject({ code: 'queue_unreachable' })
    // Who answers is not refused: the vote is in the row, and the waiting client reads it or hears NOTIFY.
    const settled = holds.settled(old.id, never)
    await approve({ holds }, old.id, 'ben')
    await expect(settled).resolves.toMatchObject({ status: 'approved' })
    await own.start()
    const delivered: string[] = []
    const deliver = async (hold: Hold): Promise<void> => void delivered.push(hold.id)
    const workers = await startWorkers({ pool: stage.pool, queues, holds, deliver: [{ name: 'late', deliver }], log })
    const fresh = await holds.create(request())
    await vi.waitFor(() => expect(delivered).toContain(fresh.id), soon)
    await workers.close()
    await queues.close()
  })
})

async function everything(stage: Stage, backend: BackendName): Promise<string> {
  if (backend === 'postgres') {
    const { rows } = await stage.pool.query('SELECT job::text FROM bullmq.job')
    return JSON.stringify(rows)
  }
  const dumps = await onNodes(backend, async (client) => {
    const keys = await client.keys('*')
    const dumped = keys.map(async (key) =>
      key.endsWith(':events') || (await client.type(key)) !== 'hash'
        ? key
        : `${key} ${JSON.stringify(await client.hgetall(key))}`,
    )
    return (await Promise.all(dumped)).join('\n')
  })
  return dumps.join('\n')
}

async function jobs(stage: Stage, backend: BackendName, id: string): Promise<number> {
  const connection = { connectionString: stage.url, schema: 'bullmq' }
  const { createPostgresBackend } = await import('bullmq')
  if (backend === 'postgres') {
    const queue = new Queue('holds', { connection }, createPostgresBackend)
    return counted(queue, id)
  }
  const client = connectRedis(redisAt(redises[backend]?.url ?? ''), 'producer', testLog())
  const prefix = backend === 'cluster' ? '{holdpoint}' : 'holdpoint'
  const found = await counted(new Queue('holds', { connection: client, prefix }), id)
  client.disconnect()
  return found
}

async function counted(
  queue: { getJobs(): Promise<{ id?: string | undefined }[]>; close(): Promise<void> },
  id: string,
) {
  const all = await queue.getJobs()
  await queue.close()
  return all.filter((job) => job.id?.startsWith(id)).length
}

async function wipe(stage: Stage, backend: BackendName): Promise<void> {
  if (backend === 'postgres') await stage.pool.query('DELETE FROM bullmq.job')
  else await onNodes(backend, (client) => client.flushall())
}

/** On each server that keeps keys. */
async function onNodes<T>(backend: keyof typeof redises, work: (client: Redis) => Promise<T>): Promise<readonly T[]> {
  return Promise.all(
    (redises[backend]?.nodes ?? []).map(async (url) => {
      const client = new Redis(url)
      try {
        return await work(client)
      } finally {
        client.disconnect()
      }
    }),
  )
}
