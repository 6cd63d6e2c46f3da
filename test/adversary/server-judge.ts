import type pg from 'pg'
import type { Facts } from '../../policies/input.ts'

/**
 * What the server did in a transaction, by four witnesses: the counters of rows, the locks, whether it was given a
 * transaction id, and what EXPLAIN says that it looks into.
 */
export interface Deed {
  /** A transaction that writes anything has an id. */
  readonly hasId: boolean
  /** `schema.name` of relations that rows were written to. */
  readonly written: readonly string[]
  /** `schema.name mode` of locks that keep others from writing, or that writing takes. */
  readonly locked: readonly string[]
  /** `schema.name` of what the plan reads or writes; empty where there is no plan. */
  readonly planned: readonly string[]
}

/** They count on where a transaction before, which was taken back, has not been reported yet: also under another name. */
const COUNTERS = `SELECT relid, schemaname || '.' || relname AS name, n_tup_ins + n_tup_upd + n_tup_del AS rows
  FROM pg_stat_xact_user_tables WHERE schemaname !~ '^pg_(toast_)?temp'`

interface Counter {
  readonly name: string
  readonly rows: number
}

/** By OID. */
async function countersOf(client: pg.Client): Promise<ReadonlyMap<number, Counter>> {
  const { rows } = await client.query<{ relid: number; name: string; rows: string }>(COUNTERS)
  return new Map(rows.map(({ relid, name, rows: count }) => [relid, { name, rows: Number(count) }]))
}

/** currval, which reads, takes the lock on its sequence that nextval takes. */
const DONE = `
  SELECT pg_current_xact_id_if_assigned() IS NOT NULL AS "hasId",
         ARRAY(SELECT DISTINCT coalesce(relation::regclass::text, locktype) || ' ' || mode FROM pg_locks
                WHERE pid = pg_backend_pid() AND locktype IN ('relation', 'object')
                  AND mode NOT IN ('AccessShareLock', 'RowShareLock')
                  AND NOT (mode = 'RowExclusiveLock' AND relation IN (SELECT oid FROM pg_class WHERE relkind = 'S'))) AS locked`

/** Runs it and takes it back. @returns null where the server refuses it */
export async function deedOf(client: pg.Client, sql: string, facts: Facts): Promise<Deed | null> {
  await client.query('BEGIN')
  try {
    const planned = PLANNED.has(facts.kind) ? await plannedBy(client, sql) : []
    const before = await countersOf(client)
    await client.query(sql)
    const { rows } = await client.query(DONE)
    const after = [...(await countersOf(client))]
    const written = after.filter(([oid, now]) => now.rows > (before.get(oid)?.rows ?? 0)).map(([, { name }]) => name)
    return { ...rows[0], written, planned }
  } catch {
    return null
  } finally {
    await client.query('ROLLBACK')
    await client.query('DEALLOCATE ALL')
  }
}

const PLANNED: ReadonlySet<string> = new Set(['select', 'insert', 'update', 'delete', 'merge'])

async function plannedBy(client: pg.Client, sql: string): Promise<readonly string[]> {
  const { rows } = await client.query(`EXPLAIN (VERBOSE, COSTS off, FORMAT JSON) ${sql}`)
  const found = new Set<string>()
  collect(rows[0]['QUERY PLAN'], found)
  return [...found]
}

function collect(plan: unknown, found: Set<string>): void {
  if (typeof plan !== 'object' || plan === null) return
  const { 'Relation Name': name, Schema: schema } = plan as Readonly<Record<string, unknown>>
  if (typeof name === 'string' && !/^(pg_|information_schema)/.test(String(schema))) found.add(`${schema}.${name}`)
  for (const inner of Object.values(plan)) collect(inner, found)
}

const HARMLESS: ReadonlySet<string> = new Set(['read', 'transaction', 'session'])
const PASSIVE: ReadonlySet<string> = new Set(['select', 'lock'])
const GIVES_AN_ID = /^(txid_current|pg_current_xact_id)$/

/** @param parents of children and partitions, `schema.name` by `schema.name`: facts name the parent */
export function contradictions(facts: Facts, deed: Deed, parents: ReadonlyMap<string, readonly string[]>): string[] {
  const isRead = facts.effects.every((effect) => HARMLESS.has(effect)) && !facts.flags.includes('row_locks')
  const isPlanned = facts.flags.includes('explain') && !facts.flags.includes('explain_analyze')
  const asksForId = facts.functions.some(({ name }) => GIVES_AN_ID.test(name))
  const named = facts.relations.map(({ schema, name, access, temporary }) => {
    return { name: temporary ? name : `${schema}.${name}`, writes: access.some((one) => !PASSIVE.has(one)) }
  })
  const has = (relation: string, writes: boolean): boolean =>
    named.some((one) => one.name === relation && (one.writes || !writes)) ||
    (parents.get(relation) ?? []).some((parent) => has(parent, writes))
  // Planning locks a target as running would, and writes nothing.
  const locked = deed.locked.filter((lock) => !(isPlanned && lock.endsWith(' RowExclusiveLock')))
  return [
    ...(isRead && deed.hasId && !asksForId && !isPlanned ? ['called a read, and has a transaction id'] : []),
    ...(isRead ? deed.written.map((relation) => `called a read, and wrote to ${relation}`) : []),
    ...(isRead ? locked.map((lock) => `called a read, and took ${lock}`) : []),
    ...deed.written.filter((relation) => !has(relation, true)).map((relation) => `not said to write to ${relation}`),
    ...deed.planned.filter((relation) => !has(relation, false)).map((relation) => `not said to touch ${relation}`),
  ]
}

/** Children and partitions, with their parents. */
export async function parentsIn(client: pg.Client): Promise<ReadonlyMap<string, readonly string[]>> {
  const { rows } = await client.query<{ child: string; parent: string }>(
    `SELECT cn.nspname || '.' || c.relname AS child, pn.nspname || '.' || p.relname AS parent FROM pg_inherits i
       JOIN pg_class c ON c.oid = i.inhrelid JOIN pg_namespace cn ON cn.oid = c.relnamespace
       JOIN pg_class p ON p.oid = i.inhparent JOIN pg_namespace pn ON pn.oid = p.relnamespace`,
  )
  return new Map(
    rows.map(({ child }) => [child, rows.filter((row) => row.child === child).map(({ parent }) => parent)]),
  )
}
