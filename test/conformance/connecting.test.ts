import pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type RunningHoldpoint, startHoldpoint } from '../harness/holdpoint.ts'

/**
 * What tools say before a person has typed anything, each on a connection of its own, in their order and in the shape in
 * which they say it (written here, not copied). A person and an agent get the answers that a direct connection gets.
 */
const tools: Readonly<Record<string, readonly string[]>> = {
  pgAdmin: [
    `SET DateStyle=ISO; SET client_min_messages=notice; SELECT set_config('bytea_output','hex',false) FROM pg_show_all_settings() WHERE name = 'bytea_output'; SET client_encoding='utf-8';`,
    `SELECT db.oid AS did, db.datname, db.datallowconn, pg_encoding_to_char(db.encoding) AS serverencoding,
       has_database_privilege(db.oid, 'CREATE') AS cancreate, datistemplate FROM pg_catalog.pg_database db WHERE db.datname = current_database()`,
    `SELECT roles.rolname AS name, roles.rolsuper AS is_superuser,
       CASE WHEN roles.rolsuper THEN true ELSE roles.rolcreaterole END AS can_create_role,
       CASE WHEN 'pg_signal_backend' = ANY(ARRAY(WITH RECURSIVE cte AS (SELECT pg_roles.oid, pg_roles.rolname FROM pg_roles WHERE pg_roles.oid = roles.oid
         UNION ALL SELECT m.roleid, pgr.rolname FROM cte c JOIN pg_auth_members m ON m.member = c.oid JOIN pg_roles pgr ON pgr.oid = m.roleid) SELECT rolname FROM cte)) THEN true ELSE false END AS can_signal
       FROM pg_catalog.pg_roles AS roles WHERE rolname = current_user`,
    'SELECT gss_authenticated, encrypted FROM pg_catalog.pg_stat_gssapi WHERE pid = pg_backend_pid()',
    `SELECT nsp.oid, nsp.nspname AS name, has_schema_privilege(nsp.oid, 'CREATE') AS can_create, descr.description
       FROM pg_catalog.pg_namespace nsp LEFT OUTER JOIN pg_catalog.pg_description descr ON descr.objoid = nsp.oid AND descr.classoid = 'pg_namespace'::regclass
       WHERE nspname NOT LIKE E'pg\\_%' ORDER BY nspname`,
    `SELECT rel.oid, rel.relname AS name, (SELECT count(*) FROM pg_catalog.pg_trigger WHERE tgrelid = rel.oid AND tgisinternal = FALSE) AS triggercount,
       (SELECT count(1) FROM pg_catalog.pg_inherits WHERE inhrelid = rel.oid LIMIT 1) AS is_inherits FROM pg_catalog.pg_class rel
       WHERE rel.relkind IN ('r','s','t','p') AND rel.relnamespace = 'public'::regnamespace AND NOT rel.relispartition ORDER BY rel.relname`,
  ],
  DBeaver: [
    "SET application_name = 'DBeaver 25.1 - Main <shop>'",
    'SET extra_float_digits = 3',
    'SELECT version()',
    'SHOW search_path',
    'SELECT current_schema(), session_user',
    "SELECT name, setting, vartype, context FROM pg_catalog.pg_settings WHERE name = 'standard_conforming_strings'",
    "SELECT string_agg(word, ',') FROM pg_catalog.pg_get_keywords() WHERE word <> ALL ('{select,from,where}'::text[])",
    'SELECT db.oid, db.* FROM pg_catalog.pg_database db WHERE datallowconn AND NOT datistemplate OR db.datname = current_database()',
    "SELECT n.oid, n.*, d.description FROM pg_catalog.pg_namespace n LEFT OUTER JOIN pg_catalog.pg_description d ON d.objoid = n.oid AND d.objsubid = 0 AND d.classoid = 'pg_namespace'::regclass ORDER BY nspname",
    `SELECT t.oid, t.*, c.relkind, format_type(nullif(t.typbasetype, 0), t.typtypmod) AS base_type_name, d.description FROM pg_catalog.pg_type t
       LEFT OUTER JOIN pg_catalog.pg_type et ON et.oid = t.typelem LEFT OUTER JOIN pg_catalog.pg_class c ON c.oid = t.typrelid
       LEFT OUTER JOIN pg_catalog.pg_description d ON t.oid = d.objoid WHERE t.typname IS NOT NULL AND (c.relkind IS NULL OR c.relkind = 'c') AND (et.typcategory IS NULL OR et.typcategory <> 'C') ORDER BY t.oid`,
    'SET search_path = public,public',
  ],
  DataGrip: [
    "SET application_name = 'DataGrip 2025.2'",
    'SELECT round(extract(epoch FROM pg_postmaster_start_time() AT TIME ZONE $$UTC$$)) AS startup_time',
    'SELECT current_database() AS a, current_schemas(false) AS b',
    'SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY',
    'SELECT n.oid::bigint AS id, datname AS name, d.description, datistemplate AS is_template, pg_catalog.pg_get_userbyid(n.datdba) AS "owner" FROM pg_catalog.pg_database AS n LEFT JOIN pg_catalog.pg_shdescription AS d ON n.oid = d.objoid ORDER BY CASE WHEN datname = pg_catalog.current_database() THEN -1::bigint ELSE n.oid::bigint END',
    "SELECT T.relkind AS table_kind, T.relname AS table_name, T.oid AS table_id, T.reloptions AS options, pg_catalog.pg_get_userbyid(T.relowner) AS \"owner\", array(SELECT inhparent::bigint FROM pg_catalog.pg_inherits WHERE T.oid = inhrelid ORDER BY inhseqno)::varchar AS ancestors FROM pg_catalog.pg_class T WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'm', 'v', 'f', 'p') ORDER BY table_kind, table_id",
    'SET SESSION CHARACTERISTICS AS TRANSACTION READ WRITE',
  ],
  'SQLAlchemy and psycopg': [
    'BEGIN',
    'SELECT pg_catalog.version()',
    'SELECT current_schema()',
    'SHOW standard_conforming_strings',
    'ROLLBACK',
    `SELECT typname AS name, oid, typarray AS array_oid, oid::regtype::text AS regtype, typdelim AS delimiter FROM pg_type t WHERE t.oid = to_regtype('hstore') ORDER BY t.oid`,
  ],
  Prisma: [
    'SET search_path = "public"',
    "SELECT EXISTS(SELECT 1 FROM pg_namespace WHERE nspname = 'public'), version(), current_setting('server_version_num')::integer AS numeric_version",
    'SELECT pg_advisory_lock(72707369)',
    "SELECT tbl.relname AS table_name, namespace.nspname AS namespace FROM pg_class AS tbl INNER JOIN pg_namespace AS namespace ON namespace.oid = tbl.relnamespace WHERE tbl.relkind = 'r' AND namespace.nspname = ANY('{public}') ORDER BY namespace, table_name",
    'SELECT pg_advisory_unlock(72707369)',
  ],
  Django: [
    "SELECT set_config('TimeZone', 'UTC', false)",
    "SELECT c.relname, CASE WHEN c.relispartition THEN 'p' WHEN c.relkind IN ('m', 'v') THEN 'v' ELSE 't' END, obj_description(c.oid, 'pg_class') FROM pg_catalog.pg_class c LEFT JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind IN ('f', 'm', 'p', 'r', 'v') AND n.nspname NOT IN ('pg_catalog', 'pg_toast') AND pg_catalog.pg_table_is_visible(c.oid) ORDER BY 1",
    "SELECT a.attname, pg_get_expr(ad.adbin, ad.adrelid), a.attidentity IN ('a', 'd'), CASE WHEN collname = 'default' THEN NULL ELSE collname END FROM pg_attribute a LEFT JOIN pg_attrdef ad ON a.attrelid = ad.adrelid AND a.attnum = ad.adnum LEFT JOIN pg_collation co ON a.attcollation = co.oid JOIN pg_class c ON a.attrelid = c.oid WHERE c.relname = 'customers' AND c.relkind IN ('r') AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum",
    "SELECT attname, s.relname FROM pg_class s JOIN pg_depend d ON d.objid = s.oid AND d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass JOIN pg_attribute a ON d.refobjid = a.attrelid AND d.refobjsubid = a.attnum WHERE s.relkind = 'S' AND d.deptype IN ('a', 'i') ORDER BY 2",
  ],
  'Rails and ActiveRecord': [
    "SET client_min_messages TO 'warning'",
    'SET standard_conforming_strings = on',
    'SET intervalstyle = iso_8601',
    "SET SESSION timezone TO 'UTC'",
    'SHOW max_identifier_length',
    "SELECT t.oid, t.typname, t.typelem, t.typdelim, t.typinput, r.rngsubtype, t.typtype, t.typbasetype FROM pg_type AS t LEFT JOIN pg_range AS r ON oid = rngtypid WHERE t.typname IN ('int2', 'int4', 'bool') OR t.typtype IN ('r', 'e', 'd') OR t.typelem IN (16, 17) ORDER BY 1",
    'SELECT pg_try_advisory_lock(4919271364)',
    'SELECT pg_advisory_unlock(4919271364)',
    'SELECT a.attname, format_type(a.atttypid, a.atttypmod), pg_get_expr(d.adbin, d.adrelid), a.attnotnull, col_description(a.attrelid, a.attnum) AS comment, attidentity AS identity, attgenerated AS attgenerated FROM pg_attribute a LEFT JOIN pg_attrdef d ON a.attrelid = d.adrelid AND a.attnum = d.adnum LEFT JOIN pg_type t ON a.atttypid = t.oid LEFT JOIN pg_collation c ON a.attcollation = c.oid AND a.attcollation <> t.typcollation WHERE a.attrelid = \'"customers"\'::regclass AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum',
    "SELECT DISTINCT i.relname, d.indisunique, d.indkey, pg_get_indexdef(d.indexrelid), t.oid, pg_catalog.obj_description(i.oid, 'pg_class') AS comment, d.indisvalid FROM pg_class t INNER JOIN pg_index d ON t.oid = d.indrelid INNER JOIN pg_class i ON d.indexrelid = i.oid LEFT JOIN pg_namespace n ON n.oid = t.relnamespace WHERE i.relkind IN ('i', 'I') AND d.indisprimary = 'f' AND t.relname = 'orders' AND n.nspname = ANY (current_schemas(false)) ORDER BY i.relname",
  ],
  'Hibernate and JDBC': [
    'SET extra_float_digits = 3',
    "SET application_name = 'PostgreSQL JDBC Driver'",
    'SHOW TRANSACTION ISOLATION LEVEL',
    'SELECT * FROM information_schema.sequences ORDER BY sequence_name',
    "SELECT NULL AS table_cat, n.nspname AS table_schem, c.relname AS table_name FROM pg_catalog.pg_namespace n, pg_catalog.pg_class c LEFT JOIN pg_catalog.pg_description d ON (c.oid = d.objoid AND d.objsubid = 0 AND d.classoid = 'pg_class'::regclass) WHERE c.relnamespace = n.oid AND n.nspname LIKE 'public' AND c.relkind IN ('r', 'p') ORDER BY 3",
    'SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL READ COMMITTED',
  ],
  'Npgsql and Entity Framework': [
    `SELECT version();
     SELECT ns.nspname, t.oid, t.typname, t.typtype, t.typnotnull, t.elemtypoid FROM (
       SELECT typ.oid, typ.typnamespace, typ.typname, typ.typtype, typ.typrelid, typ.typnotnull, typ.relkind, elemtyp.oid AS elemtypoid,
         CASE WHEN proc.proname = 'array_recv' THEN 'a' ELSE typ.typtype END AS typ FROM (
           SELECT t.oid, typnamespace, typname, typrelid, typnotnull, relkind, typelem AS elemoid, typtype, typreceive FROM pg_type t LEFT JOIN pg_class ON pg_class.oid = t.typrelid) AS typ
         LEFT JOIN pg_proc proc ON proc.oid = typ.typreceive LEFT JOIN pg_range rng ON rng.rngtypid = typ.oid LEFT JOIN pg_type elemtyp ON elemtyp.oid = typ.elemoid) AS t
       JOIN pg_namespace AS ns ON ns.oid = t.typnamespace WHERE t.typtype IN ('b', 'r', 'm', 'e', 'd') ORDER BY t.oid;
     SELECT t.oid, att.attname, att.atttypid FROM pg_type t JOIN pg_namespace ns ON ns.oid = t.typnamespace JOIN pg_class cls ON cls.oid = t.typrelid JOIN pg_attribute att ON att.attrelid = t.typrelid WHERE t.typtype = 'c' AND cls.relkind = 'c' AND attnum > 0 ORDER BY 1, att.attnum;
     SELECT pg_type.oid, enumlabel FROM pg_enum JOIN pg_type ON pg_type.oid = enumtypid ORDER BY oid, enumsortorder;`,
    `SELECT EXISTS (SELECT 1 FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE c.relname = '__EFMigrationsHistory')`,
    'DISCARD ALL',
    'SET SESSION AUTHORIZATION DEFAULT;RESET ALL;CLOSE ALL;UNLISTEN *;SELECT pg_advisory_unlock_all();DISCARD SEQUENCES;DISCARD TEMP',
    'SELECT current_user, session_user',
  ],
  asyncpg: ['SELECT pg_advisory_unlock_all(); CLOSE ALL; UNLISTEN *; RESET ALL;', 'SELECT current_user'],
  pg_dump: [
    "SELECT pg_catalog.set_config('search_path', '', false)",
    'SET DATESTYLE = ISO',
    'SET INTERVALSTYLE = POSTGRES',
    'SET extra_float_digits TO 3',
    'SET synchronize_seqscans TO off',
    'SET statement_timeout = 0',
    'SET lock_timeout = 0',
    'SET idle_in_transaction_session_timeout = 0',
    'SET row_security = off',
    'BEGIN',
    'SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY',
    'SELECT x.tableoid, x.oid, x.extname, n.nspname, x.extrelocatable, x.extversion, x.extconfig, x.extcondition FROM pg_extension x JOIN pg_namespace n ON n.oid = x.extnamespace ORDER BY 2',
    'LOCK TABLE public.orders IN ACCESS SHARE MODE',
    'COMMIT',
  ],
}

