import pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type RunningHoldpoint, startHoldpoint } from '../harness/holdpoint.ts'

/**
 * What database browsers, ORMs and migration tools ask the catalogs, in the constructions they use for it. Written
 * here, not copied: what counts is that every construction and every catalog is answered as without Holdpoint.
 */
let holdpoint: RunningHoldpoint
let through: pg.Client
let direct: pg.Client

beforeAll(async () => {
  holdpoint = await startHoldpoint()
  through = new pg.Client({ connectionString: holdpoint.identity('ana').postgres })
  direct = new pg.Client({ connectionString: holdpoint.ready.upstream })
  await Promise.all([through.connect(), direct.connect()])
  await direct.query(`CREATE TYPE mood AS ENUM ('fine', 'less so');
    CREATE DOMAIN percentage AS numeric CHECK (VALUE BETWEEN 0 AND 100);
    CREATE TABLE surveys (id bigserial PRIMARY KEY, mood mood, share percentage, tags text[] DEFAULT '{}',
      total int GENERATED ALWAYS AS (1 + 1) STORED, at timestamptz(3) DEFAULT now(), UNIQUE (mood, share));
    CREATE INDEX surveys_lower ON surveys (lower(tags[1])) WHERE share > 5;
    COMMENT ON COLUMN surveys.share IS 'in per cent';
    CREATE FUNCTION half(n int DEFAULT 2, OUT h numeric) LANGUAGE sql IMMUTABLE AS 'SELECT n / 2.0'`)
}, 180_000)
afterAll(async () => {
  await through?.end()
  await direct?.end()
  await holdpoint?.[Symbol.asyncDispose]()
})

