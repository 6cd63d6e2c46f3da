import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { BoundParameters, Judgement } from '../../../proxy/gate.ts'
import { countQuery } from '../../../proxy/preview/count-query.ts'
import { howToLook } from '../../../proxy/preview/harmless.ts'
import { previewOf } from '../../../proxy/preview/rows.ts'
import { type SideConnection, SideLane } from '../../../proxy/preview/side-lane.ts'
import { type GateStand, openGateStand } from '../gate-stand.ts'

let stand: GateStand
beforeAll(async () => {
  stand = await openGateStand(`
    INSERT INTO customers (name, email) SELECT 'n' || i, i || '@x.org' FROM generate_series(1, 10) i;
    INSERT INTO orders (customer_id, status) SELECT 1 + i % 10, CASE WHEN i % 4 = 0 THEN 'paid' ELSE 'open' END
      FROM generate_series(1, 200) i;
    CREATE SCHEMA other; CREATE TABLE other.orders (id int, status text);
    CREATE FUNCTION noisy() RETURNS boolean LANGUAGE sql VOLATILE AS 'SELECT true';
    CREATE TABLE log (id int);
    CREATE FUNCTION logging() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN INSERT INTO log VALUES (OLD.id); RETURN OLD; END';
    CREATE TABLE logged AS SELECT generate_series(1, 4) AS id;
    CREATE TRIGGER logs BEFORE DELETE ON logged FOR EACH ROW EXECUTE FUNCTION logging();
    CREATE TABLE guarded AS SELECT generate_series(1, 4) AS id;
    CREATE TRIGGER logs BEFORE DELETE ON guarded FOR EACH ROW EXECUTE FUNCTION logging();
    ALTER TABLE guarded ENABLE ROW LEVEL SECURITY;
    CREATE POLICY seen ON guarded USING (noisy());
    INSERT INTO other.orders VALUES (1, 'x');
    DELETE FROM other.orders;
    ANALYZE;`)
}, 180_000)
afterAll(() => stand?.[Symbol.asyncDispose]())

const none: BoundParameters = { types: [], formats: [], values: [] }

function lane(connection: SideConnection, timeoutMs = 5_000, searchPath: string | null = null): SideLane {
  return new SideLane(connection, { timeoutMs, as: { role: 'postgres', searchPath, inTransaction: false } })
}

const seenBy = (judgement: Judgement, at: SideLane, parameters = none, searchPath: string | null = 'public') => {
  const view = { role: 'postgres', searchPath, inTransaction: false }
  return previewOf(judgement, parameters, at, howToLook(judgement, view, stand.catalog.snapshot))
}

async function preview(sql: string, parameters = none, timeoutMs = 5_000) {
  return seenBy(await stand.judge(sql), lane(stand.catalog, timeoutMs), parameters)
}

