import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { hasProgram, run } from '../../harness/psql.ts'
import { type Sample, sample } from './sample.ts'

/** What tools ask of the catalogs is harmless by what it reads: the server's own relations, and nothing unknown. */
let shop: Sample

beforeAll(async () => {
  shop = await sample()
})

afterAll(() => shop[Symbol.asyncDispose]())

function isHarmless(sql: string): void {
  for (const { facts } of shop.analyse(sql)) {
    expect(facts.unresolved, sql).toEqual([])
    expect(facts.effects, sql).toEqual(['read'])
    expect(
      facts.relations.filter(({ system }) => !system),
      sql,
    ).toEqual([])
  }
}

describe.skipIf(!hasProgram('psql'))('psql', () => {
  test.for([
    '\\d',
    '\\dt+',
    '\\df',
    '\\df+',
    '\\d customers',
    '\\d+ orders',
    '\\d events',
    '\\d+ mailing',
    '\\d orders_id_seq',
    '\\d customers_pkey',
    '\\dn+',
    '\\du',
    '\\dv+',
    '\\dm',
    '\\di+',
    '\\ds',
    '\\dT+',
    '\\dp',
    '\\dx',
    '\\sf opaque',
    '\\sv mailing',
    '\\dD',
    '\\dP',
    '\\drds',
    '\\dRp',
    '\\dRs',
    '\\dy',
    '\\db+',
    '\\dd',
    '\\dc',
    '\\dC',
    '\\dL',
    '\\do',
    '\\dE',
    '\\ddp',
    '\\dX',
    '\\dew',
    '\\des',
    '\\deu',
    '\\det',
    '\\dF',
    '\\dFd',
    '\\dFp',
    '\\dFt',
    '\\dA',
    '\\dAc',
    '\\dAo',
    '\\dg',
    '\\z',
  ])('%s', async (command) => {
    const { stdout } = await run('psql', ['-X', '-E', shop.url, '-c', command])
    const queries = [...stdout.matchAll(/^[*/]+ QUERY [*/]+\n([\s\S]*?)\n[*/]{20,}$/gm)].map(([, query = '']) => query)
    expect(queries.length).toBeGreaterThan(0)
    for (const query of queries) {
      // An older psql asks a newer server for columns that are gone; the server refuses those itself.
      const error = await shop.client.query(query).then(
        () => null,
        (reason: Error) => reason,
      )
      if (error === null) isHarmless(query)
    }
  })
})

