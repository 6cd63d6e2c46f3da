import { setTimeout as wait } from 'node:timers/promises'
import type pg from 'pg'
import { readMark } from './load.ts'
import { Looks, type Urgency } from './looks.ts'
import { changeSigns } from './queries.ts'

export interface ChangeWatchOptions {
  readonly pool: pg.Pool
  /** Definitions are no longer what they were when `read` was last called. */
  readonly changed: () => Promise<void>
  readonly failed: (error: unknown) => void
  readonly everyMs?: number | undefined
}

interface Signs {
  readonly transactions: string
  readonly writes: string | null
}

const EVERY_MS = 1_000
/** Without a sign, comparing all definitions takes this part of the time at most. */
const LOOK_SHARE_MAX = 0.02

/**
 * Notices definitions that were changed elsewhere: asks every second for signs of a change, and compares the change mark
 * when there are some, when it has not for a while, or when somebody asks.
 */
export class ChangeWatch {
  readonly #options: ChangeWatchOptions
  readonly #looks = new Looks({ look: () => this.#lookNow(), now: () => performance.now(), wait })
  #mark = ''
  /** As they were just before definitions were last compared. */
  #signs: Signs | null = null
  /** When definitions are compared even if no sign says so. */
  #lookAt = 0
  #timer: NodeJS.Timeout | null = null
  #stopped = false

  constructor(options: ChangeWatchOptions) {
    this.#options = options
  }

  start(): void {
    if (this.#stopped) return
    this.#timer = setTimeout(() => void this.#check(), this.#options.everyMs ?? EVERY_MS)
    this.#timer.unref()
  }

  stop(): void {
    this.#stopped = true
    if (this.#timer !== null) clearTimeout(this.#timer)
  }

  /** The definitions were read, and this was their mark just before. */
  read(mark: string): void {
    this.#mark = mark
  }

  /** They could not be read: whatever they are, it is something else. */
  forget(): void {
    this.#mark = ''
  }

  /** Looks now. @returns null when the next look is too far off to be waited for */
  ask(urgency?: Urgency): Promise<void> | null {
    return this.#looks.ask(urgency)
  }

  async #check(): Promise<void> {
    try {
      const signs = await this.#readSigns()
      if (this.#mayHaveChanged(signs)) await this.#look(signs)
    } catch (error) {
      this.#options.failed(error)
    }
    this.start()
  }

  #mayHaveChanged(signs: Signs | null): boolean {
    const before = this.#signs
    if (this.#mark === '' || before === null || signs === null) return true
    if (signs.transactions === before.transactions) return false
    return signs.writes !== before.writes || performance.now() >= this.#lookAt
  }

  async #readSigns(): Promise<Signs | null> {
    const { rows } = await this.#options.pool.query<Signs>(changeSigns)
    return rows[0] ?? null
  }

  /** What others have committed must be seen, so nothing counts but that nobody has. */
  async #lookNow(): Promise<void> {
    const signs = await this.#readSigns()
    if (signs === null || signs.transactions !== this.#signs?.transactions) await this.#look(signs)
  }

  async #look(signs: Signs | null): Promise<void> {
    const startedAt = performance.now()
    const client = await this.#options.pool.connect()
    const mark = await readMark(client).finally(() => client.release())
    const now = performance.now()
    this.#lookAt = now + (now - startedAt) / LOOK_SHARE_MAX
    if (mark !== this.#mark) await this.#options.changed()
    this.#signs = signs
  }
}
