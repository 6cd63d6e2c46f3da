import type pg from 'pg'
import type { Definitions } from './definitions.ts'
import { gaveWay, loadWithoutLocked } from './load.ts'

/** So long the first reading gives way before it goes on without what somebody's lock keeps from being printed. */
const AFTER_MS = 1_000
/** So long a target is waited for of which not even that can be read. */
const AT_MOST_MS = 6_000

export interface FirstReadingOptions {
  readonly pool: pg.Pool
  /** Is given all definitions but those that are locked. */
  readonly take: (definitions: Definitions) => Promise<void>
}

/**
 * The first reading of the definitions, with nothing to go on with while a lock is in its way.
 *
 *   reading ──gave way for a second──▶ read without what is locked, the rest as soon as it can be
 *                                  └──▶ five seconds more ──▶ given up
 */
export class FirstReading {
  readonly #options: FirstReadingOptions
  #since: number | null = null
  #begun = Promise.withResolvers<void>()

  constructor(options: FirstReadingOptions) {
    this.#options = options
  }

  /** The reading, or what settles before it once there is something to judge by though a lock keeps the rest. */
  unless(reading: Promise<void>): Promise<void> {
    return Promise.race([reading, this.#begun.promise])
  }

  /** @param now monotonic, in milliseconds. @returns false when it is time to give up */
  async gaveWay(now: number): Promise<boolean> {
    this.#since ??= now
    if (now - this.#since < AFTER_MS) return true
    const client = await this.#options.pool.connect().catch(() => null)
    if (client === null) return false
    try {
      await this.#options.take(await loadWithoutLocked(client))
      this.#begun.resolve()
      this.#begun = Promise.withResolvers()
      return true
    } catch (error) {
      return gaveWay(error) && now - this.#since < AT_MOST_MS
    } finally {
      client.release()
    }
  }

  /** There is something to judge by. */
  over(): void {
    this.#since = null
  }
}
