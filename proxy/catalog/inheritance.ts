import { append, closure } from './grouping.ts'

/** Which relations are read and written through which: partitions, and children of a table. */
export class Inheritance {
  readonly #parents = new Map<number, number[]>()
  readonly #children = new Map<number, number[]>()
  readonly #below = new Map<number, readonly number[]>()

  readonly #isPartitioned: (oid: number) => boolean

  constructor(
    links: readonly (readonly [child: number, parent: number])[],
    isPartitioned: (oid: number) => boolean = () => false,
  ) {
    this.#isPartitioned = isPartitioned
    for (const [child, parent] of links) {
      append(this.#parents, child, parent)
      append(this.#children, parent, child)
    }
  }

  childrenOf(oid: number): readonly number[] {
    return this.#children.get(oid) ?? []
  }

  /** All whose rows are read through it. */
  below(oid: number): readonly number[] {
    let below = this.#below.get(oid)
    if (below === undefined) {
      below = [...closure(this.#children, oid)].slice(1)
      this.#below.set(oid, below)
    }
    return below
  }

  /**
   * The relation and all it inherits from or is inherited by: a row of one can be read through another. Of partitions
   * the siblings as well: an UPDATE of the key moves a row from one to the other.
   */
  familyOf(oid: number): ReadonlySet<number> {
    const above = closure(this.#parents, oid)
    const siblings = [...above].flatMap((each) => (this.#isPartitioned(each) ? [...closure(this.#children, each)] : []))
    return new Set([...above, ...closure(this.#children, oid), ...siblings])
  }

  /** Its own parents and children, as part of what it is. */
  linksOf(oid: number): readonly [readonly number[] | undefined, readonly number[] | undefined] {
    return [this.#parents.get(oid), this.#children.get(oid)]
  }
}
