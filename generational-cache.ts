/**
 * A bounded cache that costs a hit nothing but the look-up. What was used since the last turn is in the recent
 * generation; when that holds half of the bound, the older one is dropped and the recent one takes its place.
 */
export class GenerationalCache<Key, Value> {
  readonly #weightMax: number
  #recent = new Map<Key, Entry<Value>>()
  #older = new Map<Key, Entry<Value>>()
  #recentWeight = 0

  /** @param weightMax in the unit of the weights given to `set`; for text, about its bytes */
  constructor(weightMax: number) {
    this.#weightMax = weightMax
  }

  get(key: Key): Value | undefined {
    const recent = this.#recent.get(key)
    if (recent !== undefined) return recent.value
    const older = this.#older.get(key)
    if (older === undefined) return undefined
    this.#older.delete(key)
    this.#keep(key, older)
    return older.value
  }

  /** What weighs more than a sixteenth of the whole is not kept: it would push out too much else. */
  set(key: Key, value: Value, weight: number): void {
    if (weight <= this.#weightMax / 16) this.#keep(key, { value, weight })
  }

  get size(): number {
    return this.#recent.size + this.#older.size
  }

  #keep(key: Key, entry: Entry<Value>): void {
    this.#recentWeight += entry.weight - (this.#recent.get(key)?.weight ?? 0)
    this.#recent.set(key, entry)
    if (this.#recentWeight <= this.#weightMax / 2) return
    this.#older = this.#recent
    this.#recent = new Map()
    this.#recentWeight = 0
  }
}

interface Entry<Value> {
  readonly value: Value
  readonly weight: number
}