describe('a preview', () => {
  test.each([
    { sql: 'DELETE FROM orders', kind: 'counted', rows: 200, ofRows: 200 },
    { sql: "DELETE FROM orders WHERE status = 'paid'", kind: 'counted', rows: 50, ofRows: 200 },
    {
      sql: "UPDATE orders AS o SET status = 'open' WHERE o.status IN ('paid', 'shipped')",
      kind: 'counted',
      rows: 50,
      ofRows: 200,
    },
    {
      sql: 'UPDATE public.orders SET status = lower(status) WHERE id BETWEEN 1 AND 10',
      kind: 'counted',
      rows: 10,
      ofRows: 200,
    },
    { sql: "DELETE FROM orders WHERE ordered_at < now() + interval '1 day'", kind: 'counted', rows: 200, ofRows: 200 },
  ])('counts: $sql', async ({ sql, ...expected }) => {
    expect(await preview(sql)).toEqual(expected)
  })

  test('counts with those parameters that the condition takes, as text and as bytes', async () => {
    const sql = 'UPDATE orders SET status = $1 WHERE id <= $2'
    const text = { types: [25, 23], formats: [0], values: [Buffer.from('paid'), Buffer.from('7')] }
    expect(await preview(sql, text)).toEqual({ kind: 'counted', rows: 7, ofRows: 200 })
    const bytes = { ...text, formats: [0, 1], values: [Buffer.from('paid'), Buffer.from([0, 0, 0, 7])] }
    expect(await preview(sql, bytes)).toEqual({ kind: 'counted', rows: 7, ofRows: 200 })
  })

  test.each([
    'DELETE FROM orders USING customers c WHERE c.id = customer_id',
    'DELETE FROM orders WHERE customer_id IN (SELECT id FROM customers)',
    'DELETE FROM ONLY orders WHERE id > 5',
    'SELECT name FROM staff ORDER BY salary',
    "INSERT INTO customers (name, email) SELECT name, email || '2' FROM customers",
    'DELETE FROM orders WHERE random() < 0.5',
    'COPY (SELECT id, status FROM orders WHERE id > 5) TO STDOUT (FORMAT csv)',
    "MERGE INTO orders o USING customers c ON c.id = o.customer_id WHEN MATCHED THEN UPDATE SET status = 'paid'",
  ])('estimates: %s', async (sql) => {
    expect(await preview(sql)).toMatchObject({ kind: 'estimated', rows: expect.any(Number) })
  })

  test.each([
    ['DELETE FROM orders WHERE noisy()', 200],
    ['DELETE FROM logged WHERE noisy()', 4],
    ['DELETE FROM orders WHERE id = $1', 200],
    ['ALTER TABLE orders ADD COLUMN note text', 200],
    ['GRANT SELECT ON orders TO PUBLIC', null],
    ['DELETE FROM nowhere', null],
  ])('does not know, and says how many there are at most: %s', async (sql, ofRows) => {
    expect(await preview(sql)).toEqual({ kind: 'unknown', rows: null, ofRows })
  })

  test.each([
    ['TRUNCATE orders, other.orders', 200],
    ['DROP TABLE orders', 200],
    ['COPY orders TO STDOUT', 200],
  ])('takes the size of whole tables: %s', async (sql, rows) => {
    expect(await preview(sql)).toEqual({ kind: 'estimated', rows, ofRows: rows })
  })

  test('counts where triggers would fire, and fires none', async () => {
    expect(await preview('DELETE FROM logged WHERE id < 3')).toEqual({ kind: 'counted', rows: 2, ofRows: 4 })
    expect(await preview('DELETE FROM logged USING orders o WHERE o.id = logged.id')).toMatchObject({
      kind: 'estimated',
    })
    expect((await stand.client.query('SELECT FROM log')).rows).toEqual([])
  })

  test('calls nothing of what row-level security asks, when that is not built in', async () => {
    expect(await preview('DELETE FROM guarded WHERE id < 3')).toMatchObject({ kind: 'unknown' })
  })

  test('is of the relation that the session means, whatever this connection would find', async () => {
    const judgement = await stand.judge('DELETE FROM orders', { searchPath: 'other' })
    expect(judgement.facts.relations.map(({ schema }) => schema)).toContain('other')
    const seen = await seenBy(judgement, lane(stand.catalog))
    expect(seen).toMatchObject({ kind: 'counted', rows: 0 })
    const joined = await stand.judge('DELETE FROM orders USING public.customers c WHERE c.id = orders.id', {
      searchPath: 'other',
    })
    expect(await seenBy(joined, lane(stand.catalog))).toMatchObject({ kind: 'unknown' })
    const itself = lane(stand.catalog, 5_000, 'other')
    expect(await seenBy(joined, itself)).toMatchObject({ kind: 'estimated' })
  })

  test('changes nothing', async () => {
    await preview('DELETE FROM orders')
    const { rows } = await stand.client.query('SELECT count(*)::int AS n FROM orders')
    expect(rows).toEqual([{ n: 200 }])
  })
})

describe('the rewriting', () => {
  const target = { schema: 'public', name: 'orders' }

  test.each([
    'DELETE FROM orders WHERE id = 9007199254740993', // printed as another number
    'DELETE FROM orders; DROP TABLE orders',
    'WITH x AS (SELECT 1) DELETE FROM orders WHERE id = 1',
    'SELECT 1',
    'nonsense',
  ])('is given up where it is not proven to ask the same: %s', (sql) => {
    expect(countQuery(sql, target)).toBeNull()
  })

  test('names the schema that the server found, and quotes as it must', () => {
    expect(countQuery('DELETE FROM "We ird" WHERE id = $3', { schema: 'A b', name: 'We ird' })).toMatchObject({
      sql: expect.stringContaining('"A b"'),
      parameters: [3],
    })
  })
})