const browsers: Readonly<Record<string, string>> = {
  'what the session is': `SELECT version(), current_database(), current_schema(), current_user, session_user,
      current_schemas(true), current_setting('server_encoding'), pg_catalog.pg_is_in_recovery()`,
  databases: `SELECT d.oid, d.datname, pg_catalog.pg_encoding_to_char(d.encoding), d.datistemplate, d.datallowconn,
      t.spcname FROM pg_catalog.pg_database d LEFT JOIN pg_catalog.pg_tablespace t ON t.oid = d.dattablespace ORDER BY 2`,
  'schemas with comments': `SELECT n.oid, n.*, d.description FROM pg_catalog.pg_namespace n LEFT OUTER JOIN
      pg_catalog.pg_description d ON d.objoid = n.oid AND d.objsubid = 0 AND d.classoid = 'pg_namespace'::regclass
      WHERE n.nspname !~ '^pg_(toast|temp)' ORDER BY nspname`,
  'relations of a schema': `SELECT c.oid, c.*, d.description, pg_catalog.pg_get_expr(c.relpartbound, c.oid) AS bound,
      pg_catalog.pg_get_partkeydef(c.oid) AS key, pg_catalog.pg_table_is_visible(c.oid)
      FROM pg_catalog.pg_class c LEFT JOIN pg_catalog.pg_description d
        ON d.objoid = c.oid AND d.objsubid = 0 AND d.classoid = 'pg_class'::regclass
      WHERE c.relnamespace = (SELECT oid FROM pg_catalog.pg_namespace WHERE nspname = 'public')
        AND c.relkind NOT IN ('i', 'I', 'c') ORDER BY c.relname`,
  'columns of a table': `SELECT c.relname, a.*, pg_catalog.pg_get_expr(ad.adbin, ad.adrelid, true) AS def_value,
      dsc.description, dep.objid, pg_catalog.format_type(a.atttypid, a.atttypmod)
      FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_class c ON a.attrelid = c.oid
      LEFT OUTER JOIN pg_catalog.pg_attrdef ad ON a.attrelid = ad.adrelid AND a.attnum = ad.adnum
      LEFT OUTER JOIN pg_catalog.pg_description dsc ON c.oid = dsc.objoid AND a.attnum = dsc.objsubid
      LEFT OUTER JOIN pg_depend dep ON dep.refobjid = a.attrelid AND dep.deptype = 'i'
        AND dep.refobjsubid = a.attnum AND dep.classid = dep.refclassid
      WHERE NOT a.attisdropped AND c.relkind NOT IN ('i', 'I', 'c') AND c.oid = 'public.surveys'::regclass ORDER BY a.attnum`,
  'keys and checks': `SELECT c.oid, c.conname, c.contype, c.conkey, c.confkey, t.relname AS tabrelname, rt.relnamespace,
      pg_catalog.pg_get_constraintdef(c.oid) AS consrc FROM pg_catalog.pg_constraint c
      INNER JOIN pg_catalog.pg_class t ON t.oid = c.conrelid
      LEFT OUTER JOIN pg_catalog.pg_class rt ON rt.oid = c.confrelid
      WHERE t.relnamespace = 'public'::regnamespace ORDER BY c.conname, c.oid`,
  'indexes with their expressions': `SELECT i.indexrelid::regclass, i.indisunique, i.indkey::int2[], i.indoption::int2[],
      c.relname, a.amname, pg_catalog.pg_get_expr(i.indpred, i.indrelid, true) AS pred,
      pg_catalog.pg_get_indexdef(i.indexrelid, 1, true), pg_catalog.pg_get_indexdef(i.indexrelid)
      FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid
      JOIN pg_catalog.pg_am a ON a.oid = c.relam JOIN pg_catalog.pg_class tc ON tc.oid = i.indrelid
      WHERE tc.relnamespace = 'public'::regnamespace ORDER BY c.relname`,
  'functions and their arguments': `SELECT p.oid, p.proname, pg_catalog.pg_get_function_identity_arguments(p.oid),
      pg_catalog.pg_get_function_result(p.oid), l.lanname FROM pg_catalog.pg_proc p
      JOIN pg_catalog.pg_language l ON l.oid = p.prolang WHERE p.pronamespace = 'public'::regnamespace ORDER BY 2`,
  'types with their elements': `SELECT t.oid, t.typname, t.typtype, t.typcategory, t.typbasetype, c.relkind,
      pg_catalog.format_type(nullif(t.typbasetype, 0), t.typtypmod) AS base,
      (SELECT array_agg(e.enumlabel ORDER BY e.enumsortorder) FROM pg_catalog.pg_enum e WHERE e.enumtypid = t.oid) AS labels
      FROM pg_catalog.pg_type t LEFT JOIN pg_catalog.pg_class c ON c.oid = t.typrelid
      WHERE t.typname IS NOT NULL AND (c.relkind IS NULL OR c.relkind = 'c') ORDER BY t.oid`,
  'views as they are written': `SELECT c.relname, pg_catalog.pg_get_viewdef(c.oid, true) FROM pg_catalog.pg_class c
      WHERE c.relkind IN ('v', 'm') AND c.relnamespace = 'public'::regnamespace ORDER BY 1`,
  'roles and what they may': `SELECT r.rolname, r.rolsuper, r.rolcanlogin,
      pg_catalog.has_schema_privilege(r.oid, 'public', 'USAGE'),
      pg_catalog.has_table_privilege(r.oid, 'public.orders', 'SELECT') FROM pg_catalog.pg_roles r ORDER BY 1`,
  'grants on a table': `SELECT c.relname, a.privilege_type, a.is_grantable, a.grantee::regrole::text FROM pg_catalog.pg_class c,
      LATERAL pg_catalog.aclexplode(coalesce(c.relacl, pg_catalog.acldefault('r', c.relowner))) AS a
      WHERE c.oid = 'public.orders'::regclass ORDER BY 2`,
  sequences: `SELECT schemaname, sequencename, start_value, increment_by FROM pg_catalog.pg_sequences ORDER BY 2`,
  'extensions and settings': `SELECT e.extname, e.extversion, (SELECT count(*) FROM pg_catalog.pg_available_extensions) > 0
      FROM pg_catalog.pg_extension e ORDER BY 1`,
  keywords: `SELECT string_agg(word, ',' ORDER BY word) FROM pg_catalog.pg_get_keywords() WHERE catcode = 'R'`,
  sizes: `SELECT pg_catalog.pg_relation_size('public.orders'::regclass) > 0,
      pg_catalog.pg_size_pretty(pg_catalog.pg_total_relation_size('public.orders'::regclass)) <> ''`,
}

