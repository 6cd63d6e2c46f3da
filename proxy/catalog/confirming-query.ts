const FIRST_NORMAL_OID = 16_384

/** Catalog rows, as they are now: of relations $2, routines $4 and domains $6, and of whatever else is named $3 or $5. */
const rows = [
  'pg_attribute WHERE attrelid = ANY ($2::oid[])',
  'pg_attrdef WHERE adrelid = ANY ($2::oid[])',
  'pg_rewrite WHERE ev_class = ANY ($2::oid[])',
  'pg_trigger WHERE tgrelid = ANY ($2::oid[])',
  'pg_policy WHERE polrelid = ANY ($2::oid[])',
  'pg_constraint WHERE conrelid = ANY ($2::oid[])',
  'pg_constraint WHERE contypid = ANY ($6::oid[])',
  'pg_index WHERE indrelid = ANY ($2::oid[])',
  'pg_inherits WHERE inhrelid = ANY ($2::oid[])',
  'pg_inherits WHERE inhparent = ANY ($2::oid[])',
  'pg_proc WHERE oid = ANY ($4::oid[])',
  'pg_proc WHERE proname = ANY ($5::name[])',
  `pg_operator WHERE oid >= ${FIRST_NORMAL_OID}`,
  `pg_cast WHERE oid >= ${FIRST_NORMAL_OID}`,
  "pg_namespace WHERE nspname !~ '^pg_(toast_)?temp_'",
]

/**
 * Whether any of them was written by a transaction whose work is not in a snapshot ($1), and how many have the names.
 * Relations are told by their numbers, as TRUNCATE writes their rows anew and changes nothing of what they mean.
 * A row says only the lower half of its transaction's number; it is the highest such number there has been.
 */
export const confirmingQuery = `
  WITH horizon AS (
    SELECT $1::pg_snapshot AS seen, pg_snapshot_xmin($1::pg_snapshot)::text::bigint AS lowest,
           pg_snapshot_xmax(pg_current_snapshot())::text::bigint - 1 AS highest
  ), written AS (
    ${rows.map((from) => `SELECT xmin FROM ${from}`).join('\n    UNION ALL ')}
  ), numbered AS (
    SELECT DISTINCT highest - ((highest - xmin::text::bigint) & 4294967295) AS writer FROM written, horizon
  )
  SELECT EXISTS (SELECT FROM numbered, horizon
                  WHERE writer >= lowest AND NOT pg_visible_in_snapshot(writer::text::xid8, seen)) AS changed,
         (SELECT coalesce(sum(2 * oid::bigint + relrowsecurity::int), 0) FROM pg_class
           WHERE relname = ANY ($3::name[]) AND relpersistence <> 't')::text AS relations,
         (SELECT count(*) FROM pg_proc WHERE proname = ANY ($5::name[]))::int AS routines`
