import { afterAll, beforeAll, expect, test } from 'vitest'
import { ana, type GateStand, openGateStand } from './gate-stand.ts'

let stand: GateStand
beforeAll(async () => {
  stand = await openGateStand('CREATE SCHEMA s; CREATE TABLE s.orders (id int, status text);')
}, 180_000)
afterAll(() => stand?.[Symbol.asyncDispose]())

async function shapeOf(text: string, searchPath = '"$user", public'): Promise<string | null> {
  const session = stand.session({ identity: ana, searchPath })
  return stand.gate.shape(await stand.judge(text, { identity: ana, searchPath }), session)
}

test.each([
  ['DELETE FROM orders WHERE id = 1', 'DELETE FROM orders WHERE id = 2'],
  ["UPDATE orders SET status = 'a' WHERE id = 1", "UPDATE orders SET status = 'b' WHERE id = 9"],
  ["INSERT INTO orders (id, status) VALUES (1, 'a')", "INSERT INTO orders (id, status) VALUES (2, 'b')"],
  ['SELECT status FROM orders WHERE id = 1', 'SELECT status FROM orders WHERE id = 2'],
])('%s and %s are alike', async (one, other) => {
  const shape = await shapeOf(one)
  expect(shape).toMatch(/^[0-9a-f]{64}$/)
  expect(await shapeOf(other)).toBe(shape)
})

test.each([
  ['another table of the same name', 'DELETE FROM orders WHERE id = 1', 'DELETE FROM s.orders WHERE id = 1'],
  ['another column', 'DELETE FROM orders WHERE id = 1', 'DELETE FROM orders WHERE customer_id = 1'],
  ['another operator', 'DELETE FROM orders WHERE id = 1', 'DELETE FROM orders WHERE id > 1'],
  ['a condition that is always true', 'DELETE FROM orders WHERE 1 = 2', 'DELETE FROM orders WHERE 1 = 1'],
  ['no condition', 'DELETE FROM orders WHERE id = 1', 'DELETE FROM orders'],
])('%s is not alike', async (_what, one, other) => {
  expect(await shapeOf(one)).not.toBeNull()
  expect(await shapeOf(other)).not.toBe(await shapeOf(one))
})

test('the same text by another search path is not alike', async () => {
  const text = 'DELETE FROM orders WHERE id = 1'
  expect(await shapeOf(text, 's, public')).not.toBe(await shapeOf(text))
})

test('a definition that was changed makes it another', async () => {
  const text = 'DELETE FROM s.orders WHERE id = 1'
  const before = await shapeOf(text)
  await stand.client.query('CREATE RULE r AS ON DELETE TO s.orders DO NOTHING')
  await stand.catalog.refresh()
  expect(await shapeOf(text)).not.toBe(before)
})

test.each([
  'DO $$ BEGIN DELETE FROM orders WHERE id = 1; END $$',
  "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'",
  'SET ROLE postgres',
  'ALTER TABLE orders ADD COLUMN note text',
  'GRANT SELECT ON orders TO public',
  'WITH d AS (DELETE FROM orders WHERE id = 1 RETURNING *) SELECT count(*) FROM d',
  'EXPLAIN ANALYZE DELETE FROM orders WHERE id = 1',
  'SELECT pg_sleep(1)',
  "SELECT nextval('orders_id_seq')",
  'MERGE INTO orders USING s.orders o ON o.id = orders.id WHEN MATCHED THEN DELETE',
  'COPY orders TO STDOUT',
  'SELEC 1',
])('%s is like no other', async (text) => {
  expect(await shapeOf(text)).toBeNull()
})
