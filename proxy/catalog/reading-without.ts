import type pg from 'pg'
import type { Definitions } from './definitions.ts'
import { relationLists } from './lists.ts'
import { bucketOf, RELATION_KINDS } from './marks.ts'
import { cascades, dependents, inheritance } from './queries.ts'
import { readSome } from './reading.ts'

const FIRST_NORMAL_OID = 16_384

/** Of a lock that is waited for, others wait as well. */
const lockedRelations = `
  SELECT DISTINCT c.oid::bigint FROM pg_locks l
    LEFT JOIN pg_index x ON x.indexrelid = l.relation
    JOIN pg_class c ON c.oid = coalesce(x.indrelid, l.relation)
   WHERE l.mode = 'AccessExclusiveLock' AND c.oid >= ${FIRST_NORMAL_OID} AND c.relkind IN ${RELATION_KINDS}
     AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())`

/** So many relations are read in one go. */
const SOME_MAX = 500

/**
 * Relations that somebody locks against everybody, or waits to, with all that is printed with them in it, that their rows
 * are read through, or that writes to them: of none of these can be said what it is.
 */
export async function lockedAway(client: pg.ClientBase): Promise<ReadonlySet<number>> {
  const away = new Set(await readSome(client, lockedRelations, [], ([oid]) => Number(oid)))
  for (let before = -1; before < away.size; ) {
    before = away.size
    const asked = [[...away]]
    const found = [
      ...(await readSome(client, dependents, asked, ([oid]) => oid)),
      ...(await readSome(client, inheritance(true), asked, (link) => link)).flat(),
      ...(await readSome(client, cascades(true), asked, ([, , referenced]) => referenced)),
    ]
    for (const oid of found) if (oid !== null) away.add(Number(oid))
  }
  return away
}

/** The lists of all relations but these. */
export async function listsWithout(
  client: pg.ClientBase,
  all: Iterable<number>,
  away: ReadonlySet<number>,
): Promise<Partial<Definitions>> {
  const asked = [...all].filter((oid) => !away.has(oid))
  const lists: Record<string, unknown[]> = {}
  for (const [name, { query, made, about }] of Object.entries(relationLists)) {
    const list = new Set<unknown>()
    for (let from = 0; from < asked.length; from += SOME_MAX)
      for (const entry of await readSome<unknown>(client, query(true), [asked.slice(from, from + SOME_MAX)], made))
        if (!(about as (entry: unknown) => readonly number[])(entry).some((oid) => away.has(oid))) list.add(entry)
    lists[name] = unlikeEachOther([...list])
  }
  return lists as Partial<Definitions>
}

/** What is about two relations is read with either. */
function unlikeEachOther(entries: readonly unknown[]): unknown[] {
  const byText = new Map(entries.map((entry) => [JSON.stringify(entry), entry]))
  return byText.size === entries.length ? [...entries] : [...byText.values()]
}

/** As if these had just been made: the next reading finds them changed. */
export function marksWithout({ marks }: Pick<Definitions, 'marks'>, away: ReadonlySet<number>): Definitions['marks'] {
  const buckets = new Map(marks.buckets)
  const relations = new Map(marks.relations)
  for (const oid of away) {
    buckets.delete(bucketOf(oid))
    relations.delete(oid)
  }
  return { ...marks, buckets, relations }
}
