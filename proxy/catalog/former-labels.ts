import { inSlices } from '../in-slices.ts'
import type { LabelRules, NamedColumn } from './column-sources.ts'
import type { Definitions, Relation, Type } from './definitions.ts'
import { type Labelled, LabelledFamilies } from './labelled-families.ts'

/** A name for which a column had labels: its own, or that of a column through which its values could be read or come. */
export interface LabelledName extends NamedColumn {
  readonly relationOid: number
  readonly attribute: number
}

/** Where such names outlive the process. */
export interface LabelMemory {
  /** Of earlier processes, and of others. */
  readonly names: readonly LabelledName[]
  /** Never rejects: what could not be kept is given again with the next. */
  keep(names: readonly LabelledName[]): void
}

/** For as long as the process lives. */
export const forgetful: LabelMemory = { names: [], keep: () => undefined }

/**
 * Labels go by names, and by the family of tables that rows are read through and moved in. A table that is renamed, taken
 * out of its family or left without the one that was labelled still holds what it held, and nothing of that is in the
 * catalog. So every name for which a column was labelled is kept by the column's OID and number, and goes on counting
 * until the policy's rules give nothing for that name, or say that the column is cleared.
 */
export class FormerLabels {
  #memory: LabelMemory = forgetful
  readonly #names = new Map<string, LabelledName[]>()
  readonly #families = new LabelledFamilies()
  #rules: LabelRules
  #seen = new WeakSet<Relation>()
  #remembered: Promise<void> = Promise.resolve()

  constructor(rules: LabelRules) {
    this.#rules = rules
  }

  recall(memory: LabelMemory): void {
    this.#memory = memory
    for (const name of memory.names) this.#add(name)
  }

  /** From now on labels are given by these. */
  relabel(rules: LabelRules): void {
    this.#rules = rules
    this.#seen = new WeakSet()
  }

  /** For one snapshot: by the rules that are in force now, whatever comes later. */
  now(): LabelRules {
    const rules = this.#rules
    return { labelsFor: (column) => this.#labelsFor(rules, column) }
  }

  /**
   * What is labelled now, to be labelled whatever becomes of the names: to be waited for before other definitions count,
   * which do not tell it any more. Of many relations that are new, or whose rules are, it takes a while, in which
   * everything else has its turn.
   */
  remember(definitions: Definitions): Promise<void> {
    const run = (): Promise<void> => this.#rememberAll(definitions)
    this.#remembered = this.#remembered.then(run, run)
    return this.#remembered
  }

  /** Anew where the rules have changed meanwhile. */
  async #rememberAll(definitions: Definitions): Promise<void> {
    for (let by: LabelRules | null = null; by !== this.#rules; ) {
      by = this.#rules
      const added: LabelledName[] = []
      await inSlices(this.#labelled(definitions), (names) => {
        for (const name of names) if (this.#add(name)) added.push(name)
      }).catch((error: unknown) => {
        this.#seen = new WeakSet() // nothing is taken for remembered that may not be
        throw error
      })
      if (added.length > 0) this.#memory.keep(added)
    }
  }

  *#labelled(definitions: Definitions): Generator<readonly LabelledName[]> {
    const fresh = definitions.relations.filter((relation) => !relation.system && !this.#seen.has(relation))
    for (const relation of fresh) this.#seen.add(relation)
    let types: ReadonlyMap<number, Type> | null = null
    const rules = this.#rules
    const namesOf = (relation: Relation): readonly Labelled[] => {
      types ??= new Map(definitions.types.map((type) => [type.oid, type]))
      return this.#namesOf(relation, types, rules)
    }
    for (const relation of fresh) yield namesOf(relation).map(({ name }) => name)
    yield* this.#families.namesIn(definitions, fresh.length > 0, namesOf)
  }

  #labelsFor(rules: LabelRules, column: NamedColumn & Partial<LabelledName>): readonly string[] {
    const labels = rules.labelsFor(column)
    if (column.relationOid === undefined || column.attribute === undefined) return labels
    const former = this.#names.get(keyOf(column.relationOid, column.attribute))
    if (former === undefined || rules.isCleared?.(column) === true) return labels
    const all = new Set(labels)
    for (const name of former) for (const label of rules.labelsFor(name)) all.add(label)
    return all.size === labels.length ? labels : [...all]
  }

  /** Its labelled columns by the names they have, and by those they had. */
  #namesOf(relation: Relation, types: ReadonlyMap<number, Type>, rules: LabelRules): readonly Labelled[] {
    const { oid: relationOid, schema, name } = relation
    return relation.attributes.flatMap(({ number: attribute, name: column, type }) => {
      const now = { relationOid, attribute, schema, relation: name, column, type: types.get(type)?.name ?? '' }
      const former = this.#names.get(keyOf(relationOid, attribute)) ?? []
      const counting = rules.isCleared?.(now) === true ? [] : former
      const all = [now, ...counting].map((each) => ({ name: each, labels: rules.labelsFor(each).join() }))
      return all.filter(({ labels }) => labels !== '')
    })
  }

  /** @returns whether it is new */
  #add(name: LabelledName): boolean {
    const key = keyOf(name.relationOid, name.attribute)
    const known = this.#names.get(key) ?? []
    if (known.some((each) => isSame(each, name))) return false
    this.#names.set(key, [...known, name])
    return true
  }
}

function keyOf(relationOid: number, attribute: number): string {
  return `${relationOid}.${attribute}`
}

function isSame(a: NamedColumn, b: NamedColumn): boolean {
  return a.schema === b.schema && a.relation === b.relation && a.column === b.column && a.type === b.type
}
