import { RELATION_KINDS } from './marks.ts'

/**
 * The queries behind a snapshot, for PostgreSQL 13 to 18. They run in one read-only transaction with an empty search path,
 * so that every expression comes back with its names qualified. Temporary relations of any session are left out: a
 * session's own are asked for in the session.
 */

/** Rows of these count as shipped with the server: FirstNormalObjectId in access/transam.h. */
const FIRST_NORMAL_OID = 16_384

const visible = `n.nspname !~ '^pg_(toast_)?temp_'`

export const schemas = `SELECT nspname FROM pg_namespace n WHERE ${visible}`

/** A query over everything, or over the relations $1 alone. */
export type OfRelations = (some: boolean) => string

const among = (some: boolean, ...columns: readonly string[]): string =>
  some ? `AND (${columns.map((column) => `${column} = ANY ($1::oid[])`).join(' OR ')})` : ''

export const relations: OfRelations = (some) => `
  SELECT c.oid, n.nspname, c.relname, c.relkind, c.reltype, c.relrowsecurity, c.reltoastrelid,
         c.oid < ${FIRST_NORMAL_OID},
         a.numbers, a.names, a.types, a.expressions, a.generated
    FROM pg_class c
    JOIN pg_namespace n ON n.oid = c.relnamespace
    LEFT JOIN (
      SELECT a.attrelid,
             json_agg(a.attnum ORDER BY a.attnum) AS numbers,
             json_agg(a.attname ORDER BY a.attnum) AS names,
             json_agg(a.atttypid::bigint ORDER BY a.attnum) AS types,
             CASE WHEN bool_or(a.atthasdef)
                  THEN json_agg(pg_get_expr(d.adbin, d.adrelid) ORDER BY a.attnum) END AS expressions,
             CASE WHEN bool_or(a.attgenerated <> '')
                  THEN json_agg(a.attgenerated <> '' ORDER BY a.attnum) END AS generated
        FROM pg_attribute a
        LEFT JOIN pg_attrdef d ON a.atthasdef AND d.adrelid = a.attrelid AND d.adnum = a.attnum
       WHERE a.attnum > 0 AND NOT a.attisdropped ${among(some, 'a.attrelid')}
       GROUP BY a.attrelid
    ) a ON a.attrelid = c.oid
   WHERE c.relkind IN ${RELATION_KINDS} AND ${visible} ${among(some, 'c.oid')}`

/** They have names among the relations and are read by nobody. */
export const indexes: OfRelations = (some) => `
  SELECT c.oid, n.nspname, c.relname, x.indrelid
    FROM pg_index x JOIN pg_class c ON c.oid = x.indexrelid JOIN pg_namespace n ON n.oid = c.relnamespace
   WHERE ${visible} AND n.nspname <> 'pg_toast' ${among(some, 'x.indrelid')}`

export const inheritance: OfRelations = (some) =>
  `SELECT inhrelid, inhparent FROM pg_inherits WHERE true ${among(some, 'inhrelid', 'inhparent')}`

export const views: OfRelations = (some) => `
  SELECT c.oid, pg_get_viewdef(c.oid)
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
   WHERE c.relkind IN ('v', 'm') AND c.oid >= ${FIRST_NORMAL_OID} AND ${visible} ${among(some, 'c.oid')}`

export const rules: OfRelations = (some) => `
  SELECT r.ev_class, r.rulename, pg_get_ruledef(r.oid)
    FROM pg_rewrite r JOIN pg_class c ON c.oid = r.ev_class JOIN pg_namespace n ON n.oid = c.relnamespace
   WHERE r.rulename <> '_RETURN' AND r.ev_enabled <> 'D' AND r.oid >= ${FIRST_NORMAL_OID} AND ${visible}
         ${among(some, 'r.ev_class')}`

/** Row-level and internal ones are listed too: a foreign key's are internal, and known by their functions. */
export const triggers: OfRelations = (some) => `
  SELECT t.tgrelid, t.tgname, t.tgfoid, t.tgtype, CASE WHEN t.tgqual IS NOT NULL OR t.tgdeferrable OR t.tgoldtable IS NOT NULL OR t.tgnewtable IS NOT NULL
              THEN pg_get_triggerdef(t.oid) END
    FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace
   WHERE t.tgenabled <> 'D' AND t.tgfoid >= ${FIRST_NORMAL_OID} AND ${visible} ${among(some, 't.tgrelid')}`

