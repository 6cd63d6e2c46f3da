import type { CarriedAtCreation, Carry, ViewAtCreation } from '../catalog/temporaries.ts'

/** What a statement puts into the session's temporary relations. */
export class Carries {
  /** Into one that it makes. */
  created: CarriedAtCreation | ViewAtCreation | null = null
  /** One is written where not all is seen that goes in: in a function, whose parameters stand for anything. */
  isBlind = false
  /** A function that is called defines something, so that what others in the same statement name may be that. */
  definesInside = false
  /** The same of columns with labels that last: what goes in there is computed, and of what is not known. */
  computesBlindly = false
  readonly #all: Carry[] = []

  add(carry: Carry): void {
    if (carry.labels.length > 0) this.#all.push(carry)
  }

  get all(): readonly Carry[] {
    return this.#all
  }

  absorb(other: Carries): void {
    this.#all.push(...other.#all)
    this.isBlind ||= other.isBlind
    this.definesInside ||= other.definesInside
    this.computesBlindly ||= other.computesBlindly
    this.created ??= other.created
  }
}
