import type { Access, Relation } from '../../policies/input.ts'
import type { Lock } from '../../policies/lock.ts'

export type NamedRelation = Omit<Relation, 'access'>

interface Entry {
  readonly fact: NamedRelation
  readonly access: Set<Access>
}

/** The relations that a statement reaches, each with all that is done to it, and by which way it is reached. */
export class RelationUses {
  readonly #entries = new Map<string, Entry>()

  /** @param fact made only for what is new */
  add(key: string, access: Iterable<Access>, fact: () => NamedRelation): void {
    let entry = this.#entries.get(key)
    if (entry === undefined) {
      entry = { fact: fact(), access: new Set() }
      this.#entries.set(key, entry)
    }
    for (const each of access) entry.access.add(each)
  }

  /** @param through the view, function or trigger that led to all of these; null: the statement names them */
  absorb(other: RelationUses, through: string | null): void {
    for (const [key, { fact, access }] of other.#entries)
      if (through === null) this.add(key, access, () => fact)
      else this.add(`${through}>${key}`, access, () => ({ ...fact, through: [through, ...fact.through] }))
  }

  /** What is only planned is read and not changed. */
  absorbPlanned(planned: RelationUses): void {
    for (const [key, { fact }] of planned.#entries) this.add(key, ['select'], () => fact)
  }

  /** What planning takes on the targets of a write. */
  writeLocks(): Lock[] {
    return this.facts().flatMap(({ schema, name, access, kind }): Lock[] => {
      const written = kind !== 'sequence' && access.some((each) => ['insert', 'update', 'delete'].includes(each))
      return written ? [{ on: 'relation', schema, relation: name, mode: 'ROW EXCLUSIVE', wait: 'wait' }] : []
    })
  }

  get areLabelled(): boolean {
    for (const { fact } of this.#entries.values()) if (fact.labels.length > 0) return true
    return false
  }

  facts(): Relation[] {
    return [...this.#entries.values()].map(({ fact, access }) => ({ ...fact, access: [...access] }))
  }
}
