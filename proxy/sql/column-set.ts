import type { Relation } from '../catalog/definitions.ts'
import type { CatalogSnapshot, Source } from '../catalog/snapshot.ts'
import { type Column, derived, named, noSources, union, unionOf } from './value.ts'

/** The columns of one item of a FROM clause. */
export interface ColumnSet {
  find(name: string): Column | 'ambiguous' | undefined
  all(): readonly Column[]
  /** Not null: there may be columns whose names are not known, fed by these. */
  readonly open: readonly Source[] | null
}

export class ListedColumns implements ColumnSet {
  readonly open: readonly Source[] | null
  readonly #columns: readonly Column[]

  constructor(columns: readonly Column[], open: readonly Source[] | null = null) {
    this.#columns = columns
    this.open = open
  }

  find(name: string): Column | 'ambiguous' | undefined {
    let found: Column | undefined
    for (const column of this.#columns) {
      if (column.name !== name) continue
      if (found !== undefined) return 'ambiguous'
      found = column
    }
    return found
  }

  all(): readonly Column[] {
    return this.#columns
  }
}

/** A relation's columns never share a name, and may be very many. Made once per relation and snapshot. */
export class RelationColumns implements ColumnSet {
  readonly open: readonly Source[] | null
  readonly #columns: readonly Column[]
  readonly #names: ReadonlyMap<string, Column>

  constructor(columns: readonly Column[], open: readonly Source[] | null = null) {
    this.open = open
    this.#columns = columns
    this.#names = new Map(columns.map((column) => [column.name, column]))
  }

  find(name: string): Column | undefined {
    return this.#names.get(name)
  }

  all(): readonly Column[] {
    return this.#columns
  }
}

/** Both sides of a join: the merged columns of USING first, then what is left of either side. */
export class JoinedColumns implements ColumnSet {
  readonly open: readonly Source[] | null
  readonly #merged: readonly Column[]
  readonly #names: ReadonlySet<string>
  readonly #left: ColumnSet
  readonly #right: ColumnSet

  constructor(left: ColumnSet, right: ColumnSet, merged: readonly Column[]) {
    this.#left = left
    this.#right = right
    this.#merged = merged
    this.#names = new Set(merged.map((column) => column.name))
    this.open = left.open === null && right.open === null ? null : union(left.open ?? [], right.open ?? [])
  }

  find(name: string): Column | 'ambiguous' | undefined {
    if (this.#names.has(name)) return this.#merged.find((column) => column.name === name)
    const left = this.#left.find(name)
    const right = this.#right.find(name)
    if (left !== undefined && right !== undefined) return 'ambiguous'
    return left ?? right
  }

  all(): readonly Column[] {
    const rest = [...this.#left.all(), ...this.#right.all()]
    return [...this.#merged, ...rest.filter((column) => !this.#names.has(column.name))]
  }
}

/** The first names are replaced, as `AS t (a, b)` does. */
export function renamed(columns: ColumnSet, names: readonly string[]): ColumnSet {
  if (names.length === 0) return columns
  const all = columns.all()
  const known = all.map((column, index) => ({ ...column, name: names[index] ?? column.name }))
  if (columns.open === null) return new ListedColumns(known)
  const rest = names.slice(all.length).map((name) => named(name, derived(columns.open ?? noSources)))
  return new ListedColumns([...known, ...rest], columns.open)
}

/** All sources of a whole row. */
export function rowSources(columns: ColumnSet): readonly Source[] {
  return union(unionOf(columns.all()), columns.open ?? noSources)
}

/** The columns of a base relation as it stands in the catalog. */
export function relationColumns(snapshot: CatalogSnapshot, relation: Relation): ColumnSet {
  const key = `columns ${relation.oid}`
  let columns = snapshot.memo.get(key) as ColumnSet | undefined
  if (columns === undefined) {
    const sources = snapshot.sourcesOf(relation)
    columns = new RelationColumns(
      relation.attributes.map((attribute, index): Column => {
        const self = sources[index] as Source
        const { exact } = snapshot.temporary.carriedBy(relation.oid, attribute.number)
        return { name: attribute.name, sources: [self], exact, type: attribute.type, row: null, self }
      }),
    )
    snapshot.memo.set(key, columns)
  }
  return columns
}
