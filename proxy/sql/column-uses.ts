import type { Column, ColumnUse } from '../../policies/input.ts'
import type { Source } from '../catalog/snapshot.ts'

const uses: readonly ColumnUse[] = [
  'projected',
  'filtered',
  'joined',
  'sorted',
  'grouped',
  'written',
  'returned',
  'probed',
  'computed',
  'preset',
]
const bits = Object.fromEntries(uses.map((use, bit) => [use, 1 << bit])) as Readonly<Record<ColumnUse, number>>

/** Which columns are used, and how each is. */
export class ColumnUses {
  readonly #columns = new Map<Source, number>()

  add(source: Source, use: ColumnUse): void {
    this.#columns.set(source, (this.#columns.get(source) ?? 0) | bits[use])
  }

  sources(): Iterable<Source> {
    return this.#columns.keys()
  }

  absorb(other: ColumnUses): void {
    for (const [source, used] of other.#columns) this.#columns.set(source, (this.#columns.get(source) ?? 0) | used)
  }

  /** What is only planned writes nothing. */
  absorbPlanned(planned: ColumnUses): void {
    for (const [source, used] of planned.#columns) {
      const read = used & ~bits.written
      if (read !== 0) this.#columns.set(source, (this.#columns.get(source) ?? 0) | read)
    }
  }

  /** @param blindly any labelled value that is read may be in what is computed and written */
  facts(blindly: boolean): Column[] {
    return [...this.#columns].map(([{ schema, relation, column, labels }, used]) => {
      const computed = blindly && labels.length > 0 && (used & bits.projected) !== 0
      const all = computed ? used | bits.computed : used
      return { schema, relation, column, uses: uses.filter((use) => (all & bits[use]) !== 0), labels }
    })
  }
}
