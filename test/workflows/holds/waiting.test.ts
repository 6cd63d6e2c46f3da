import { getEventListeners } from 'node:events'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createHolds } from '../../../workflows/holds/holds.ts'
import { Waiting } from '../../../workflows/holds/waiting.ts'
import type { Wake } from '../../../workflows/holds/wake.ts'
import { approve, idleQueues, openStage, reject, request, type Stage, testLog } from '../stage.ts'

const never = new AbortController().signal

let stage: Stage
beforeAll(async () => {
  stage = await openStage({ pollMs: 3_600_000 })
})
afterAll(() => stage[Symbol.asyncDispose]())

/** Once a waiter exists, the process is seen listening by the database itself. */
async function listening(): Promise<void> {
  for (;;) {
    const { rows } = await stage.pool.query(
      "SELECT FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'holdpoint listener' AND query LIKE 'LISTEN%'",
    )
    if (rows.length > 0) return
  }
}

describe('woken by NOTIFY alone', () => {
  test.each([
    { how: 'approval', settle: (id: string) => approve(stage, id, 'ben'), status: 'approved' },
    { how: 'rejection', settle: (id: string) => reject(stage, id, 'ben'), status: 'rejected' },
    { how: 'withdrawal', settle: (id: string) => stage.holds.withdraw(id), status: 'withdrawn' },
  ])('hears of $how', async ({ settle, status }) => {
    const { id } = await stage.holds.create(request({ mode: 'wait' }))
    const settled = stage.holds.settled(id, never)
    await listening()
    await settle(id)
    await expect(settled).resolves.toMatchObject({ id, status })
  })

  test('listens again after its connection was cut', async () => {
    const { id } = await stage.holds.create(request({ mode: 'wait' }))
    const settled = stage.holds.settled(id, never)
    await listening()
    await stage.pool.query(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'holdpoint listener' AND datname = current_database()",
    )
    await approve(stage, id, 'ben')
    await expect(settled).resolves.toMatchObject({ status: 'approved' })
    expect(stage.log.said).toContainEqual(expect.stringContaining('listening connection'))
  })

  test('two thousand waiting clients cost one listener', async () => {
    const { id } = await stage.holds.create(request({ mode: 'wait' }))
    const all = Array.from({ length: 2_000 }, () => stage.holds.settled(id, never))
    await listening()
    const { rows } = await stage.pool.query(
      "SELECT FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'holdpoint listener'",
    )
    expect(rows).toHaveLength(1)
    await approve(stage, id, 'ben')
    expect(new Set((await Promise.all(all)).map(({ status }) => status))).toEqual(new Set(['approved']))
  })
})

describe('woken by nobody', () => {
  const deaf = (): Waiting =>
    new Waiting({
      pool: stage.pool,
      wakes: [],
      now: stage.now,
      log: stage.log,
      expire: async (id) => void (await stage.holds.expire(id)),
      pollMs: 20,
    })

  test('reads its row', async () => {
    await using waiting = deaf()
    const { id } = await stage.holds.create(request())
    const settled = waiting.settled(id, never)
    await approve(stage, id, 'ben')
    await expect(settled).resolves.toMatchObject({ status: 'approved' })
  })

  test('ends what has expired although no job did', async () => {
    await using waiting = deaf()
    const { id } = await stage.holds.create(request({ expiryMs: 1_000 }))
    const settled = waiting.settled(id, never)
    stage.clock.ms += 1_000
    await expect(settled).resolves.toMatchObject({ status: 'expired' })
  })
})

test('answers at once for a hold that has settled', async () => {
  const { id } = await stage.holds.create(request())
  await reject(stage, id, 'ben')
  await expect(stage.holds.settled(id, never)).resolves.toMatchObject({ status: 'rejected' })
})

test('refuses to wait for a hold that is not there', async () => {
  await expect(stage.holds.settled('hold_none', never)).rejects.toMatchObject({ code: 'not_found' })
})

test('stops waiting when told to, with the reason given, and leaves the hold alone', async () => {
  const { id } = await stage.holds.create(request())
  const cancel = new AbortController()
  const settled = stage.holds.settled(id, cancel.signal)
  const reason = new Error('cancelled')
  cancel.abort(reason)
  await expect(settled).rejects.toBe(reason)
  await expect(stage.holds.settled(id, cancel.signal)).rejects.toBe(reason)
  expect((await stage.holds.find(id))?.status).toBe('pending')
})

test('tells who waits when the process ends', async () => {
  const holds = createHolds({ pool: stage.pool, queues: idleQueues, pendingMax: 10, now: stage.now, log: testLog() })
  const { id } = await stage.holds.create(request())
  const settled = holds.settled(id, never)
  const refused = expect(settled).rejects.toMatchObject({ code: 'shutting_down' })
  await holds[Symbol.asyncDispose]()
  await refused
})

test('tells who waits when the state database stays away', async () => {
  const gone = { query: () => Promise.reject(new Error('gone')) } as unknown as typeof stage.pool
  const wake: Wake = {
    listens: true,
    listen: () => undefined,
    publish: async () => undefined,
    close: async () => undefined,
  }
  const waiting = new Waiting({
    pool: gone,
    wakes: [wake],
    now: stage.now,
    log: testLog(),
    expire: async () => undefined,
    pollMs: 1,
  })
  await expect(waiting.settled('hold_x', never)).rejects.toMatchObject({ code: 'unreachable' })
  await waiting[Symbol.asyncDispose]()
})

test('does not keep abort listeners of clients that were answered', async () => {
  const { id } = await stage.holds.create(request())
  await reject(stage, id, 'ben')
  const controller = new AbortController()
  await stage.holds.settled(id, controller.signal)
  expect(getEventListeners(controller.signal, 'abort')).toHaveLength(0)
})
