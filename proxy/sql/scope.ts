import type { Node } from 'libpg-query'
import type { Relation } from '../catalog/definitions.ts'
import type { Source } from '../catalog/snapshot.ts'
import type { ColumnSet } from './column-set.ts'
import type { Value } from './value.ts'

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
  /** A query that hands on all rows of a relation. */
  readonly unbounded?: boolean
}

export interface CommonTable {
  columns(): ColumnSet
  /** All rows of a relation; known when its columns are. */
  readonly unbounded: boolean
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
  /** A name that is a column's, too, may mean either (plpgsql.variable_conflict). */
  readonly either?: true
}

export function emptyScope(parameters: Parameters | null = null): Scope {
  return { parent: null, items: [], commonTables: null, parameters, windows: new Map() }
}

/** A level inside `parent` with these items. */
export function innerScope(parent: Scope, items: Item[], commonTables: Scope['commonTables'] = null): Scope {
  return { parent, items, commonTables, parameters: parent.parameters, windows: new Map() }
}
