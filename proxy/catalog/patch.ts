import type pg from 'pg'
import type { Definitions } from './definitions.ts'
import { relationLists } from './lists.ts'
import { bucketOf, type Marks, relationMarks } from './marks.ts'
import { dependents } from './queries.ts'
import { readAll, readSome } from './reading.ts'

/** What has changed since definitions were read. */
export interface ChangedRelations {
  /** Those to be read, or to be left out where they are gone. */
  readonly relations: ReadonlySet<number>
  readonly marks: Marks['relations']
  /** Functions, or domains, are printed with names of these in them. */
  readonly routinesToo: boolean
  readonly typesToo: boolean
}

export async function changedRelations(
  client: pg.ClientBase,
  before: Definitions,
  now: Marks['buckets'],
): Promise<ChangedRelations> {
  const { buckets, relations: marksBefore } = before.marks
  const other = new Set([...buckets.keys(), ...now.keys()].filter((key) => buckets.get(key) !== now.get(key)))
  if (other.size === 0) return { relations: other, marks: marksBefore, routinesToo: false, typesToo: false }
  const marksNow = new Map(
    await readSome(
      client,
      relationMarks(true),
      [[...other]],
      ([oid, mark]) => [oid as number, mark as number] as const,
    ),
  )
  const marks = new Map(marksBefore)
  const changed = new Set<number>()
  for (const [oid, mark] of marksBefore) {
    if (!other.has(bucketOf(oid)) || marksNow.get(oid) === mark) continue
    changed.add(oid)
    marks.delete(oid)
  }
  const known = [...changed]
  for (const [oid, mark] of marksNow) {
    if (marksBefore.get(oid) === mark) continue
    changed.add(oid)
    marks.set(oid, mark)
  }
  return { marks, ...(await withDependents(client, changed, known)) }
}

/** A view is printed with the names of what it reads, which may be others now. */
async function withDependents(
  client: pg.ClientBase,
  changed: ReadonlySet<number>,
  known: readonly number[],
): Promise<Omit<ChangedRelations, 'marks'>> {
  const relations = new Set(changed)
  const found = known.length === 0 ? [] : await readSome(client, dependents, [known], (row) => row)
  for (const [relation] of found) if (relation !== null) relations.add(Number(relation))
  return {
    relations,
    routinesToo: found.some(([, isRoutine]) => isRoutine === true),
    typesToo: found.some(([, , isType]) => isType === true),
  }
}

/** So many are asked for by their numbers; beyond it everything is read. */
const SOME_MAX = 2_000

/** The lists with what is said of these relations as it is now. */
export async function patchedLists(
  client: pg.ClientBase,
  before: Definitions,
  relations: ReadonlySet<number>,
): Promise<Partial<Definitions>> {
  if (relations.size === 0) return {}
  const lists: Record<string, readonly unknown[]> = {}
  const asked = [...relations]
  for (const [name, { query, made, about }] of Object.entries(relationLists)) {
    const aboutOf = about as (entry: unknown) => readonly number[]
    if (asked.length > SOME_MAX) {
      lists[name] = await readAll<unknown>(client, query(false), made)
      continue
    }
    const kept = (before[name as keyof Definitions] as readonly unknown[]).filter(
      (entry) => !aboutOf(entry).some((oid) => relations.has(oid)),
    )
    lists[name] = [...kept, ...(await readSome<unknown>(client, query(true), [asked], made))]
  }
  return lists as Partial<Definitions>
}
