import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Facts } from '../../policies/input.ts'
import { isForeseen } from '../proxy/sql/foreseen-locks.ts'
import { type Sample, sample } from '../proxy/sql/sample.ts'
import { compositions } from './compositions.ts'

/**
 * The server is the judge of what is composed: each is run and taken back, and what the server says of it (rows that
 * changed, a transaction id, relations it locked, relations in its plan) is held against the facts.
 */
const here = import.meta.dirname
const textOf = (path: string): string => readFileSync(join(here, path), 'utf8')

let shop: Sample
let client: pg.Client
let families: ReadonlyMap<string, readonly string[]>
beforeAll(async () => {
  shop = await sample(
    textOf('../../workflows/development/sample-schema.sql') + textOf('schema.sql') + textOf('rows.sql'),
  )
  client = new pg.Client(shop.url)
  await client.connect()
  const { rows } = await client.query<{ name: string; above: string[] }>(RELATED)
  families = new Map(rows.map(({ name, above }) => [name, above]))
}, 60_000)
afterAll(async () => {
  await client?.end()
  await shop?.[Symbol.asyncDispose]()
})

/** Who is reached through whom without being named: children through parents, and both ends of a foreign key. */
const RELATED = `
  SELECT name, array_agg(DISTINCT other) AS above FROM (
    SELECT inhrelid::regclass::text AS name, inhparent::regclass::text AS other FROM pg_inherits
    UNION ALL SELECT conrelid::regclass::text, confrelid::regclass::text FROM pg_constraint WHERE contype = 'f'
    UNION ALL SELECT confrelid::regclass::text, conrelid::regclass::text FROM pg_constraint WHERE contype = 'f'
  ) r GROUP BY name`

interface Done {
  readonly assigned: boolean
  readonly tuples: number
  readonly strong: readonly string[]
  /** `relation mode`, each once. */
  readonly locked: readonly string[]
}

const DONE = `
  SELECT pg_current_xact_id_if_assigned() IS NOT NULL AS assigned,
         (SELECT coalesce(sum(n_tup_ins + n_tup_upd + n_tup_del), 0)::int FROM pg_stat_xact_user_tables) AS tuples,
         ARRAY(SELECT DISTINCT mode FROM pg_locks WHERE pid = pg_backend_pid() AND locktype IN ('relation', 'object')
                AND mode NOT IN ('AccessShareLock', 'RowShareLock')) AS strong,
         ARRAY(SELECT DISTINCT c.oid::regclass || ' ' || l.mode FROM pg_locks l JOIN pg_class c ON c.oid = l.relation
                WHERE l.pid = pg_backend_pid() AND c.oid >= 16384 AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
                  AND c.relnamespace = 'public'::regnamespace) AS locked`

const harmless = new Set(['read', 'transaction', 'session'])
const isRead = (all: readonly Facts[]): boolean =>
  all.every(({ effects }) => effects.every((each) => harmless.has(each)))

/** @returns what it did, and the relations of its plan where it has one; null where the server refused it */
async function run(sql: string): Promise<(Done & { readonly planned: readonly string[] }) | null> {
  await client.query('BEGIN')
  try {
    const planned = /^(SELECT|INSERT|UPDATE|DELETE|MERGE|WITH)\b/.test(sql) ? await planOf(sql) : []
    // What was taken back before may not be flushed yet, and counts on.
    const before = await client.query<Done>(DONE)
    await client.query(sql)
    const { rows } = await client.query<Done>(DONE)
    const [done, start] = [rows[0] as Done, before.rows[0] as Done]
    return { ...done, tuples: done.tuples - start.tuples, planned }
  } catch {
    return null
  } finally {
    await client.query('ROLLBACK')
    await client.query('DEALLOCATE ALL')
  }
}

async function planOf(sql: string): Promise<readonly string[]> {
  const { rows } = await client.query(`EXPLAIN (FORMAT json, VERBOSE) ${sql}`)
  const names: string[] = []
  JSON.stringify(rows, function (key, value) {
    if (key === 'Relation Name' && this.Schema === 'public') names.push(value)
    return value
  })
  return names
}

test('E nothing composed that wrote was called a read, and whatever it reached is among its relations', async () => {
  const wrong: unknown[] = []
  const refused: string[] = []
  let reads = 0
  let writes = 0
  for (const sql of compositions) {
    const all = shop.analyse(sql).map(({ facts }) => facts)
    const done = await run(sql)
    if (done === null) {
      refused.push(sql)
      continue
    }
    const { assigned, tuples, strong, locked, planned } = done
    const named = new Set(all.flatMap(({ relations }) => relations.map(({ name }) => name)))
    const reached = [...locked.map((lock) => lock.split(' ')[0] as string), ...planned]
    const unnamed = reached.filter(
      (name) => !named.has(name) && !(families.get(name) ?? []).some((above) => named.has(above)),
    )
    const stronger = locked.filter((lock) => !isForeseen(lock, all, families))
    const read = isRead(all)
    if (read) reads++
    else writes++
    if ((read && (assigned || tuples > 0 || strong.length > 0)) || unnamed.length + stronger.length > 0 || hasGap(all))
      wrong.push({ sql, effects: all.map(({ effects }) => effects), ...done, unnamed, stronger })
  }
  expect(wrong).toEqual([])
  expect({ reads, writes, refused: refused.length }).toEqual({ reads: 418, writes: 266, refused: 0 })
}, 120_000)

function hasGap(all: readonly Facts[]): boolean {
  return all.some(({ unresolved }) => unresolved.length > 0)
}