test.for([
  // Drivers and pools, when they connect.
  'SELECT version()',
  'SELECT 1',
  'SELECT current_database(), current_schema(), current_user, session_user',
  "SELECT current_setting('server_version_num')::int",
  'SELECT pg_is_in_recovery()',
  'SELECT t.oid, typarray FROM pg_type t JOIN pg_namespace ns ON typnamespace = ns.oid WHERE typname = $1',
  'SHOW transaction_read_only',
  'SHOW standard_conforming_strings',
  // Object-relational mappers and migration tools.
  "SELECT table_schema, table_name FROM information_schema.tables WHERE table_type = 'BASE TABLE' AND table_schema NOT IN ('pg_catalog', 'information_schema')",
  'SELECT c.column_name, c.data_type, c.udt_name, c.is_nullable, c.column_default, c.ordinal_position FROM information_schema.columns c WHERE c.table_schema = ANY ($1) ORDER BY c.ordinal_position',
  'SELECT kcu.table_name, kcu.column_name, tc.constraint_type, ccu.table_name AS foreign_table FROM information_schema.table_constraints tc JOIN information_schema.key_column_usage kcu USING (constraint_schema, constraint_name) LEFT JOIN information_schema.constraint_column_usage ccu USING (constraint_schema, constraint_name)',
  "SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p') AND pg_table_is_visible(c.oid)",
  `SELECT a.attname, format_type(a.atttypid, a.atttypmod), (SELECT pg_get_expr(d.adbin, d.adrelid) FROM pg_attrdef d
     WHERE d.adrelid = a.attrelid AND d.adnum = a.attnum AND a.atthasdef) AS "default", a.attnotnull, pgd.description, a.attgenerated
     FROM pg_attribute a LEFT JOIN pg_description pgd ON pgd.objoid = a.attrelid AND pgd.objsubid = a.attnum
    WHERE a.attrelid = 'customers'::regclass AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum`,
  `SELECT i.relname, ix.indisunique, ix.indexprs, a.attname, ARRAY(SELECT pg_get_indexdef(ix.indexrelid, k + 1, true) FROM generate_subscripts(ix.indkey, 1) AS k ORDER BY k)
     FROM pg_class t JOIN pg_index ix ON t.oid = ix.indrelid JOIN pg_class i ON i.oid = ix.indexrelid
     LEFT JOIN pg_attribute a ON t.oid = a.attrelid AND a.attnum = ANY (ix.indkey) WHERE t.relname = 'customers'`,
  "SELECT r.conname, pg_get_constraintdef(r.oid, true) FROM pg_constraint r WHERE r.conrelid = 'orders'::regclass AND r.contype = 'f'",
  "SELECT EXISTS (SELECT * FROM information_schema.tables WHERE table_name = 'schema_migrations')",
  'SELECT e.enumlabel, t.typname FROM pg_enum e JOIN pg_type t ON t.oid = e.enumtypid ORDER BY e.enumsortorder',
  `WITH RECURSIVE parents AS (SELECT inhrelid, inhparent FROM pg_inherits UNION ALL SELECT i.inhrelid, p.inhparent FROM pg_inherits i JOIN parents p ON p.inhrelid = i.inhparent)
   SELECT * FROM parents`,
  "SELECT nspname FROM pg_namespace WHERE nspname !~ '^pg_' ORDER BY nspname",
  "SELECT p.oid::regprocedure, pg_get_function_result(p.oid), pg_get_function_arguments(p.oid) FROM pg_proc p WHERE p.pronamespace = 'public'::regnamespace",
  "SELECT rolname, rolsuper, pg_has_role(oid, 'MEMBER') FROM pg_roles",
  "SELECT has_table_privilege('customers', 'SELECT'), has_schema_privilege('public', 'USAGE')",
  // Editors.
  'SELECT db.oid, db.*, pg_database_size(db.oid) FROM pg_database db WHERE datallowconn',
  "SELECT n.oid, n.*, d.description FROM pg_namespace n LEFT JOIN pg_description d ON d.objoid = n.oid AND d.objsubid = 0 AND d.classoid = 'pg_namespace'::regclass",
  `SELECT c.oid, c.*, pg_total_relation_size(c.oid), CASE WHEN c.relkind = 'v' THEN pg_get_viewdef(c.oid, true) END
     FROM pg_class c WHERE c.relnamespace = $1 AND c.relkind NOT IN ('i', 'I', 'c')`,
  'SELECT x.oid, x.*, pg_get_triggerdef(x.oid) FROM pg_trigger x WHERE NOT tgisinternal',
  'SELECT name, setting, pending_restart FROM pg_settings',
  'SELECT oid, typname, typtype, typelem, typbasetype, typnotnull FROM pg_type WHERE typnamespace = $1::oid::regnamespace',
])('%s', (sql) => {
  isHarmless(sql)
})

test.for([
  'SET client_min_messages TO warning; SET standard_conforming_strings = on',
  'SET SESSION CHARACTERISTICS AS TRANSACTION READ WRITE',
  "SET application_name = 'x'",
  'SET extra_float_digits = 3',
  "SET DateStyle = 'ISO'; SET TIME ZONE 'UTC'",
])('%s is of the session only', (sql) => {
  for (const { facts } of shop.analyse(sql)) {
    expect(facts.effects.every((effect) => effect === 'session' || effect === 'transaction')).toBe(true)
    expect(facts.unresolved).toEqual([])
  }
})

test('pg_dump sets what pg_settings has under a name that it gives', () => {
  const { facts } = shop.one(
    "SELECT set_config(name, 'view, foreign-table', false) FROM pg_settings WHERE name = 'restrict_nonsystem_relation_kind'",
  )
  expect(facts).toMatchObject({
    unresolved: [],
    settings: [{ name: 'restrict_nonsystem_relation_kind', value: 'view, foreign-table', scope: 'session' }],
  })
  expect(
    shop.one("SELECT set_config(name, 'x', false) FROM pg_settings WHERE name = 'a' OR true").facts.unresolved,
  ).toHaveLength(1)
})
