import type { Node } from 'libpg-query'
import type { Relation } from '../catalog/definitions.ts'
import type { CatalogSnapshot, Source } from '../catalog/snapshot.ts'

/** What an expression is made of. */
export interface Value {
  /** Base columns that feed it. */
  readonly sources: readonly Source[]
  /** It is the value of one of its sources, unchanged. */
  readonly exact: boolean
  /** Type OID; 0 where it is not known. */
  readonly type: number
  /** For a row: its fields; null for other values, and for rows whose fields are not known. */
  readonly row: readonly Column[] | null
}

/** A column that a name can mean. */
export interface Column extends Value {
  readonly name: string
  /** The column of the relation that was named: a view's, where `sources` are those behind it. */
  readonly self: Source | null
}

/** The columns of one item of a FROM clause. */
export interface ColumnSet {
  find(name: string): Column | 'ambiguous' | undefined
  all(): readonly Column[]
  /** Not null: there may be columns whose names are not known, fed by these. */
  readonly open: readonly Source[] | null
}

export interface Item {
  /** What it is called by: its alias or its own name. */
  readonly name: string | null
  /** It can also be called by schema and name: the relation without an alias. */
  readonly relation: Relation | null
  readonly columns: ColumnSet
  /** Its columns can be named alone. */
  readonly unqualified: boolean
  /** Its columns can be named behind its name. */
  readonly qualified: boolean
  /** An old or new row, or ON CONFLICT's excluded one: never a whole-table star. */
  readonly pseudo?: boolean
}

export interface CommonTable {
  columns(): ColumnSet
}

/** Names that mean something at one query level; `parent` is the level outside. */
export interface Scope {
  readonly parent: Scope | null
  readonly items: Item[]
  readonly commonTables: ReadonlyMap<string, CommonTable> | null
  /** What the parameters of a function body stand for, by name and as $1, $2 … */
  readonly parameters: Parameters | null
  readonly windows: Map<string, readonly Source[]>
  /** What every row that an output column is computed for satisfies. */
  condition?: Node | undefined
}

export interface Parameters {
  readonly names: ReadonlyMap<string, Value>
  readonly positions: readonly Value[]
}

const noSources: readonly Source[] = []

export const constant: Value = { sources: noSources, exact: false, type: 0, row: null }

export function typed(type: number): Value {
  return type === 0 ? constant : { sources: noSources, exact: false, type, row: null }
}

export function emptyScope(parameters: Parameters | null = null): Scope {
  return { parent: null, items: [], commonTables: null, parameters, windows: new Map() }
}

/** A level inside `parent` with these items. */
export function innerScope(parent: Scope, items: Item[], commonTables: Scope['commonTables'] = null): Scope {
  return { parent, items, commonTables, parameters: parent.parameters, windows: new Map() }
}

const UNION_SCAN_MAX = 16

export function union(a: readonly Source[], b: readonly Source[]): readonly Source[] {
  if (b.length === 0 || a === b) return a
  if (a.length === 0) return b
  if (a.length + b.length > UNION_SCAN_MAX) return [...new Set([...a, ...b])]
  const missing = b.filter((source) => !a.includes(source))
  return missing.length === 0 ? a : [...a, ...missing]
}

export function unionOf(values: readonly Value[]): readonly Source[] {
  if (values.length === 1) return values[0]?.sources ?? noSources
  if (values.length === 2) return union(values[0]?.sources ?? noSources, values[1]?.sources ?? noSources)
  const all = new Set<Source>()
  for (const value of values) for (const source of value.sources) all.add(source)
  return all.size === 0 ? noSources : [...all]
}

/** A computed value: fed by these, equal to none. */
export function derived(sources: readonly Source[], type = 0): Value {
  return sources.length === 0 ? typed(type) : { sources, exact: false, type, row: null }
}

export function named(name: string, value: Value): Column {
  return { ...value, name, self: null }
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
        return { name: attribute.name, sources: [self], exact: true, type: attribute.type, row: null, self }
      }),
    )
    snapshot.memo.set(key, columns)
  }
  return columns
}
