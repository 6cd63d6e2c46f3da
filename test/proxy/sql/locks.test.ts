import { afterAll, beforeAll, expect, test } from 'vitest'
import { TABLE_LOCK_MODES } from '../../../policies/lock.ts'
import { type Sample, sample, schema } from './sample.ts'

let shop: Sample
beforeAll(async () => {
  shop = await sample(`${schema};
    CREATE FUNCTION due() RETURNS bigint LANGUAGE sql AS 'SELECT id FROM orders LIMIT 1 FOR UPDATE';
    CREATE FUNCTION shut() RETURNS void LANGUAGE sql AS 'LOCK TABLE staff IN SHARE MODE'`)
})
afterAll(() => shop[Symbol.asyncDispose]())

const MODES: readonly string[] = TABLE_LOCK_MODES

/** As the manual has them: https://www.postgresql.org/docs/current/explicit-locking.html */
const statements: readonly (readonly [sql: string, locks: readonly string[]])[] = [
  ['SELECT 1', []],
  ['SELECT * FROM staff', ['staff ACCESS SHARE']],
  ['SELECT relname FROM pg_class', []],
  ['SELECT * FROM mailing', ['mailing ACCESS SHARE', 'customers ACCESS SHARE']],
  ['DELETE FROM staff WHERE id IN (SELECT id FROM people)', ['staff ROW EXCLUSIVE', 'people ACCESS SHARE']],
  ['SELECT * FROM staff FOR UPDATE', ['staff ROW SHARE', 'staff rows FOR UPDATE']],
  [
    'SELECT * FROM staff s, people p FOR KEY SHARE OF s SKIP LOCKED',
    ['staff ROW SHARE', 'people ACCESS SHARE', 'staff rows FOR KEY SHARE, skip_locked'],
  ],
  ['SELECT * FROM (SELECT * FROM staff FOR SHARE NOWAIT) s', ['staff ROW SHARE', 'staff rows FOR SHARE, nowait']],
  ['LOCK TABLE staff', ['staff ACCESS EXCLUSIVE']],
  ['LOCK TABLE staff, people IN SHARE MODE NOWAIT', ['staff SHARE, nowait', 'people SHARE, nowait']],
  ['CREATE INDEX ON staff (id)', ['staff SHARE']],
  ['CREATE INDEX CONCURRENTLY ON staff (id)', ['staff SHARE UPDATE EXCLUSIVE']],
  ['ALTER TABLE staff ADD COLUMN x int', ['staff ACCESS EXCLUSIVE']],
  ['CREATE TABLE made (id int REFERENCES staff)', ['made ACCESS EXCLUSIVE', 'staff SHARE ROW EXCLUSIVE']],
  ['TRUNCATE audit_log', ['audit_log ACCESS EXCLUSIVE']],
  ['SELECT forget(1)', ['customers ROW EXCLUSIVE', 'orders ROW EXCLUSIVE']],
  ['EXPLAIN UPDATE staff SET id = 1', ['staff ROW EXCLUSIVE']],
  ['EXPLAIN SELECT * FROM staff FOR UPDATE', ['staff ROW SHARE']],
  ["SELECT nextval('orders_id_seq')", ['orders_id_seq ROW EXCLUSIVE']],
  ['SELECT pg_advisory_lock(1)', ['ADVISORY EXCLUSIVE']],
  ['SELECT pg_try_advisory_xact_lock_shared(1, 2)', ['ADVISORY SHARE, nowait']],
]

test.for(statements)('%s takes its locks', ([sql, expected]) => {
  const { locks } = shop.one(sql).facts
  const told = locks.map(({ on, relation, mode, wait }) =>
    `${relation}${on === 'rows' ? ' rows' : ''} ${mode}${wait === 'wait' ? '' : `, ${wait}`}`.trim(),
  )
  expect(told.sort()).toEqual([...expected].sort())
})

/** What the server itself has locked once the statement has run, of tables and views of the schema. */
const LOCKED = `
  SELECT c.relname || ' ' || l.mode AS lock FROM pg_locks l JOIN pg_class c ON c.oid = l.relation
   WHERE l.pid = pg_backend_pid() AND c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm')`

test.for([
  'SELECT * FROM staff FOR UPDATE',
  'WITH due AS (SELECT id FROM orders ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED) ' +
    "UPDATE orders SET note = '{}' FROM due WHERE orders.id = due.id",
  'DELETE FROM audit_log WHERE what IN (SELECT what FROM audit_log FOR UPDATE SKIP LOCKED) RETURNING *',
  'WITH gone AS (DELETE FROM audit_log RETURNING what) SELECT s.id, gone.what FROM staff s, gone FOR NO KEY UPDATE OF s',
  'INSERT INTO audit_log SELECT now(), name FROM staff FOR SHARE',
  'LOCK TABLE staff IN SHARE ROW EXCLUSIVE MODE',
  'REFRESH MATERIALIZED VIEW totals',
])('pg_locks has neither more nor less than what is said of: %s', async (sql) => {
  const { locks } = shop.one(sql).facts
  const told = locks.flatMap(({ on, relation, mode }) => (on === 'relation' ? [`${relation} ${mode}`] : []))
  await shop.client.query('BEGIN')
  await shop.client.query(sql)
  const { rows } = await shop.client.query<{ lock: string }>(LOCKED)
  await shop.client.query('ROLLBACK')
  const strongest = new Map<string, string>()
  for (const { lock } of rows) {
    const [relation = '', name = ''] = lock.split(' ')
    const mode = name
      .replace(/Lock$/, '')
      .replaceAll(/(?<=[a-z])(?=[A-Z])/g, ' ')
      .toUpperCase()
    const known = strongest.get(relation)
    if (known === undefined || MODES.indexOf(mode) > MODES.indexOf(known)) strongest.set(relation, mode)
  }
  expect(told.sort()).toEqual([...strongest].map(([relation, mode]) => `${relation} ${mode}`).sort())
})

test('a function that takes row locks locks no table, and one that locks a table says in which mode', () => {
  const modes = (sql: string) => shop.one(sql).facts.locks.flatMap(({ on, mode }) => (on === 'relation' ? [mode] : []))
  expect(modes('SELECT due()')).toEqual(['ROW SHARE'])
  expect(modes('SELECT shut()')).toEqual(['SHARE'])
})
