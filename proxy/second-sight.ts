/**
 * Tells a text that was seen before, most of the time. What is seen once is seldom seen again, and to remember it costs
 * more than to judge it: everything kept outlives the young generation and has to be collected among the old. So the
 * caches keep a text from its second time on.
 *
 * One slot for each hash: what is overwritten is taken for new once more, and what has another's hash for seen. Both only
 * decide what is kept, never what is answered.
 */
export class SecondSight {
  readonly #hashes = new Int32Array(SLOTS)

  /** Whether this text was here before; from now on it was. */
  isSecond(text: string): boolean {
    const hash = hashOf(text)
    const slot = hash & (SLOTS - 1)
    const isSecond = this.#hashes[slot] === hash
    this.#hashes[slot] = hash
    return isSecond
  }
}

const SLOTS = 1 << 16

/** Of a long text only so many are looked at, or 32 MB would keep all sessions waiting for a quarter of a second. */
const UNITS_MAX = 1 << 14

/** FNV-1a over the length and UTF-16 units that are equally far apart. http://www.isthe.com/chongo/tech/comp/fnv/ */
function hashOf(text: string): number {
  let hash = 0x811c9dc5 ^ text.length
  const step = Math.ceil(text.length / UNITS_MAX)
  for (let index = 0; index < text.length; index += step) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193)
  // Zero is an empty slot.
  return hash | 1
}
