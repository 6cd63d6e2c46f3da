import type { Index, Relation } from './definitions.ts'

/** Indexes and TOAST tables: named seldom, and as many as tables or more. */
interface Belongings {
  readonly byOid: ReadonlyMap<number, Relation>
  readonly names: ReadonlyMap<string, Relation>
}

/** The relations of one moment, by all that names one. */
export class Relations {
  readonly #byOid = new Map<number, Relation>()
  readonly #byRowType = new Map<number, Relation>()
  readonly #names = new Map<string, Map<string, Relation>>()
  /** What these are laid over. */
  readonly #below: Relations | null
  readonly #indexes: readonly Index[]
  #belongings: Belongings | null = null

  constructor(relations: readonly Relation[], { indexes = [], below = null }: RelationsOptions = {}) {
    this.#indexes = indexes
    this.#below = below
    for (const relation of relations) this.#add(relation)
  }

  byOid(oid: number): Relation | undefined {
    if (oid === 0) return undefined
    return this.#byOid.get(oid) ?? (this.#below === null ? this.#owned().byOid.get(oid) : this.#below.byOid(oid))
  }

  byRowType(type: number): Relation | undefined {
    return this.#byRowType.get(type) ?? this.#below?.byRowType(type)
  }

  named(schema: string, name: string): Relation | undefined {
    const found = this.#names.get(schema)?.get(name)
    if (found !== undefined) return found
    return this.#below === null ? this.#owned().names.get(`${schema}.${name}`) : this.#below.named(schema, name)
  }

  /** All that has columns. */
  in(schema: string): readonly Relation[] {
    return [...(this.#names.get(schema)?.values() ?? []), ...(this.#below?.in(schema) ?? [])]
  }

  /** Every one of that name, in any schema. */
  called(name: string): readonly Relation[] {
    return [...this.#names.values()].flatMap((names) => names.get(name) ?? [])
  }

  /** Made when something is named that has no columns of its own. */
  #owned(): Belongings {
    if (this.#belongings !== null) return this.#belongings
    const toasts = [...this.#byOid.values()].flatMap((table) => (table.toast === 0 ? [] : [toastOf(table)]))
    const all = [...this.#indexes.map(indexRelation), ...toasts]
    const names = new Map(all.map((relation) => [`${relation.schema}.${relation.name}`, relation]))
    this.#belongings = { byOid: new Map(all.map((relation) => [relation.oid, relation])), names }
    return this.#belongings
  }

  #add(relation: Relation): void {
    this.#byOid.set(relation.oid, relation)
    if (relation.rowType !== 0) this.#byRowType.set(relation.rowType, relation)
    const names = this.#names.get(relation.schema)
    if (names === undefined) this.#names.set(relation.schema, new Map([[relation.name, relation]]))
    else names.set(relation.name, relation)
  }
}

interface RelationsOptions {
  readonly indexes?: readonly Index[]
  readonly below?: Relations | null
}

const FIRST_NORMAL_OID = 16_384
const owned = { rowType: 0, toast: 0, rowSecurity: false } as const

function indexRelation({ oid, schema, name, owner }: Index): Relation {
  return { ...owned, oid, schema, name, owner, kind: 'index', attributes: [], system: oid < FIRST_NORMAL_OID }
}

/** https://www.postgresql.org/docs/current/storage-toast.html */
const pieces = (
  [
    ['chunk_id', 26],
    ['chunk_seq', 23],
    ['chunk_data', 17],
  ] as const
).map(([name, type], index) => {
  return { number: index + 1, name, type, expression: null, generated: false }
})

function toastOf({ oid: owner, toast }: Relation): Relation {
  const name = `pg_toast_${owner}`
  return { ...owned, oid: toast, schema: 'pg_toast', name, owner, kind: 'toast', attributes: pieces, system: true }
}
