import type pg from 'pg'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { StruckTree, type Victim } from './struck-tree.ts'

/**
 * `kill -9` at every point of a statement's way. Each test brings the tree to a point that is observed, not slept for,
 * strikes, and then asks the database itself what has run: nothing without a record, nothing without an approval,
 * nothing twice, and the trail unbroken.
 */
const PATIENCE = { timeout: 30_000, interval: 25 }
const STORMERS = 4

describe.each<Victim>(['the main process', 'a proxy process', 'PostgreSQL'])('kill -9 of %s', (victim) => {
  let tree: StruckTree
  beforeAll(async () => {
    tree = await StruckTree.start(victim)
  }, 180_000)
  afterAll(() => tree?.[Symbol.asyncDispose]())

  /** A write that is held, told apart by its amount; how often it has run can be read from the rows. */
  const restock = (amount: number): string => `UPDATE products SET in_stock = in_stock + ${amount}`
  async function stock(): Promise<number> {
    const [row] = await tree.select<{ least: number }>('SELECT min(in_stock)::int AS least FROM products')
    return row?.least ?? Number.NaN
  }

  const intentsOf = (hold: string) => tree.records('statement.intended').filter(({ body }) => body.hold === hold)

  async function expectSound(): Promise<void> {
    expect(await tree.auditVerify()).toMatchObject({ ok: true, firstBad: null })
  }

  /** What nobody approved for this sending of it is asked for anew. */
  async function expectHeldAnew(statement: string, before: string): Promise<void> {
    const { code, detail } = (await tree.ask('ana', statement).catch((error: unknown) => error)) as pg.DatabaseError
    expect(code).toBe('YH001')
    expect((JSON.parse(detail ?? '{}') as { hold: string }).hold).not.toBe(before)
  }

  test('in a storm of statements: what ran is recorded, what was answered has run', async () => {
    const answered: string[] = []
    const enough = Promise.withResolvers<void>()
    const storm = Array.from({ length: STORMERS }, async (_, stormer) => {
      const client = await tree.connect('ana')
      for (let number = 0; ; number++) {
        const name = `storm ${stormer}-${number}`
        await client.query(`INSERT INTO products (name, price_cents) VALUES ('${name}', 1)`)
        answered.push(name)
        if (answered.length === 200) enough.resolve()
      }
    })
    const struck = Promise.allSettled(storm)
    await enough.promise
    await tree.strike()
    for (const { status } of await struck) expect(status).toBe('rejected')

    const intents = tree.records('statement.intended').map(({ body }) => {
      const { text } = body.judgement as { text: string }
      return /'(storm [\d-]+)'/.exec(text)?.[1]
    })
    const ran = (await tree.select<{ name: string }>("SELECT name FROM products WHERE name LIKE 'storm %'")).map(
      ({ name }) => name,
    )
    expect(ran.filter((name) => !intents.includes(name))).toEqual([])
    expect(answered.filter((name) => !ran.includes(name))).toEqual([])
    // Recorded and not run are at most those that were on their way.
    expect(intents.filter((name) => name !== undefined && !ran.includes(name)).length).toBeLessThanOrEqual(STORMERS)
    await expectSound()
  }, 120_000)

  test('while held: it did not run, and an approval that comes later runs nothing', async () => {
    const [statement, before] = [restock(1), await stock()]
    const client = await tree.connect('ana')
    const held = client.query(statement)
    held.catch(() => undefined)
    const hold = await tree.pendingHold(statement)
    await tree.strike()
    await expect(held).rejects.toThrow()
    await tree.approve(hold) // taken or refused: both are fine
    await expectHeldAnew(statement, hold)
    expect(await stock()).toBe(before)
    expect(intentsOf(hold)).toEqual([])
    await expectSound()
  }, 120_000)

  test('right after the approval: it ran once and is recorded, or it never runs', async () => {
    const [statement, before] = [restock(10), await stock()]
    const client = await tree.connect('ana')
    const held = client.query(statement)
    held.catch(() => undefined)
    const hold = await tree.pendingHold(statement)
    tree.freezeProxy() // approved, and the proxy has not heard of it
    expect((await tree.approve(hold)).status).toBe(200)
    await tree.strike()
    await Promise.allSettled([held])
    await expectHeldAnew(statement, hold)
    const { status } = await tree.hold(hold)
    const ran = (await stock()) - before
    expect(ran).toBe(status === 'executed' ? 10 * intentsOf(hold).length : 0)
    expect(ran).toBeLessThanOrEqual(10)
    await expectSound()
  }, 120_000)

  test('while it runs: all or nothing, with its intent, and never again without a new approval', async () => {
    const [statement, before] = [restock(100), await stock()]
    const blocker = await tree.direct()
    await blocker.query('BEGIN; LOCK TABLE products IN SHARE MODE')
    const client = await tree.connect('ana')
    const held = client.query(statement)
    held.catch(() => undefined)
    const hold = await tree.pendingHold(statement)
    await tree.approve(hold)
    const running =
      "SELECT pid FROM pg_stat_activity WHERE query LIKE 'UPDATE products SET in_stock%' AND state = 'active'"
    await vi.waitFor(async () => {
      expect(await tree.select(`${running} AND wait_event_type = 'Lock'`)).toHaveLength(1)
    }, PATIENCE)
    await tree.strike()
    await blocker.end().catch(() => undefined)
    await vi.waitFor(async () => expect(await tree.select(running)).toEqual([]), PATIENCE)
    expect(intentsOf(hold)).toHaveLength(1)
    expect([0, 100]).toContain((await stock()) - before)
    expect((await tree.hold(hold)).status).toBe('executed')
    await expectHeldAnew(statement, hold)
    await expectSound()
  }, 120_000)

  test('during a vote: it counts whole or not at all, and is recorded as often as it counts', async () => {
    const statement = restock(1_000)
    const { detail } = (await tree.ask('ana', statement).catch((error: unknown) => error)) as pg.DatabaseError
    const { hold } = JSON.parse(detail ?? '{}') as { hold: string }
    const blocker = await tree.state()
    await blocker.query('BEGIN')
    await blocker.query('SELECT FROM hold WHERE id = $1 FOR UPDATE', [hold])
    const vote = tree.approve(hold).then(
      ({ status }) => status,
      () => null, // nobody was left to answer
    )
    const waiting =
      "SELECT pid FROM pg_stat_activity WHERE datname = 'holdpoint' AND wait_event_type = 'Lock' AND query ILIKE '%hold%'"
    // Asked from another connection: a transaction sees the activity as it was when it first looked.
    const observer = await tree.state()
    await vi.waitFor(async () => expect((await observer.query(waiting)).rows).toHaveLength(1), PATIENCE)
    await observer.end()
    await tree.strike()
    await blocker.end().catch(() => undefined)
    const answer = await vote
    const { status, votes } = await tree.hold(hold)
    expect([status, votes.length]).toEqual(answer === 200 ? ['approved', 1] : ['pending', 0])
    if (answer !== 200) expect((await tree.approve(hold)).status).toBe(200)
    await vi.waitFor(() => {
      expect(tree.records('hold.voted').filter(({ body }) => body.hold === hold)).toHaveLength(1)
    }, PATIENCE)
    await expectSound()
  }, 120_000)

  test('between an approval and its use by an agent: the approval is still good, once', async () => {
    const statement = `UPDATE customers SET phone = '${victim.length}' WHERE id = 2`
    const asAgent = () => tree.ask('report-bot', statement)
    const { code, detail } = (await asAgent().catch((error: unknown) => error)) as pg.DatabaseError
    expect(code).toBe('YH001')
    const { hold } = JSON.parse(detail ?? '{}') as { hold: string }
    expect((await tree.approve(hold)).status).toBe(200)
    await tree.strike()
    await expect(asAgent()).resolves.toMatchObject({ rowCount: 1 })
    await expect(asAgent()).rejects.toMatchObject({ code: 'YH001' })
    expect(intentsOf(hold)).toHaveLength(1)
    await expectSound()
  }, 120_000)

  test('in the end: every approval that was taken is in the trail once, and Ctrl-C leaves nothing running', async () => {
    const state = await tree.state()
    const { rows } = await state.query<{ id: string }>("SELECT id FROM hold WHERE status = 'executed' ORDER BY id")
    await state.end()
    await vi.waitFor(() => {
      expect(
        tree
          .records('hold.taken')
          .map(({ body }) => body.hold)
          .sort(),
      ).toEqual(rows.map(({ id }) => id).sort())
    }, PATIENCE)
    const approved = new Set(rows.map(({ id }) => id))
    const used = tree.records('statement.intended').flatMap(({ body }) => (body.hold === null ? [] : [body.hold]))
    expect(used.filter((hold) => !approved.has(String(hold)))).toEqual([])
    expect(new Set(used).size).toBe(used.length)
    await expectSound()
    expect(await tree.end()).toEqual([])
  }, 60_000)
})
