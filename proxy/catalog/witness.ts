import pg from 'pg'
import { serialize } from 'pg-protocol'
import type { Footing } from './confirmations.ts'
import { RELATION_KINDS } from './marks.ts'

/**
 * A question whose answer is another after any change to what plain tables mean, and the same otherwise, for a tenth of
 * what it costs to look at their catalog rows.
 *
 * A literal `timestamptz 'now'` is read when the server analyses a statement, not when it runs. A prepared statement is
 * analysed anew, by the server's own rules, after a change to a relation whose OID is a constant in it (its name,
 * columns, defaults, constraints, triggers, rules, policies, indexes, children), and to any schema or operator. So the
 * answer is when that last happened. It takes no lock on the relations and needs no right to them. What makes no
 * statement be analysed anew is read: which relations have these names, functions by their names, casts.
 * Source: src/backend/utils/cache/plancache.c (PlanCacheRelCallback, PlanCacheSysCallback), and extract_query_dependencies
 * in src/backend/optimizer/plan/setrefs.c for constants of type oid
 */
export interface Witness {
  /** The prepared statement. */
  readonly name: string
  readonly text: string
  /** Bind and Execute. */
  readonly run: Buffer
}

/** @returns null where more than plain tables is rested on */
export function witnessText({ isPlain, relations, relationNames, routineNames, domains }: Footing): string | null {
  if (!isPlain || domains.size > 0) return null
  const parts = ["timestamptz 'now'", casts]
  if (relationNames.size > 0) parts.push(called(relationNames))
  if (routineNames.size > 0) parts.push(functions(routineNames))
  return `SELECT ${parts.join(', ')}${relations.size === 0 ? '' : ` WHERE ARRAY[${constants(relations)}] IS NOT NULL`}`
}

export function witnessOf(name: string, text: string): Witness {
  return { name, text, run: Buffer.concat([serialize.bind({ statement: name }), serialize.execute()]) }
}

/** Where a row was written tells one version of it from another. */
const VERSIONS = "array_agg(oid::text || '.' || xmin::text)"
const FIRST_NORMAL_OID = 16_384
const casts = `(SELECT ${VERSIONS} FROM pg_cast WHERE oid >= ${FIRST_NORMAL_OID})`

function called(names: ReadonlySet<string>): string {
  return `(SELECT array_agg(oid) FROM pg_class WHERE relname IN (${literals(names)}) AND relpersistence <> 't' AND relkind IN ${RELATION_KINDS})`
}

function functions(names: ReadonlySet<string>): string {
  return `(SELECT ${VERSIONS} FROM pg_proc WHERE proname IN (${literals(names)}))`
}

function literals(names: ReadonlySet<string>): string {
  return [...names].sort().map(pg.escapeLiteral).join(', ')
}

/** As text, so that they are of type oid from the start: a number would become one only when it is planned. */
function constants(oids: ReadonlySet<number>): string {
  return [...oids]
    .sort((a, b) => a - b)
    .map((oid) => `oid '${oid}'`)
    .join(', ')
}
