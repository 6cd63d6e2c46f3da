import type { Node } from 'libpg-query'
import type { Relation } from './definitions.ts'

/**
 * What a session's own temporary relations are, as its server says, and what was carried into them. Nobody else sees
 * them, so they are no part of the catalog; `CatalogSnapshot.withTemporaries` lays them over it.
 */

/** Of whom no permanent schema can have the name. */
export const TEMPORARY_SCHEMA = 'pg_temp'

export interface Carried {
  /** Of what was written there. */
  readonly labels: readonly string[]
  /** Each value is the value of a column with these labels, unchanged, so that it can be masked as that one is. */
  readonly exact: boolean
}

export interface TemporaryRelation {
  /** Its schema is `pg_temp`. */
  readonly relation: Relation
  /** By attribute number. */
  readonly carried: ReadonlyMap<number, Carried>
  /** Into any attribute, also into those to come. */
  readonly everywhere: readonly string[]
  /** The SELECT behind a view: as the server prints it, read with `viewPath`, or as the text has it that makes the view. */
  readonly query: string | QueryInText | null
}

/** The query of a view that is made in the very text that is read. Every relation in it is named with its schema. */
export interface QueryInText {
  readonly select: Node
  /** What else it names is found by this. */
  readonly searchPath: string
}

export interface Temporaries {
  /** pg_temp_3, say; empty while there is none. */
  readonly schema: string
  /** Those that are known for what they are. */
  readonly relations: readonly TemporaryRelation[]
  /** Names of views whose queries cannot be followed. */
  readonly opaque: readonly string[]
  /** What may be in any that is not known. */
  readonly labels: readonly string[]
  /** The search path by which the server has printed the views. */
  readonly viewPath: string
}

export const noTemporaries: Temporaries = { schema: '', relations: [], opaque: [], labels: [], viewPath: '' }

/** A value that a statement puts into a temporary relation. */
export interface Carry extends Carried {
  readonly relation: number
  /** null: into any of its columns. */
  readonly attribute: number | null
}

/** What a statement that makes a temporary relation puts into it: by column, or `anywhere` where that is not known. */
export interface CarriedAtCreation {
  readonly columns: readonly Carried[] | null
  readonly anywhere: readonly string[]
  /** Names and types of its columns; absent where only the server can tell them. */
  readonly attributes?: Relation['attributes']
}

/** The same for a view. */
export interface ViewAtCreation {
  /** null: it could not be followed */
  readonly query: QueryInText | null
  readonly attributes: Relation['attributes']
  /** OR REPLACE */
  readonly replaces: boolean
}

export function carriedByColumn(columns: readonly Carried[]): ReadonlyMap<number, Carried> {
  const numbered = columns.map((column, index) => [index + 1, column] as const)
  return new Map(numbered.filter(([, { labels }]) => labels.length > 0))
}

/** @returns the same where nothing new is carried; labels are never taken away */
export function carriedInto(temporaries: Temporaries, carries: readonly Carry[]): Temporaries {
  let after = temporaries
  for (const carry of carries) after = withCarry(after, carry)
  return after
}

function withCarry(temporaries: Temporaries, carry: Carry): Temporaries {
  const index = temporaries.relations.findIndex(({ relation }) => relation.oid === carry.relation)
  const before = temporaries.relations[index]
  if (before === undefined || carry.labels.length === 0) return temporaries
  const after = carry.attribute === null ? everywhere(before, carry.labels) : into(before, carry.attribute, carry)
  if (after === before) return temporaries
  return {
    ...temporaries,
    relations: temporaries.relations.with(index, after),
    labels: together(temporaries.labels, carry.labels),
  }
}

function everywhere(before: TemporaryRelation, labels: readonly string[]): TemporaryRelation {
  const all = together(before.everywhere, labels)
  return all === before.everywhere ? before : { ...before, everywhere: all }
}

function into(before: TemporaryRelation, attribute: number, carry: Carried): TemporaryRelation {
  const known = before.carried.get(attribute)
  const next = known === undefined ? carry : mixed(known, carry)
  return next === known ? before : { ...before, carried: new Map([...before.carried, [attribute, next]]) }
}

/** Values of two kinds in one column cannot be masked by the method of one. */
function mixed(known: Carried, more: Carried): Carried {
  const labels = together(known.labels, more.labels)
  const exact =
    known.exact && more.exact && labels.length === known.labels.length && labels.length === more.labels.length
  return labels === known.labels && exact === known.exact ? known : { labels, exact }
}

/** @returns the first, where it has all of them */
export function together(labels: readonly string[], more: readonly string[]): readonly string[] {
  return more.every((label) => labels.includes(label)) ? labels : [...new Set([...labels, ...more])].sort()
}

/** What a value of this column may be of. */
export function carriedBy(of: TemporaryRelation, attribute: number): Carried {
  const generated = of.relation.attributes.some(({ number, generated: is }) => number === attribute && is)
  const own = of.carried.get(attribute) ?? { labels: [], exact: true }
  // A generated column is made of any others.
  const made = generated ? [...of.carried.values()].flatMap(({ labels }) => labels) : []
  const labels = together(together(own.labels, of.everywhere), made)
  return { labels, exact: own.exact && !generated && of.everywhere.length === 0 }
}
