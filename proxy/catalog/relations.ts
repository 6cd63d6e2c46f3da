import type { Relation } from './definitions.ts'

/** The relations of one moment, by all that names one. */
export class Relations {
  readonly #byOid = new Map<number, Relation>()
  readonly #byRowType = new Map<number, Relation>()
  readonly #names = new Map<string, Map<string, Relation>>()
  /** What these are laid over. */
  readonly #below: Relations | null

  constructor(relations: readonly Relation[], below: Relations | null = null) {
    this.#below = below
    for (const relation of relations) this.#add(relation)
  }

  byOid(oid: number): Relation | undefined {
    return this.#byOid.get(oid) ?? this.#below?.byOid(oid)
  }

  byRowType(type: number): Relation | undefined {
    return this.#byRowType.get(type) ?? this.#below?.byRowType(type)
  }

  named(schema: string, name: string): Relation | undefined {
    return this.#names.get(schema)?.get(name) ?? this.#below?.named(schema, name)
  }

  in(schema: string): readonly Relation[] {
    return [...(this.#names.get(schema)?.values() ?? []), ...(this.#below?.in(schema) ?? [])]
  }

  /** Of all of that name, in any schema: the sum of their doubled OIDs, and one for each with row security. */
  numbersOf(name: string): number {
    let sum = 0
    for (const names of this.#names.values()) {
      const found = names.get(name)
      if (found !== undefined) sum += 2 * found.oid + Number(found.rowSecurity)
    }
    return sum
  }

  #add(relation: Relation): void {
    this.#byOid.set(relation.oid, relation)
    if (relation.rowType !== 0) this.#byRowType.set(relation.rowType, relation)
    const names = this.#names.get(relation.schema)
    if (names === undefined) this.#names.set(relation.schema, new Map([[relation.name, relation]]))
    else names.set(relation.name, relation)
  }
}
