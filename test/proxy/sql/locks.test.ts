import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Sample, sample } from './sample.ts'

let shop: Sample
beforeAll(async () => {
  shop = await sample()
})
afterAll(() => shop[Symbol.asyncDispose]())

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
