import { setTimeout as wait } from 'node:timers/promises'

/** So long a reading gives way before others go on without it. */
const AFTER_MS = 1_000

/**
 * A reading of the definitions that gives way again and again, because somebody holds a lock on what it has to print.
 *
 *   reading ──gave way for a second──▶ held up ──read, or failed──▶ over
 */
export class HeldUp {
  #since: number | null = null
  #isHeldUp = false
  #onlyRelations = false
  #told = Promise.withResolvers<void>()

  /** The reading, or what settles before it once it is held up. */
  unless(reading: Promise<void>): Promise<void> {
    return Promise.race([reading, this.#told.promise])
  }

  /** Nothing but relations has changed: of all others the server can be asked whether they are still what they were. */
  get canBeAskedFor(): boolean {
    return this.#isHeldUp && this.#onlyRelations
  }

  /** @returns false when it is held up, and was for so long more */
  async isOver(reading: Promise<void> | null, waitMs: number): Promise<boolean> {
    if (reading === null) return true
    const over = reading.then(
      () => true,
      () => true,
    )
    return Promise.race([over, this.#told.promise.then(() => wait(waitMs, false, { ref: false }))])
  }

  /** @param now monotonic, in milliseconds */
  gaveWay(now: number, onlyRelations: boolean): void {
    this.#since ??= now
    this.#onlyRelations = onlyRelations
    if (now - this.#since < AFTER_MS) return
    this.#isHeldUp = true
    this.#told.resolve()
  }

  /** Something was changed just now: nobody goes on before the next attempt has seen what. */
  doubt(): void {
    this.#onlyRelations = false
  }

  /** An attempt could read. */
  over(): void {
    this.#since = null
    if (this.#isHeldUp) this.#begin()
  }

  /** Nothing is read any more, so nobody waits. */
  ended(): void {
    this.#since = null
    this.#begin()
  }

  /** A promise that is never settled would keep all who ever waited for it. */
  #begin(): void {
    this.#isHeldUp = false
    this.#told = Promise.withResolvers()
  }
}