export const expressions: OfRelations = (some) => `
  SELECT k.conrelid, k.conname, 'write', pg_get_expr(k.conbin, k.conrelid)
    FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace
   WHERE k.contype = 'c' AND k.oid >= ${FIRST_NORMAL_OID} AND ${visible} ${among(some, 'k.conrelid')}
  UNION ALL
  SELECT i.indrelid, c.relname, 'write', e.sql
    FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_namespace n ON n.oid = c.relnamespace,
         LATERAL (VALUES (pg_get_expr(i.indexprs, i.indrelid)), (pg_get_expr(i.indpred, i.indrelid))) AS e (sql)
   WHERE e.sql IS NOT NULL AND i.indexrelid >= ${FIRST_NORMAL_OID} AND ${visible} ${among(some, 'i.indrelid')}
  UNION ALL
  SELECT p.polrelid, p.polname, e.kind, e.sql
    FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid JOIN pg_namespace n ON n.oid = c.relnamespace,
         LATERAL (VALUES ('read', pg_get_expr(p.polqual, p.polrelid)),
                         ('write', pg_get_expr(p.polwithcheck, p.polrelid))) AS e (kind, sql)
   WHERE e.sql IS NOT NULL AND c.relrowsecurity AND ${visible} ${among(some, 'p.polrelid')}
  UNION ALL
  SELECT p.partrelid, c.relname, 'write', pg_get_expr(p.partexprs, p.partrelid)
    FROM pg_partitioned_table p JOIN pg_class c ON c.oid = p.partrelid JOIN pg_namespace n ON n.oid = c.relnamespace
   WHERE p.partexprs IS NOT NULL AND ${visible} ${among(some, 'p.partrelid')}`

export const cascades: OfRelations = (some) => `
  SELECT k.conname, k.conrelid, k.confrelid, k.confdeltype, k.confupdtype
    FROM pg_constraint k
   WHERE k.contype = 'f' AND (k.confdeltype IN ('c', 'n', 'd') OR k.confupdtype IN ('c', 'n', 'd'))
         ${among(some, 'k.conrelid', 'k.confrelid')}`

/**
 * @param builtin those shipped with the server, or all others
 * @param atomicBodies pg_proc.prosqlbody exists: PostgreSQL 14 and later
 */
export function routines(builtin: boolean, atomicBodies: boolean): string {
  const atomic = atomicBodies ? 'p.prosqlbody IS NOT NULL' : 'false'
  const body = atomicBodies
    ? 'CASE WHEN p.prosqlbody IS NULL THEN p.prosrc ELSE pg_get_function_sqlbody(p.oid) END'
    : 'p.prosrc'
  return `
  SELECT p.oid, n.nspname, p.proname, p.prokind, p.provolatile, l.lanname,
         to_json(p.proargtypes::oid[]::bigint[]), to_json(p.proargnames), to_json(p.proargmodes),
         to_json(p.proallargtypes::bigint[]), p.pronargdefaults, p.provariadic <> 0, p.proretset, p.prorettype,
         p.oid < ${FIRST_NORMAL_OID}, e.extname,
         CASE WHEN l.lanname IN ('sql', 'plpgsql') AND p.oid >= ${FIRST_NORMAL_OID} THEN ${body} END, ${atomic},
         to_json(p.proconfig), p.prosecdef,
         CASE WHEN p.oid >= ${FIRST_NORMAL_OID} THEN encode(sha256(convert_to(concat_ws(chr(1), n.nspname, p.proname,
           l.lanname, p.proowner, p.prosecdef, p.provolatile, p.proargtypes, p.prorettype, p.proconfig, p.probin,
           p.proargdefaults, ${body}), 'UTF8')), 'hex') ELSE '' END,
         CASE WHEN p.prokind = 'a' AND p.oid >= ${FIRST_NORMAL_OID}
              THEN (SELECT json_agg(f::oid::bigint) FROM pg_aggregate g, LATERAL (VALUES (g.aggtransfn), (g.aggfinalfn),
                    (g.aggcombinefn), (g.aggserialfn), (g.aggdeserialfn), (g.aggmtransfn), (g.aggminvtransfn),
                    (g.aggmfinalfn)) AS v (f)
                    WHERE g.aggfnoid = p.oid AND f::oid >= ${FIRST_NORMAL_OID}) END,
         CASE WHEN p.oid >= ${FIRST_NORMAL_OID} THEN pg_get_expr(p.proargdefaults, 0) END,
         l.lanname = 'internal' AND p.prosrc ~ '^(multi)?range_constructor[0-3]$'
    FROM pg_proc p
    JOIN pg_namespace n ON n.oid = p.pronamespace
    JOIN pg_language l ON l.oid = p.prolang
    LEFT JOIN pg_depend d ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e'
    LEFT JOIN pg_extension e ON e.oid = d.refobjid
   WHERE p.oid ${builtin ? '<' : '>='} ${FIRST_NORMAL_OID}`
}

/**
 * Row types of tables, and arrays of them, are found through their table.
 * @param multiranges pg_range.rngmultitypid exists: PostgreSQL 14 and later
 */
