import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { migrations } from './migrations.ts'
import { type Sample, sample } from './sample.ts'

let shop: Sample
beforeAll(async () => {
  shop = await sample()
}, 180_000)
afterAll(() => shop?.[Symbol.asyncDispose]())

describe('all that a migration tool sends in one transaction is known for what it is', () => {
  test.for(Object.entries(migrations))('%s', ([, statements]) => {
    const analyses = shop.analyse(statements.join(';\n'))
    expect(analyses).toHaveLength(statements.length)
    const unknown = analyses.filter(({ facts }) => facts.unresolved.length > 0 || facts.effects.includes('unknown'))
    expect(unknown.map(({ text, facts }) => [text, facts.unresolved])).toEqual([])
  })
})

describe('what was changed a moment ago is defined further, but not read by what it was', () => {
  const last = (text: string) => shop.analyse(text).at(-1)?.facts.unresolved
  test.for([
    ['ALTER TABLE customers RENAME COLUMN email TO remark; SELECT remark FROM customers'],
    ['ALTER TABLE customers RENAME COLUMN email TO remark; SELECT address FROM mailing'],
    ['ALTER TABLE customers RENAME COLUMN email TO remark; ALTER TABLE customers ALTER name TYPE text USING remark'],
    ['ALTER TABLE customers RENAME COLUMN email TO remark; CREATE UNIQUE INDEX ON customers ((remark::int))'],
    ['ALTER TABLE people RENAME COLUMN email TO e; ALTER TABLE people RENAME COLUMN id TO email; SELECT e FROM pupils'],
    ['ALTER TABLE orders RENAME TO staff2; ALTER TABLE staff RENAME TO orders; SELECT id FROM orders'],
    ['ALTER TABLE orders RENAME TO o; ALTER TABLE orders ADD COLUMN x int'],
    [
      'CREATE TRIGGER t BEFORE UPDATE ON orders FOR EACH ROW EXECUTE FUNCTION stamp(); UPDATE orders SET total = 1 WHERE id = 1',
    ],
    ['CREATE POLICY p ON orders USING (opaque() > 0); SELECT id FROM orders'],
    ['DROP TYPE checked; SELECT 1::checked'],
    ['ALTER TYPE checked RENAME TO c; SELECT 1::checked'],
    ['DROP FUNCTION twice; SELECT twice(1)'],
    ['DROP FUNCTION twice CASCADE; SELECT id FROM orders'],
    [
      'CREATE TABLE c2 (id int, email text) PARTITION BY RANGE (id); ALTER TABLE events RENAME COLUMN day TO d; ALTER TABLE events DETACH PARTITION events_2026',
    ],
  ])('%s', ([text = '']) => {
    expect(last(text)).not.toEqual([])
  })

  test.for([
    [
      'ALTER TABLE customers RENAME COLUMN email TO remark; ALTER TABLE customers ADD COLUMN x int; CREATE INDEX i ON customers (x)',
    ],
    [
      'ALTER TABLE orders ENABLE ROW LEVEL SECURITY; CREATE POLICY p ON orders USING (total > 0); CREATE POLICY q ON orders FOR INSERT WITH CHECK (true)',
    ],
    [
      'DROP TRIGGER IF EXISTS a ON orders; CREATE TRIGGER a BEFORE UPDATE ON orders FOR EACH ROW EXECUTE FUNCTION stamp(); CREATE TRIGGER b AFTER UPDATE ON orders FOR EACH ROW EXECUTE FUNCTION stamp()',
    ],
    ['CREATE INDEX i ON orders (total); ALTER INDEX i RENAME TO j; SELECT id FROM orders'],
    ['ALTER TABLE orders RENAME CONSTRAINT orders_pkey TO o; SELECT id FROM orders'],
    ['DROP TYPE checked; DROP FUNCTION twice; SELECT id FROM orders'],
  ])('%s', ([text = '']) => {
    expect(last(text)).toEqual([])
  })
})
