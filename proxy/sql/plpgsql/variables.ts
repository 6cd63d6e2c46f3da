import type { Source } from '../../catalog/snapshot.ts'
import { type ColumnSet, ListedColumns, rowSources } from '../column-set.ts'
import { emptyScope, type Item, innerScope, type Parameters, type Scope } from '../scope.ts'
import type { NodeFields } from '../tree.ts'
import { type Column, constant, derived, named, noSources, union, type Value } from '../value.ts'
import { Opaque } from './opaque.ts'
import type { PlNode } from './tree.ts'

/** Somewhere that a value can be put. */
export type Place =
  | { readonly kind: 'scalar'; readonly name: string }
  | { readonly kind: 'record'; readonly name: string }
  | { readonly kind: 'field'; readonly record: string; readonly name: string }
  | { readonly kind: 'row'; readonly places: readonly Place[] }

interface Variable {
  sources: readonly Source[]
}

/** What a record can hold: its own columns at first, and what was put into it since. */
class RecordVariable implements ColumnSet {
  readonly #own: ColumnSet
  readonly #put = new Map<string, readonly Source[]>()
  #open: readonly Source[] | null = null

  constructor(own: ColumnSet) {
    this.#own = own
  }

  get open(): readonly Source[] | null {
    return this.#open
  }

  find(name: string): Column | 'ambiguous' | undefined {
    const own = this.#own.find(name)
    const put = this.#put.get(name)
    if (own === 'ambiguous' || put === undefined) return own
    return named(name, derived(union(own?.sources ?? noSources, put), own?.type ?? 0))
  }

  all(): readonly Column[] {
    const own = this.#own.all()
    const more = [...this.#put.keys()].filter((name) => !own.some((column) => column.name === name))
    const names = [...own.map((column) => column.name), ...more]
    return names.map((name) => this.find(name)).filter((column) => column !== undefined && column !== 'ambiguous')
  }

  /** @returns whether that was new */
  put(name: string, sources: readonly Source[]): boolean {
    const before = this.#put.get(name)
    const now = union(before ?? noSources, sources)
    this.#put.set(name, now)
    return before === undefined || now.length > before.length
  }

  putAny(sources: readonly Source[]): boolean {
    const before = this.#open
    this.#open = union(before ?? noSources, sources)
    return before === null || this.#open.length > before.length
  }
}

/**
 * The variables of one function, and what feeds each, whatever order its statements run in. Variables of one name in
 * different blocks are one here.
 */
export class Variables {
  readonly #scalars = new Map<string, Variable>()
  readonly #records = new Map<string, RecordVariable>()
  readonly #datums: readonly PlNode[]
  /** Something came in since this was last set to false. */
  changed = false

  /** @param rows records that are something from the start: new and old in a trigger */
  constructor(datums: readonly PlNode[], rows: ReadonlyMap<string, ColumnSet>) {
    this.#datums = datums
    for (const datum of datums) {
      const name = String(Object.values(datum)[0]?.refname ?? '')
      if ('PLpgSQL_var' in datum) this.#scalars.set(name, { sources: noSources })
      else if ('PLpgSQL_rec' in datum)
        this.#records.set(name, new RecordVariable(rows.get(name) ?? new ListedColumns([])))
    }
    for (const name of this.#records.keys()) if (this.#scalars.has(name)) throw new Opaque()
  }

  /** @param node a variable, or the number of one */
  place(node: unknown): Place {
    const datum = typeof node === 'object' && node !== null ? (node as PlNode) : this.#datums[Number(node ?? 0)]
    const [type, fields] = Object.entries(datum ?? {})[0] ?? []
    if (fields === undefined) throw new Opaque()
    const name = String(fields.refname ?? '')
    if (type === 'PLpgSQL_var') return { kind: 'scalar', name }
    if (type === 'PLpgSQL_rec') return { kind: 'record', name }
    if (type === 'PLpgSQL_recfield') return this.#field(fields)
    if (type !== 'PLpgSQL_row') throw new Opaque()
    const members = (fields.fields ?? []) as readonly { readonly varno?: number }[]
    return { kind: 'row', places: members.map(({ varno }) => this.place(varno)) }
  }

  #field({ recparentno, fieldname }: NodeFields): Place {
    const parent = this.place(recparentno)
    if (parent.kind !== 'record') throw new Opaque()
    return { kind: 'field', record: parent.name, name: String(fieldname) }
  }

  /** A row of these columns comes in. */
  put(place: Place, columns: ColumnSet): void {
    const any = columns.open
    const all = columns.all()
    if (place.kind === 'record') {
      for (const { name, sources } of all) this.#note(this.#record(place.name).put(name, sources))
      if (any !== null) this.#note(this.#record(place.name).putAny(any))
    } else if (place.kind === 'row' && any === null) {
      for (const [index, each] of place.places.entries()) this.putValue(each, all[index]?.sources ?? noSources)
    } else this.putValue(place, rowSources(columns))
  }

  /** One value comes in; where a row is expected, it may be any of its fields. */
  putValue(place: Place, sources: readonly Source[]): void {
    if (place.kind === 'row') for (const each of place.places) this.putValue(each, sources)
    else if (place.kind === 'field') this.#note(this.#record(place.record).put(place.name, sources))
    else if (place.kind === 'record') {
      const record = this.#record(place.name)
      for (const { name } of record.all()) this.#note(record.put(name, sources))
      this.#note(record.putAny(sources))
    } else {
      const variable = this.#scalars.get(place.name)
      if (variable === undefined) throw new Opaque()
      const now = union(variable.sources, sources)
      this.#note(now.length > variable.sources.length)
      variable.sources = now
    }
  }

  /** To all there are: where nobody says which. */
  putEverywhere(sources: readonly Source[]): void {
    for (const name of this.#scalars.keys()) this.putValue({ kind: 'scalar', name }, sources)
    for (const name of this.#records.keys()) this.putValue({ kind: 'record', name }, sources)
  }

  sourcesOf(place: Place): readonly Source[] {
    if (place.kind === 'row') return place.places.reduce((all, each) => union(all, this.sourcesOf(each)), noSources)
    if (place.kind === 'scalar') return this.#scalars.get(place.name)?.sources ?? noSources
    const record = this.#record(place.kind === 'record' ? place.name : place.record)
    if (place.kind === 'record') return rowSources(record)
    const column = record.find(place.name)
    return column === undefined || column === 'ambiguous' ? (record.open ?? noSources) : column.sources
  }

  columnsOf(record: string): ColumnSet {
    return this.#record(record)
  }

  /** Names as they are now. */
  scope(positions: Parameters['positions']): Scope {
    const names = new Map<string, Value>()
    for (const [name, { sources }] of this.#scalars) names.set(name, sources.length === 0 ? constant : derived(sources))
    const items = [...this.#records].map(
      ([name, columns]): Item => ({ name, relation: null, columns, unqualified: false, qualified: true, pseudo: true }),
    )
    return innerScope(emptyScope({ names, positions, either: true }), items)
  }

  #record(name: string): RecordVariable {
    const record = this.#records.get(name)
    if (record === undefined) throw new Opaque()
    return record
  }

  #note(isNew: boolean): void {
    if (isNew) this.changed = true
  }
}
