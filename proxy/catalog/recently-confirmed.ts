import type { Footing } from './confirmations.ts'
import type { CatalogSnapshot } from './snapshot.ts'

const FOOTINGS_MAX = 1_000

/** When the server was last asked about each relation and each function's name, for one snapshot. */
export class RecentlyConfirmed {
  #snapshot: CatalogSnapshot | null = null
  readonly #relations = new Map<number, number>()
  readonly #routines = new Map<string, number>()
  /** What was read since it was last asked about, and is worth asking about before it is old. */
  #used = new Set<Footing>()

  /** In milliseconds; infinite for what was never asked about. */
  age(footing: Footing, now: number): number {
    if (footing.snapshot !== this.#snapshot) return Number.POSITIVE_INFINITY
    let oldest = now
    for (const oid of footing.relations) oldest = Math.min(oldest, this.#relations.get(oid) ?? Number.NEGATIVE_INFINITY)
    for (const name of footing.routineNames)
      oldest = Math.min(oldest, this.#routines.get(name) ?? Number.NEGATIVE_INFINITY)
    return now - oldest
  }

  uses(footing: Footing): void {
    if (this.#used.size < FOOTINGS_MAX) this.#used.add(footing)
  }

  /** All that is in use, for one question. */
  takeUsed(): Iterable<Footing> {
    const used = this.#used
    this.#used = new Set()
    return used
  }

  /** @param askedAt before the question was sent */
  confirmed(footings: readonly Footing[], askedAt: number): void {
    for (const { snapshot, relations, routineNames } of footings) {
      if (snapshot !== this.#snapshot) this.#begin(snapshot)
      for (const oid of relations) this.#relations.set(oid, askedAt)
      for (const name of routineNames) this.#routines.set(name, askedAt)
    }
  }

  #begin(snapshot: CatalogSnapshot): void {
    this.#snapshot = snapshot
    this.#relations.clear()
    this.#routines.clear()
    this.#used.clear()
  }
}
