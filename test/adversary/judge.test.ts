import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Sample, sample } from '../proxy/sql/sample.ts'
import { dangers } from './dangers.ts'
import { queriesOverLabels } from './queries-over-labels.ts'
import { statementsOverLabels } from './statements-over-labels.ts'

/** The server is the judge: whatever the facts call a read is run, and must not have written, nor locked anybody out. */
const here = import.meta.dirname
const textOf = (path: string): string => readFileSync(join(here, path), 'utf8')

let shop: Sample
let client: pg.Client
beforeAll(async () => {
  shop = await sample(
    textOf('../../workflows/development/sample-schema.sql') + textOf('schema.sql') + textOf('rows.sql'),
  )
  client = new pg.Client(shop.url)
  await client.connect()
}, 60_000)
afterAll(async () => {
  await client?.end()
  await shop?.[Symbol.asyncDispose]()
})

const more = [
  'SELECT nextval($$orders_id_seq$$)',
  "SELECT setval('orders_id_seq', 50)",
  'SELECT currval($$orders_id_seq$$)',
  'SELECT * FROM orders FOR UPDATE',
  'SELECT * FROM orders FOR NO KEY UPDATE SKIP LOCKED',
  'SELECT * FROM (SELECT * FROM orders FOR SHARE) s',
  'WITH w AS (SELECT * FROM orders FOR KEY SHARE) SELECT * FROM w',
  'LOCK TABLE orders',
  'LOCK TABLE orders IN ACCESS SHARE MODE',
  'SELECT txid_current()',
  'SELECT pg_current_xact_id()',
  'SELECT pg_current_xact_id_if_assigned(), pg_snapshot_xmin(pg_current_snapshot())',
  'SELECT pg_export_snapshot()',
  'SELECT lo_create(0)',
  "SELECT lo_from_bytea(0, 'x')",
  "SELECT pg_notify('a', 'b')",
  'NOTIFY a',
  'LISTEN a',
  "SELECT pg_logical_emit_message(true, 'a', 'b')",
  'SELECT pg_advisory_xact_lock(1), pg_try_advisory_lock(2)',
  'ANALYZE plain',
  'REFRESH MATERIALIZED VIEW contact_sheet',
  'REINDEX TABLE plain',
  'COMMENT ON TABLE plain IS NULL',
  'CREATE TEMP TABLE x (a int)',
  'CREATE TEMP SEQUENCE x',
  'CREATE TEMP VIEW x AS SELECT 1 AS a',
  'DECLARE x CURSOR FOR SELECT * FROM orders',
  'DECLARE x CURSOR FOR SELECT * FROM orders FOR UPDATE',
  'PREPARE x AS SELECT * FROM orders',
  'SET work_mem = 1000',
  "SELECT set_config('work_mem', '1000', true)",
  'SHOW ALL',
  'EXPLAIN DELETE FROM payments',
  'EXPLAIN INSERT INTO plain VALUES (9)',
  'EXPLAIN (ANALYZE) SELECT * FROM orders FOR UPDATE',
  'EXPLAIN CREATE TABLE x AS SELECT 1 AS a',
  'SELECT * FROM deletes_when_read',
  'SELECT * FROM deletes_when_read LIMIT 0',
  'SELECT forget(1)',
  'SELECT count(*) FROM orders WHERE forget(id) IS NULL',
  'SELECT (SELECT forget(2))',
  'SELECT 1 ==== 2',
  'SELECT * FROM secured',
  'INSERT INTO plain VALUES (7)',
  'INSERT INTO plain SELECT 8 WHERE false',
  'UPDATE plain SET amount = 1 WHERE false',
  'DELETE FROM plain WHERE id = -1',
  'COPY plain TO STDOUT',
  'TRUNCATE plain',
  'VACUUM',
  'CHECKPOINT',
  'DISCARD PLANS',
  'DISCARD SEQUENCES',
  'DEALLOCATE ALL',
  'CLOSE ALL',
  'SAVEPOINT a',
  'SET CONSTRAINTS ALL DEFERRED',
  'SELECT random(), setseed(0.5), gen_random_uuid()',
  'SELECT * FROM pg_locks',
  'SELECT * FROM information_schema.columns',
  'SELECT pg_relation_size($$plain$$), pg_total_relation_size($$orders$$)',
  'SELECT gin_clean_pending_list($$orders_pkey$$)',
  'SELECT * FROM generate_series(1, 3) g, LATERAL (SELECT g) l',
]

const all = [
  ...Object.values(queriesOverLabels).flat(),
  ...Object.values(statementsOverLabels).flat(2),
  ...Object.values(dangers).flatMap((list) => list.flatMap(([, ...statements]) => statements)),
  ...more,
]
const corpus = [...new Set(all)]

const harmless = new Set(['read', 'transaction', 'session'])

/** What the open transaction did so far. */
const DONE = `
  SELECT pg_current_xact_id_if_assigned() IS NOT NULL AS assigned,
         (SELECT coalesce(sum(n_tup_ins + n_tup_upd + n_tup_del), 0)::int FROM pg_stat_xact_user_tables) AS tuples,
         ARRAY(SELECT DISTINCT mode FROM pg_locks WHERE pid = pg_backend_pid() AND locktype IN ('relation', 'object')
                AND mode NOT IN ('AccessShareLock', 'RowShareLock')) AS locks`

test('E nothing that wrote was called a read, for a corpus of over 500 statements', async () => {
  expect(corpus.length).toBeGreaterThan(500)
  const wrong: unknown[] = []
  let ran = 0
  for (const sql of corpus) {
    const analyses = shop.analyse(sql)
    const facts = analyses.map((analysis) => analysis.facts)
    if (facts.some(({ kind }) => kind === 'transaction' && !/SAVEPOINT/.test(sql))) continue
    if (
      facts.some(({ effects, flags }) => effects.some((effect) => !harmless.has(effect)) || flags.includes('row_locks'))
    )
      continue
    const asked = facts.some(({ functions }) =>
      functions.some(({ name }) => /^(txid_current|pg_current_xact_id)$/.test(name)),
    )
    await client.query('BEGIN')
    const failed = await client.query(sql).then(
      () => false,
      () => true,
    )
    if (!failed) {
      ran++
      const { rows } = await client.query(DONE)
      const { assigned, tuples, locks } = rows[0]
      // Planning locks a target as running would, and writes nothing.
      const planned = facts.every(({ flags }) => flags.includes('explain') && !flags.includes('explain_analyze'))
      const strong = locks.filter((mode: string) => !(planned && mode === 'RowExclusiveLock'))
      if ((assigned && !asked && !planned) || tuples > 0 || strong.length > 0)
        wrong.push({ sql, effects: facts.map((f) => f.effects), ...rows[0] })
    }
    await client.query('ROLLBACK')
    await client.query('DEALLOCATE ALL')
  }
  expect(wrong).toEqual([])
  expect(ran).toBeGreaterThan(200)
}, 60_000)