const mappers: Readonly<Record<string, string>> = {
  'tables by kind': `SELECT tbl.relname AS table_name, namespace.nspname AS namespace,
      (tbl.relhassubclass AND tbl.relkind = 'p') AS is_partition,
      (tbl.relrowsecurity) AS has_row_level_security, reloptions, obj_description(tbl.oid, 'pg_class') AS description
      FROM pg_class AS tbl INNER JOIN pg_namespace AS namespace ON namespace.oid = tbl.relnamespace
      WHERE (tbl.relkind = 'r' AND tbl.relispartition = 'f' OR tbl.relkind = 'p') AND namespace.nspname = ANY (ARRAY['public'])
      ORDER BY namespace, table_name`,
  'columns of information_schema joined to pg_attribute': `SELECT oid.namespace, info.table_name, info.column_name,
      format_type(att.atttypid, att.atttypmod) AS formatted_type, info.numeric_precision, info.numeric_scale,
      info.character_maximum_length, info.data_type, info.udt_schema AS type_schema_name, info.udt_name AS full_data_type,
      pg_get_expr(attdef.adbin, attdef.adrelid) AS column_default, info.is_nullable, info.is_identity, info.is_generated
      FROM information_schema.columns info
      JOIN pg_attribute att ON att.attname = info.column_name
      JOIN (SELECT pg_class.oid, relname, pg_namespace.nspname AS namespace FROM pg_class
              JOIN pg_namespace ON pg_namespace.oid = pg_class.relnamespace AND pg_namespace.nspname = ANY (ARRAY['public'])
           ) AS oid ON oid.oid = att.attrelid AND relname = info.table_name AND namespace = info.table_schema
      LEFT OUTER JOIN pg_attrdef attdef ON attdef.adrelid = att.attrelid AND attdef.adnum = att.attnum
      ORDER BY namespace, info.table_name, info.ordinal_position`,
  'foreign keys by unnested pairs': `SELECT con.oid AS con_id, att2.attname AS child_column, cl.relname AS parent_table,
      att.attname AS parent_column, con.confdeltype, con.confupdtype, con.conname, con.child, con.parent, con.colidx
      FROM (SELECT rel.relname AS child, con1.confrelid::regclass::text AS parent, unnest(con1.conkey) AS parent_no,
                   unnest(con1.confkey) AS child_no, con1.oid, con1.conname, con1.confdeltype, con1.confupdtype,
                   con1.conrelid, con1.confrelid, generate_subscripts(con1.conkey, 1) AS colidx
              FROM pg_class rel JOIN pg_constraint con1 ON con1.conrelid = rel.oid
             WHERE con1.contype = 'f' AND rel.relnamespace = 'public'::regnamespace) con
      JOIN pg_attribute att ON att.attrelid = con.confrelid AND att.attnum = con.child_no
      JOIN pg_class cl ON cl.oid = con.confrelid
      JOIN pg_attribute att2 ON att2.attrelid = con.conrelid AND att2.attnum = con.parent_no
      ORDER BY con_id, colidx`,
  'indexes by ordinality': `WITH rawindex AS (
        SELECT indrelid, indexrelid, indisunique, indisprimary, unnest(indkey) AS indkeyid,
               generate_subscripts(indkey, 1) AS indkeyidx, unnest(indclass) AS indclass, unnest(indoption) AS indoption
          FROM pg_index WHERE indpred IS NULL AND NOT indisexclusion)
      SELECT schemainfo.nspname, indexinfo.relname AS index_name, tableinfo.relname AS table_name,
             columninfo.attname AS column_name, rawindex.indisunique, rawindex.indisprimary, rawindex.indkeyidx,
             opclass.opcname, opclass.opcdefault, indexaccess.amname,
             CASE rawindex.indoption & 1 WHEN 1 THEN 'DESC' ELSE 'ASC' END AS column_order,
             pg_get_indexdef(rawindex.indexrelid) ~* 'using btree' AS is_btree
        FROM rawindex
        JOIN pg_class tableinfo ON tableinfo.oid = rawindex.indrelid
        JOIN pg_class indexinfo ON indexinfo.oid = rawindex.indexrelid
        JOIN pg_namespace schemainfo ON schemainfo.oid = tableinfo.relnamespace
        LEFT JOIN pg_attribute columninfo ON columninfo.attrelid = tableinfo.oid AND columninfo.attnum = rawindex.indkeyid
        JOIN pg_am indexaccess ON indexaccess.oid = indexinfo.relam
        LEFT JOIN pg_opclass opclass ON opclass.oid = rawindex.indclass
       WHERE schemainfo.nspname = 'public' ORDER BY 1, 3, 2, rawindex.indkeyidx`,
  enums: `SELECT t.typname AS name, e.enumlabel AS value, n.nspname AS namespace, d.description FROM pg_type t
      JOIN pg_enum e ON t.oid = e.enumtypid JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace
      LEFT JOIN pg_description d ON d.objoid = t.oid WHERE n.nspname = ANY (ARRAY['public']) ORDER BY e.enumsortorder`,
  'constraints of information_schema': `SELECT tc.constraint_name, tc.constraint_type, kcu.column_name, ccu.table_name AS references_table,
      ccu.column_name AS references_field, rc.update_rule, rc.delete_rule
      FROM information_schema.table_constraints tc
      LEFT JOIN information_schema.key_column_usage kcu USING (constraint_catalog, constraint_schema, constraint_name)
      LEFT JOIN information_schema.referential_constraints rc USING (constraint_catalog, constraint_schema, constraint_name)
      LEFT JOIN information_schema.constraint_column_usage ccu
        ON rc.unique_constraint_name = ccu.constraint_name AND rc.unique_constraint_schema = ccu.constraint_schema
      WHERE tc.table_schema = 'public' AND tc.constraint_type <> 'CHECK' ORDER BY 1, 2, 3, 4, 5`,
  'whether a table is there': `SELECT EXISTS (SELECT 1 FROM information_schema.tables
      WHERE table_schema = 'public' AND table_name = '_migrations') AS "exists", to_regclass('public._migrations')`,
  'columns by USING and col_description': `SELECT c.column_name, c.is_nullable = 'YES' AS nullable, c.column_default,
      pg_catalog.col_description(format('%s.%s', c.table_schema, c.table_name)::regclass::oid, c.ordinal_position) AS comment
      FROM information_schema.columns c WHERE c.table_name = 'surveys' ORDER BY c.ordinal_position`,
  'defaults of serials': `SELECT a.attname, pg_get_serial_sequence('public.surveys', a.attname) FROM pg_attribute a
      WHERE a.attrelid = '"surveys"'::regclass AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum`,
  'types for a driver': `SELECT t.oid, t.typname, t.typelem, t.typdelim, t.typinput::text, r.rngsubtype, t.typtype, t.typbasetype
      FROM pg_type AS t LEFT JOIN pg_range AS r ON t.oid = r.rngtypid
      WHERE t.typname IN ('int2', 'int4', 'text', 'mood', 'percentage', '_text', 'int4range') ORDER BY 1`,
  'an array of rows as JSON': `SELECT json_agg(json_build_object('name', x.relname, 'columns', x.columns)) FROM (
      SELECT c.relname, (SELECT json_agg(a.attname ORDER BY a.attnum) FROM pg_attribute a
                          WHERE a.attrelid = c.oid AND a.attnum > 0) AS columns
        FROM pg_class c WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace ORDER BY 1) x`,
}

async function same(text: string): Promise<void> {
  const [ours, theirs] = await Promise.all([through.query(text), direct.query(text)])
  expect(ours.fields.map(({ name, dataTypeID }) => [name, dataTypeID])).toEqual(
    theirs.fields.map(({ name, dataTypeID }) => [name, dataTypeID]),
  )
  expect(ours.rows).toEqual(theirs.rows)
  expect(ours.rowCount).toBeGreaterThan(0)
}

test.each(Object.keys(browsers))('a database browser reads %s', (name) => same(browsers[name] as string))

test.each(Object.keys(mappers))('an object mapper reads %s', (name) => same(mappers[name] as string))
