import type { Source } from '../catalog/snapshot.ts'

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

export const noSources: readonly Source[] = []

export const constant: Value = { sources: noSources, exact: false, type: 0, row: null }

export function typed(type: number): Value {
  return type === 0 ? constant : { sources: noSources, exact: false, type, row: null }
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
