import pg from 'pg'
import { serialize } from 'pg-protocol'
import type { Footing } from './confirmations.ts'

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
  /** The same and Sync. */
  readonly alone: Buffer
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
  const run = Buffer.concat([serialize.bind({ statement: name, binary: true }), serialize.execute()])
  return { name, text, run, alone: Buffer.concat([run, serialize.sync()]) }
}

/** Whoever writes a row leaves the number of the transaction in it, so these tell rows that are new, written anew or gone. */
const versions = (from: string) => `ARRAY(SELECT xmin FROM ${from})`
const FIRST_NORMAL_OID = 16_384
const casts = versions(`pg_cast WHERE oid >= ${FIRST_NORMAL_OID}`)

/** By OID, for TRUNCATE, ANALYZE and GRANT write rows anew that mean what they did. */
function called(names: ReadonlySet<string>): string {
  return `ARRAY(SELECT oid FROM pg_class WHERE relname IN (${literals(names)}) AND relpersistence <> 't')`
}

function functions(names: ReadonlySet<string>): string {
  return versions(`pg_proc WHERE proname IN (${literals(names)})`)
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