export function types(multiranges: boolean): string {
  const ofRange = multiranges ? 't.oid IN (g.rngtypid, g.rngmultitypid)' : 'g.rngtypid = t.oid'
  return `
  SELECT t.oid, n.nspname, t.typname, t.typtype, t.typrelid, t.typelem, t.typbasetype, k.checks,
         CASE WHEN g.rngtypid = t.oid THEN g.rngsubtype ELSE g.rngtypid END,
         g.rngcanonical >= ${FIRST_NORMAL_OID} OR g.rngsubopc >= ${FIRST_NORMAL_OID}
    FROM pg_type t
    JOIN pg_namespace n ON n.oid = t.typnamespace
    LEFT JOIN pg_class c ON c.oid = t.typrelid
    LEFT JOIN (SELECT contypid, json_agg(pg_get_expr(conbin, 0)) AS checks
                 FROM pg_constraint WHERE contypid <> 0 AND contype = 'c' GROUP BY contypid) k ON k.contypid = t.oid
    LEFT JOIN pg_type element ON t.typcategory = 'A' AND element.oid = t.typelem
    LEFT JOIN pg_class row ON row.oid = element.typrelid
    LEFT JOIN pg_range g ON t.typtype IN ('r', 'm') AND ${ofRange}
   WHERE (t.typrelid = 0 OR c.relkind = 'c') AND (row.oid IS NULL OR row.relkind = 'c') AND ${visible}`
}

export const operators = `
  SELECT n.nspname, o.oprname, o.oprleft, o.oprright, o.oprcode::oid
    FROM pg_operator o JOIN pg_namespace n ON n.oid = o.oprnamespace
   WHERE o.oid >= ${FIRST_NORMAL_OID}`

export const casts = `
  SELECT castsource, casttarget, castfunc, castcontext FROM pg_cast WHERE oid >= ${FIRST_NORMAL_OID}`

export const eventTriggers = `
  SELECT evtname, evtevent, evtfoid, to_json(evttags) FROM pg_event_trigger WHERE evtenabled <> 'D'`

/**
 * The schemas each role may not use. Only the login role's are asked for where there are very many roles: another
 * role's search path is then not known, and nothing unqualified resolves for it.
 */
export const roles = `
  SELECT r.rolname, (SELECT json_agg(n.nspname) FROM pg_namespace n
                      WHERE ${visible} AND NOT has_schema_privilege(r.oid, n.oid, 'USAGE'))
    FROM pg_roles r
   WHERE r.rolname = current_user OR (SELECT count(*) FROM pg_roles) <= 200`

export const server = `SELECT current_setting('server_version_num')::int, current_user`

/**
 * What is printed with names of the relations $1 in it: relations with views, rules, defaults, checks and the like over
 * them, and whether it is a function or a domain.
 */
export const dependents = `
  SELECT DISTINCT coalesce(r.ev_class, a.adrelid, nullif(k.conrelid, 0), t.tgrelid, p.polrelid, x.indrelid, c.oid)::bigint
         AS relation, d.classid = 'pg_proc'::regclass, k.contypid <> 0
    FROM pg_depend d
    LEFT JOIN pg_rewrite r ON d.classid = 'pg_rewrite'::regclass AND r.oid = d.objid
    LEFT JOIN pg_attrdef a ON d.classid = 'pg_attrdef'::regclass AND a.oid = d.objid
    LEFT JOIN pg_constraint k ON d.classid = 'pg_constraint'::regclass AND k.oid = d.objid
    LEFT JOIN pg_trigger t ON d.classid = 'pg_trigger'::regclass AND t.oid = d.objid
    LEFT JOIN pg_policy p ON d.classid = 'pg_policy'::regclass AND p.oid = d.objid
    LEFT JOIN pg_index x ON d.classid = 'pg_class'::regclass AND x.indexrelid = d.objid
    LEFT JOIN pg_class c ON d.classid = 'pg_class'::regclass AND c.oid = d.objid AND c.relkind IN ${RELATION_KINDS}
   WHERE d.refclassid = 'pg_class'::regclass AND d.refobjid = ANY ($1::oid[])`

/**
 * Cheap signs of life: how far transactions have come, and what the statistics say was written to the catalogs. The
 * first standing still means that nothing changed; the second moving means that something may have. A session's
 * statistics can be ten seconds late, so its standing still means nothing.
 */
export const changeSigns = `
  SELECT pg_current_snapshot()::text AS transactions,
         (SELECT sum(pg_stat_get_tuples_inserted(oid) + pg_stat_get_tuples_updated(oid) + pg_stat_get_tuples_deleted(oid))
            FROM pg_class WHERE oid < ${FIRST_NORMAL_OID} AND relkind = 'r')::text AS writes`

/** The cluster, and the database in it. */
export const identify = `SELECT (SELECT system_identifier FROM pg_control_system()) || '/' || oid AS database
  FROM pg_database WHERE datname = current_database()`
