import type { QueryValues } from './reading.ts'

/**
 * How a change is told: every catalog row that is written gets a new xmin, so that the sum of a hash of them differs after
 * a change, wherever it was made and whatever it was, a row that is gone included. 32 bits of each hash are summed up, so
 * that sums stay exact as numbers. Temporary relations come and go all the time and are left out.
 */
const hashed = (value: string) => `(hashint8extended(${value}, 0) & 4294967295)`
const written = hashed('xmin::text::bigint')

/** What has columns and can be named in a query: everything but indexes and TOAST tables. */
export const RELATION_KINDS = `('r', 'p', 'v', 'm', 'f', 'S', 'c')`

/** Of pg_class what a relation means by it: TRUNCATE, ANALYZE and GRANT write their rows anew and change nothing of that. */
const ofClass = `(hashtextextended(concat_ws(' ', relname, relnamespace, relkind, relrowsecurity, reltype, reltoastrelid), 0)
  & 4294967295)`

const named = (name: string) => `(hashtextextended(${name}, 0) & 4294967295)`

/** Catalog rows by the relation that they say something of. */
const parts: readonly (readonly [relation: string, from: string, hash: string])[] = [
  ['oid', `pg_class WHERE relkind IN ${RELATION_KINDS}`, ofClass],
  ['attrelid', 'pg_attribute WHERE attnum > 0', written],
  ['adrelid', 'pg_attrdef WHERE true', written],
  ['ev_class', 'pg_rewrite WHERE true', written],
  ['tgrelid', 'pg_trigger WHERE true', written],
  ['polrelid', 'pg_policy WHERE true', written],
  ['conrelid', 'pg_constraint WHERE conrelid <> 0', written],
  ['confrelid', 'pg_constraint WHERE confrelid <> 0', written],
  ['indrelid', 'pg_index WHERE true', written],
  ['indrelid', 'pg_index JOIN pg_class i ON i.oid = indexrelid WHERE true', named('i.relname::text')],
  ['inhrelid', 'pg_inherits WHERE true', written],
  ['inhparent', 'pg_inherits WHERE true', written],
  ['partrelid', 'pg_partitioned_table WHERE true', written],
]

/** @param only the relations that are asked about, as SQL for an array of OIDs */
function partsOf(only: string | null): string {
  const some = ([relation, from, hash]: (typeof parts)[number]) =>
    `SELECT ${relation} AS relation, ${hash} AS hash FROM ${from}${only === null ? '' : ` AND ${relation} = ANY (${only})`}`
  return parts.map(some).join('\n    UNION ALL ')
}

const permanent = `JOIN pg_class c ON c.oid = p.relation AND c.relpersistence <> 't' AND c.relkind IN ${RELATION_KINDS}`

/** So many OIDs are compared as one; in a bucket that differs each relation is. */
const BUCKET = 64

export const buckets = `
  SELECT p.relation::bigint / ${BUCKET}, sum(p.hash)::float8 FROM (${partsOf(null)}) p ${permanent} GROUP BY 1`

/** @param some only of the relations of the buckets $1 */
export function relationMarks(some: boolean): string {
  const only = some
    ? `ARRAY(SELECT oid FROM pg_class WHERE oid::bigint / ${BUCKET} = ANY ($1::bigint[]) AND relkind IN ${RELATION_KINDS})`
    : null
  return `SELECT p.relation, sum(p.hash)::float8 FROM (${partsOf(only)}) p ${permanent} GROUP BY 1`
}

export function bucketOf(oid: number): number {
  return Math.floor(oid / BUCKET)
}

const FIRST_NORMAL_OID = 16_384
const sumOf = (from: string, hash = written) => `(SELECT coalesce(sum(${hash}), 0)::float8 FROM ${from})`
/** Not those of tables' rows, and of arrays of them. */
const ownTypes = `pg_type t WHERE t.typtype <> 'c' AND NOT EXISTS (SELECT FROM pg_type row WHERE row.oid = t.typelem
  AND row.typtype = 'c') OR EXISTS (SELECT FROM pg_class WHERE oid = t.typrelid AND relkind = 'c')`
const visible = `nspname !~ '^pg_(toast_)?temp_'`

/** What is not of one relation, list by list. */
export const lists = {
  schemas: sumOf(`pg_namespace WHERE ${visible}`),
  roles: `${sumOf('pg_auth_members')} + ${sumOf('pg_roles', named("oid || ' ' || rolname || rolsuper || rolinherit"))}`,
  builtin: sumOf(`pg_proc WHERE oid < ${FIRST_NORMAL_OID}`),
  routines: `${sumOf(`pg_proc WHERE oid >= ${FIRST_NORMAL_OID}`)} + ${sumOf('pg_aggregate')}`,
  types: `${sumOf(ownTypes, hashed('t.xmin::text::bigint'))} + ${sumOf('pg_constraint WHERE contypid <> 0')} + ${sumOf('pg_range')}`,
  operators: `${sumOf(`pg_operator WHERE oid >= ${FIRST_NORMAL_OID}`)} + ${sumOf(`pg_cast WHERE oid >= ${FIRST_NORMAL_OID}`)}`,
  eventTriggers: sumOf('pg_event_trigger'),
} as const

export type ListName = keyof typeof lists

export const listMarks = `SELECT ${Object.values(lists).join(',\n         ')}`

/** By name, for functions; by OID of the type, for the checks of domains. */
export const routineMarks = `SELECT proname, sum(${written})::float8 FROM pg_proc GROUP BY 1`
export const checkMarks = `SELECT contypid, sum(${written})::float8 FROM pg_constraint WHERE contypid <> 0 GROUP BY 1`

/**
 * The same again of relations $1 and whatever is called $2, of functions called $3, and of the checks of domains $4; and
 * of what any statement may use.
 */
export const confirming = `
  SELECT (SELECT coalesce(sum(p.hash), 0)::float8 FROM (${partsOf('$1::oid[]')}) p ${permanent}) AS relations,
         (SELECT coalesce(sum(oid::bigint), 0)::float8 FROM pg_class
           WHERE relname = ANY ($2::name[]) AND relpersistence <> 't' AND relkind IN ${RELATION_KINDS}) AS names,
         ${sumOf('pg_proc WHERE proname = ANY ($3::name[])')} AS routines,
         ${sumOf('pg_constraint WHERE contypid = ANY ($4::oid[])')} AS checks,
         ${lists.operators} + ${lists.schemas} AS others`

/** All marks of one moment. */
export interface Marks {
  readonly lists: Readonly<Record<ListName, number>>
  readonly buckets: ReadonlyMap<number, number>
  readonly relations: ReadonlyMap<number, number>
  readonly routineNames: ReadonlyMap<string, number>
  readonly checks: ReadonlyMap<number, number>
}

export function listMarksOf(row: QueryValues): Marks['lists'] {
  return Object.fromEntries(Object.keys(lists).map((name, index) => [name, row[index] as number])) as never
}
