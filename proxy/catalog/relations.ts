import type { Relation } from './definitions.ts'

/** The relations of one moment, by all that names one. */
export class Relations {
  readonly byOid = new Map<number, Relation>()
  readonly byRowType = new Map<number, Relation>()
  readonly #names = new Map<string, Map<string, Relation>>()

  constructor(relations: readonly Relation[]) {
    for (const relation of relations) this.#add(relation)
  }

  named(schema: string, name: string): Relation | undefined {
    return this.#names.get(schema)?.get(name)
  }

  in(schema: string): readonly Relation[] {
    return [...(this.#names.get(schema)?.values() ?? [])]
  }

  /** How many there are of that name, in all schemas. */
  countNamed(name: string): number {
    let count = 0
    for (const names of this.#names.values()) if (names.has(name)) count++
    return count
  }

  #add(relation: Relation): void {
    this.byOid.set(relation.oid, relation)
    if (relation.rowType !== 0) this.byRowType.set(relation.rowType, relation)
    const names = this.#names.get(relation.schema)
    if (names === undefined) this.#names.set(relation.schema, new Map([[relation.name, relation]]))
    else names.set(relation.name, relation)
  }
}
