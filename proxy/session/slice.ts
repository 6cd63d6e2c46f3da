import { setImmediate } from 'node:timers/promises'

const SLICE_MS = 5
/** The clock is looked at once in so many messages. */
const LOOKED_AT_EACH = 64

/** One session's messages are taken a few milliseconds at a time, so that thousands that came at once stop nobody else. */
export class Slice {
  #messages = 0
  #until = 0

  /** Counts one message. */
  get isOver(): boolean {
    if (++this.#messages % LOOKED_AT_EACH !== 0) return false
    const now = performance.now()
    if (this.#until === 0) this.#until = now + SLICE_MS
    return now >= this.#until
  }

  /** Gives everybody else a turn. */
  async next(): Promise<void> {
    this.#until = 0
    await setImmediate()
  }
}
