import type pg from 'pg'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { freshRedis, type TestRedis } from '../harness/redis.ts'
import { StruckTree } from './struck-tree.ts'

/**
 * Two hundred statements are held, half of them by connections that wait and half to be sent again, while Slack cannot
 * be reached at all. People answer them one after the other, and between their answers everything is struck in turn:
 * a proxy, Redis with all it kept, PostgreSQL, and the main process. In the end each hold is what its people chose, and
 * the table says how often each statement has run.
 */
const HALF = 100
const PATIENCE = { timeout: 60_000, interval: 100 }

let tree: StruckTree
let redis: TestRedis | null
const waiting: pg.Client[] = []
beforeAll(async () => {
  redis = await freshRedis()
  tree = await StruckTree.start('the main process', {
    ...(redis === null ? {} : { HOLDPOINT_REDIS_URL: redis.url }),
    HOLDPOINT_HOLDS_ABANDONED_AFTER_MS: '3000',
    HOLDPOINT_SLACK_BOT_TOKEN: 'xoxb-nobody',
    HOLDPOINT_SLACK_SIGNING_SECRET: 'nothing',
    HOLDPOINT_SLACK_CHANNEL: 'C0123456789',
    HOLDPOINT_SLACK_API_URL: 'http://127.0.0.1:9/api/',
  })
  const direct = await tree.direct()
  await direct.query("CREATE TABLE marks (seen int[] NOT NULL); INSERT INTO marks VALUES ('{}')")
  const { rows } = await direct.query("SELECT 1 FROM pg_roles WHERE rolname = 'shop_app'")
  await direct.query(rows.length === 0 ? 'GRANT ALL ON marks TO PUBLIC' : 'GRANT ALL ON marks TO PUBLIC, shop_app')
  await direct.end()
}, 180_000)
afterAll(async () => {
  for (const client of waiting) await client.end().catch(() => undefined)
  await tree?.[Symbol.asyncDispose]()
  await redis?.[Symbol.asyncDispose]()
})

/** Every row is meant, so it is held; what it leaves behind says which one it was. */
const mark = (number: number): string => `UPDATE marks SET seen = seen || ${number}`
const choiceOf = (number: number): 'approve' | 'reject' | 'leave' =>
  (['approve', 'reject', 'leave'] as const)[number % 3] ?? 'leave'

async function runs(): Promise<ReadonlyMap<number, number>> {
  const rows = await tree.select<{ number: number; times: number }>(
    'SELECT number, count(*)::int AS times FROM marks, unnest(seen) AS number GROUP BY number',
  )
  return new Map(rows.map(({ number, times }) => [number, times]))
}

async function holds(): Promise<ReadonlyMap<number, { readonly id: string; readonly status: string }>> {
  const state = await tree.state()
  const { rows } = await state.query<{ id: string; status: string; statement: string }>(
    "SELECT id, status, request->>'statement' AS statement FROM hold ORDER BY created_at",
  )
  await state.end()
  return new Map(rows.map(({ id, status, statement }) => [Number(/\|\| (\d+)$/.exec(statement)?.[1]), { id, status }]))
}

async function toldThroughSlack(ids: readonly string[]): Promise<unknown> {
  const state = await tree.state()
  const { rows } = await state.query(
    `SELECT count(sent_at)::int AS told, count(DISTINCT hold)::int AS holds FROM outbox
     WHERE delivery = 'slack' AND hold = ANY($1)`,
    [ids],
  )
  await state.end()
  return rows[0]
}

/** Until it is counted, however often nobody answers. */
async function answer(number: number, id: string): Promise<void> {
  const choice = choiceOf(number)
  if (choice === 'leave') return
  await vi.waitFor(async () => {
    const { status } = await (choice === 'approve' ? tree.approve(id) : tree.reject(id))
    expect([200, 409]).toContain(status)
  }, PATIENCE)
}

test('every hold ends as its people chose, and none runs twice or unasked', { timeout: 300_000 }, async () => {
  const asking = await tree.connect('ana', '-c holdpoint.on_hold=error')
  for (let number = 0; number < HALF; number++)
    await expect(asking.query(mark(number))).rejects.toMatchObject({ code: 'YH001' })
  await asking.end()
  const results: Promise<unknown>[] = []
  for (let number = HALF; number < 2 * HALF; number++) {
    const client = await tree.connect('ana')
    waiting.push(client)
    results.push(client.query(mark(number)).catch((error: unknown) => error))
  }
  await vi.waitFor(async () => expect((await holds()).size).toBe(2 * HALF), PATIENCE)
  const all = await holds()
  expect([...all.values()].every(({ status }) => status === 'pending')).toBe(true)
  expect((await runs()).size).toBe(0)
  const idOf = (number: number): string => all.get(number)?.id ?? ''

  // Some of those who wait are answered before anything is struck.
  const early = Array.from({ length: 30 }, (_, n) => HALF + n)
  for (const number of early) await answer(number, idOf(number))
  await vi.waitFor(async () => {
    const ran = await runs()
    expect(early.filter((number) => ran.has(number))).toEqual(early.filter((number) => choiceOf(number) === 'approve'))
  }, PATIENCE)

  const strikes: (() => Promise<void>)[] = [
    () => tree.strike('a proxy process'),
    async () => {
      await redis?.kill()
      await redis?.start()
    },
    () => tree.strike('PostgreSQL'),
    () => tree.strike('the main process'),
  ]
  for (const [turn, strike] of strikes.entries()) {
    const due = Array.from({ length: HALF / strikes.length }, (_, n) => turn * (HALF / strikes.length) + n)
    const answering = (async () => {
      for (const number of due) await answer(number, idOf(number))
    })()
    await strike()
    await answering
  }
  await Promise.allSettled(results)

  // Nobody waits for the others any more, and none of them runs however they are answered now.
  await vi.waitFor(async () => {
    const now = await holds()
    const open = [...now].filter(([number, { status }]) => number >= HALF && ['pending', 'approved'].includes(status))
    expect(open).toEqual([])
  }, PATIENCE)
  for (let number = HALF + 30; number < HALF + 60; number++) {
    const { status } = await tree.approve(idOf(number))
    expect(status).toBe(409)
  }

  const decided = await holds()
  for (let number = 0; number < HALF; number++) {
    const chosen = { approve: 'approved', reject: 'rejected', leave: 'pending' }[choiceOf(number)]
    expect([number, decided.get(number)?.status]).toEqual([number, chosen])
  }
  const again = await tree.connect('ana', '-c holdpoint.on_hold=error')
  for (let round = 0; round < 2; round++)
    for (let number = 0; number < HALF; number++) await again.query(mark(number)).catch(() => undefined)
  await again.end()

  const ran = await runs()
  const expected = [...early, ...Array.from({ length: HALF }, (_, n) => n)].filter(
    (number) => choiceOf(number) === 'approve',
  )
  expect([...ran.keys()].sort((a, b) => a - b)).toEqual(expected.sort((a, b) => a - b))
  expect([...ran.values()].every((times) => times === 1)).toBe(true)
  // Slack was to be told of each, and has been told of none.
  expect(await toldThroughSlack([...all.values()].map(({ id }) => id))).toEqual({ told: 0, holds: 2 * HALF })
  expect(await tree.auditVerify()).toMatchObject({ ok: true, firstBad: null })
})
