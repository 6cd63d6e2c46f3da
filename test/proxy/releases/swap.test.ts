import type pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { CompiledPolicy } from '../../../policies/compile.ts'
import { putInForce } from '../../harness/release-in-force.ts'
import { type DoorsStand, openDoorsStand } from '../doors/doors-stand.ts'
import { judgedBy, policiesWith, RELEASED, recordsOf } from './put-in-force.ts'

/** Many clients at work while one release takes the place of another, again and again. */
let stand: DoorsStand
let old: CompiledPolicy
let young: CompiledPolicy
const CLIENTS = 100

beforeAll(async () => {
  stand = await openDoorsStand(RELEASED)
  old = await policiesWith({})
  young = await policiesWith({ 'data/more.yaml': 'more: true\n' })
  await putInForce(stand.workflows.pool, old)
  await judgedBy(stand, old)
}, 240_000)
afterAll(() => stand[Symbol.asyncDispose]())

async function connected(): Promise<readonly pg.Client[]> {
  const clients: pg.Client[] = []
  // A few at a time: the server has to fork for each.
  for (let from = 0; from < CLIENTS; from += 10)
    clients.push(...(await Promise.all(Array.from({ length: 10 }, () => stand.wire('ana')))))
  return clients
}

test('a hundred clients see no error, and each session is judged by the old one, then by the new one', async () => {
  const clients = await connected()
  const counts = clients.map(() => 0)
  const failures: unknown[] = []
  let stop = false
  const working = clients.map(async (client, index) => {
    while (!stop) {
      // Remembered statements and new ones.
      const sql = `SELECT id, name FROM products WHERE id = ${counts[index] ?? 0} /* ${index} */`
      await client
        .query((counts[index] ?? 0) % 2 === 0 ? 'SELECT id FROM orders LIMIT 1' : sql)
        .catch((error: unknown) => {
          failures.push(error)
          stop = true
        })
      counts[index] = (counts[index] ?? 0) + 1
    }
  })
  const more = async (): Promise<void> => {
    const from = [...counts]
    const busy = (): boolean => failures.length > 0 || counts.every((count, index) => count >= (from[index] ?? 0) + 4)
    await expect.poll(busy, { timeout: 120_000 }).toBe(true)
  }
  try {
    await more()
    await putInForce(stand.workflows.pool, young)
    await judgedBy(stand, young)
    await more()
  } finally {
    stop = true
    await Promise.all(working)
    await Promise.all(clients.map((client) => client.end()))
  }
  expect(failures).toEqual([])

  const sessions = Map.groupBy(
    recordsOf(stand).filter(({ event }) => event === 'statement.intended'),
    ({ body }) => body.session,
  )
  expect(sessions.size).toBe(CLIENTS)
  for (const records of sessions.values()) {
    const digests = records.map(({ body }) => (body.judgement as { policy: string }).policy)
    const swapped = digests.indexOf(young.digest)
    expect(swapped).toBeGreaterThan(0)
    expect(new Set(digests.slice(0, swapped))).toEqual(new Set([old.digest]))
    expect(new Set(digests.slice(swapped))).toEqual(new Set([young.digest]))
  }
}, 480_000)