let holdpoint: RunningHoldpoint
beforeAll(async () => {
  holdpoint = await startHoldpoint()
}, 180_000)
afterAll(() => holdpoint?.[Symbol.asyncDispose]())

async function connected<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.end()
  }
}

async function answers(url: string, statements: readonly string[]): Promise<readonly unknown[]> {
  return connected(url, async (client) => {
    const all: unknown[] = []
    for (const sql of statements) {
      const results = await client.query(sql).catch((error: Error) => [error.message])
      all.push([results].flat().map((result) => (typeof result === 'string' ? result : [result.command, result.rows])))
    }
    return all
  })
}

describe.each(Object.entries(tools))('%s', (_, statements) => {
  test.each(['ana', 'report-bot'])('connects for %s as it does directly', async (name) => {
    // One after the other: some take a lock that the other would find taken.
    const theirs = await answers(holdpoint.ready.upstream, statements)
    expect(await answers(holdpoint.identity(name).postgres, statements)).toEqual(theirs)
  })
})

test.each(['ana', 'report-bot'])('and no tool of %s sees samples of values or others’ statements', async (name) => {
  const windows = [
    'SELECT * FROM pg_catalog.pg_stats WHERE tablename = $$customers$$',
    'SELECT stavalues1 FROM pg_catalog.pg_statistic',
    'SELECT pid, query FROM pg_catalog.pg_stat_activity',
    'SELECT usename, passwd FROM pg_catalog.pg_shadow',
  ]
  for (const said of await answers(holdpoint.identity(name).postgres, windows))
    expect(said).toEqual([expect.stringContaining('is a window into data')])
})
