import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import pg from 'pg'
import { beforeAll, describe, expect, test } from 'vitest'
import type { Facts } from '../../policies/input.ts'
import { corpus as everyday } from '../proxy/sql/corpus.ts'
import { type Sample, sample, schema } from '../proxy/sql/sample.ts'
import { dangers } from './dangers.ts'
import { queriesOverLabels } from './queries-over-labels.ts'
import { contradictions, type Deed, deedOf, parentsIn } from './server-judge.ts'
import { statementsOverLabels } from './statements-over-labels.ts'

/**
 * The server is the judge: what the facts say is held against what it did. Nothing that wrote was called a read, nothing
 * was written or looked into that the facts do not name.
 */
const here = import.meta.dirname
const textOf = (path: string): string => readFileSync(join(here, path), 'utf8')

/** Each corpus is run in the database that it was written for. */
const places = {
  everyday: {
    schema: `${schema}
    INSERT INTO customers SELECT i, 'n' || i, 'e' || i || '@x.org', '1', '2', 'DE' FROM generate_series(1, 20) i;
    INSERT INTO orders (customer_id, total, note) SELECT i, i, '{"a": 1}' FROM generate_series(1, 20) i`,
  },
  hostile: {
    schema: textOf('../../workflows/development/sample-schema.sql') + textOf('schema.sql') + textOf('rows.sql'),
  },
}

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

/** Not run at all: what reaches outside of the transaction, or may, stays done. It is run in judge-outside.test.ts. */
const REACHING: ReadonlySet<string> = new Set(['external', 'unknown'])
// Not even in a transaction.
const KILLING = /^pg_(terminate|cancel)_backend$/
const ENDING = /^(BEGIN|START|COMMIT|END|ROLLBACK|ABORT|PREPARE TRANSACTION)/

interface Found {
  readonly ran: readonly { readonly sql: string; readonly deed: Deed }[]
  readonly wrong: readonly unknown[]
}

async function compare(schemaText: string, statements: readonly string[]): Promise<Found> {
  await using shop: Sample = await sample(schemaText)
  const client = new pg.Client(shop.url)
  await client.connect()
  await client.query("SET statement_timeout = '5s'")
  const parents = await parentsIn(client)
  const ran: { sql: string; deed: Deed }[] = []
  const wrong: unknown[] = []
  for (const sql of statements) {
    const [facts, ...others] = shop.analyse(sql).map((analysis) => analysis.facts)
    if (facts === undefined || others.length > 0 || ENDING.test(facts.tag)) continue
    if (facts.effects.some((effect) => REACHING.has(effect)) || facts.unresolved.length > 0) continue
    if (facts.functions.some(({ name }) => KILLING.test(name))) continue
    const deed = await deedOf(client, sql, facts)
    if (deed === null) continue
    ran.push({ sql, deed })
    const against = contradictions(facts, deed, parents)
    if (against.length > 0) wrong.push({ sql, effects: facts.effects, against })
  }
  await client.end()
  return { ran, wrong }
}

let found: readonly Found[]
beforeAll(async () => {
  found = [await compare(places.everyday.schema, everyday), await compare(places.hostile.schema, corpus)]
}, 180_000)

test('E nothing that wrote was called a read, for over 500 statements that ran', () => {
  expect(found.flatMap(({ wrong }) => wrong)).toEqual([])
  expect(new Set(found.flatMap(({ ran }) => ran.map(({ sql }) => sql))).size).toBeGreaterThan(500)
})

describe('E each of the four witnesses has something to say, and is heard', () => {
  const read = { kind: 'select', effects: ['read'], flags: [], functions: [], relations: [] } as unknown as Facts
  const nothing: Deed = { hasId: false, written: [], locked: [], planned: [] }
  const deeds = (): readonly Deed[] => found.flatMap(({ ran }) => ran.map(({ deed }) => deed))

  test.for([
    ['the transaction id', ({ hasId }: Deed) => ({ hasId })],
    ['the counters of rows', ({ written }: Deed) => ({ written })],
    ['the locks', ({ locked }: Deed) => ({ locked })],
    ['the plan', ({ planned }: Deed) => ({ planned })],
  ] as const)('%s', ([, only]) => {
    const seen = deeds().map((deed) => ({ ...nothing, ...only(deed) }))
    const told = seen.filter((deed) => JSON.stringify(deed) !== JSON.stringify(nothing))
    expect(told.length).toBeGreaterThan(40)
    // Facts that know of nothing are found out by it alone.
    expect(told.filter((deed) => contradictions(read, deed, new Map()).length === 0)).toEqual([])
    expect(contradictions(read, nothing, new Map())).toEqual([])
  })

  test('a write that is said to be of another relation', () => {
    const elsewhere = { ...read, effects: ['write'], relations: [{ schema: 'public', name: 'a', access: ['delete'] }] }
    const deed = { ...nothing, written: ['public.b'] }
    expect(contradictions(elsewhere as unknown as Facts, deed, new Map())).toHaveLength(1)
    expect(contradictions(elsewhere as unknown as Facts, deed, new Map([['public.b', ['public.a']]]))).toEqual([])
  })
})
