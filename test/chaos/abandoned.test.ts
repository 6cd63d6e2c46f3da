import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { StruckTree, type Victim } from './struck-tree.ts'

/** A client that waits, and is lost together with the process or the database that could have said so. */
const PATIENCE = { timeout: 30_000, interval: 50 }
const ABANDONED_AFTER_MS = 2_000

describe.each<Victim>(['a proxy process', 'PostgreSQL'])('after kill -9 of %s', (victim) => {
  let tree: StruckTree
  beforeAll(async () => {
    tree = await StruckTree.start(victim, { HOLDPOINT_HOLDS_ABANDONED_AFTER_MS: String(ABANDONED_AFTER_MS) })
  }, 180_000)
  afterAll(() => tree?.[Symbol.asyncDispose]())

  async function held(statement: string): Promise<string> {
    const client = await tree.connect('ana')
    client.query(statement).catch(() => undefined)
    return tree.pendingHold(statement)
  }

  async function expectAbandoned(hold: string): Promise<void> {
    await vi.waitFor(async () => expect((await tree.hold(hold)).status).toBe('abandoned'), PATIENCE)
    await vi.waitFor(() => {
      expect(tree.records('hold.settled').filter(({ body }) => body.hold === hold)).toContainEqual(
        expect.objectContaining({ body: expect.objectContaining({ status: 'abandoned' }) }),
      )
    }, PATIENCE)
    expect(tree.records('statement.intended').filter(({ body }) => body.hold === hold)).toEqual([])
  }

  test('a hold that waited is abandoned, and was not for as long as its client was there', async () => {
    const hold = await held('UPDATE products SET in_stock = in_stock + 1')
    const state = await tree.state()
    await vi.waitFor(async () => {
      const { rows } = await state.query(
        `SELECT FROM hold_waited JOIN hold ON id = hold
         WHERE id = $1 AND waited_at > created_at + make_interval(secs => $2::float8 / 1000)`,
        [hold, 2 * ABANDONED_AFTER_MS],
      )
      expect(rows).toHaveLength(1)
    }, PATIENCE)
    await state.end()
    expect((await tree.hold(hold)).status).toBe('pending')
    await tree.strike()
    await expectAbandoned(hold)
    expect((await tree.approve(hold)).status).toBe(409)
  }, 120_000)

  if (victim !== 'a proxy process') return

  test('a statement that waited for a lock does not run once the lock is free', async () => {
    const other = await tree.direct()
    const price = async () => (await other.query('SELECT price_cents FROM products WHERE id = 1')).rows[0].price_cents
    const before = await price()
    await other.query('BEGIN; SELECT FROM products WHERE id = 1 FOR UPDATE')
    const client = await tree.connect('ana')
    client.query('UPDATE products SET price_cents = price_cents + 1 WHERE id = 1').catch(() => undefined)
    const waiting = () => tree.select("SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock'")
    await vi.waitFor(async () => expect(await waiting()).toHaveLength(1), PATIENCE)
    await tree.strike()
    await vi.waitFor(async () => expect(await waiting()).toEqual([]), PATIENCE)
    await other.query('COMMIT')
    expect(await price()).toBe(before)
    await other.end()
  }, 120_000)

  test('so is one that was approved and not yet taken', async () => {
    const hold = await held('UPDATE products SET in_stock = in_stock + 2')
    tree.freezeProxy()
    expect((await tree.approve(hold)).status).toBe(200)
    await tree.strike()
    await expectAbandoned(hold)
  }, 120_000)

  test('a proxy that was only silent tells its client', async () => {
    const statement = 'UPDATE products SET in_stock = in_stock + 3'
    const client = await tree.connect('ana')
    const refused = expect(client.query(statement)).rejects.toMatchObject({ code: 'YH003' })
    const hold = await tree.pendingHold(statement)
    tree.freezeProxy()
    await expectAbandoned(hold)
    tree.thaw()
    await refused
    await expect(client.query('SELECT 1')).resolves.toMatchObject({ rowCount: 1 })
    await client.end()
  }, 120_000)
})
