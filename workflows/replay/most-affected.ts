/**
 * The heaviest of many, in bounded memory: when there are too many to keep, the lighter half is let go, so a count may
 * be too low for what came again later, and the heaviest are still the heaviest.
 */
export class MostAffected<T extends object> {
  readonly #keptMax: number
  #counts = new Map<string, { readonly item: T; decisions: number }>()

  constructor(keptMax = 20_000) {
    this.#keptMax = keptMax
  }

  add(key: string, item: T, decisions: number): void {
    const known = this.#counts.get(key)
    if (known !== undefined) {
      known.decisions += decisions
      return
    }
    if (this.#counts.size >= this.#keptMax) this.#letGo()
    this.#counts.set(key, { item, decisions })
  }

  top(count: number): readonly (T & { readonly decisions: number })[] {
    return this.#sorted()
      .slice(0, count)
      .map(([, { item, decisions }]) => ({ ...item, decisions }))
  }

  #letGo(): void {
    this.#counts = new Map(this.#sorted().slice(0, this.#keptMax / 2))
  }

  #sorted() {
    return [...this.#counts].sort(([, one], [, other]) => other.decisions - one.decisions)
  }
}
