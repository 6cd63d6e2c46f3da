export interface LooksOptions {
  /** Looks for changes once. */
  readonly look: () => Promise<void>
  /** Monotonic, in milliseconds. */
  readonly now: () => number
  readonly wait: (ms: number) => Promise<void>
}

/** Looking because somebody asks takes this part of the time at most. */
const SHARE_MAX = 0.2
const INTERVAL_MIN_MS = 10
/** Whoever would have to wait longer for the next look is answered without one. */
const WAIT_MAX_MS = 5_000

/** At once: somebody has approved, and the answer is waited for. People answer seldom, so that needs no share. */
export type Urgency = 'in turn' | 'at once'

/**
 * Looks at what is asked for now, beside those that come by themselves. One runs at a time and they keep apart, so that
 * a client that asks for one missing name after the other takes little from the target. Who asks while one runs gets
 * the next, because the running one may have looked already; who asks before it starts shares it.
 */
export class Looks {
  readonly #options: LooksOptions
  #next: Promise<void> | null = null
  #running: Promise<void> = Promise.resolve()
  #allowedAt = 0
  #hurry: () => void = () => undefined

  constructor(options: LooksOptions) {
    this.#options = options
  }

  /** @returns null when looks take so long that the next one is too far off to be waited for; never for `at once` */
  ask(urgency: Urgency = 'in turn'): Promise<void> | null {
    if (this.#next !== null) {
      if (urgency === 'at once') this.#hurry()
      return this.#next
    }
    const delayMs = urgency === 'at once' ? 0 : this.#allowedAt - this.#options.now()
    if (delayMs > WAIT_MAX_MS) return null
    this.#next = this.#run(delayMs)
    return this.#next
  }

  async #run(delayMs: number): Promise<void> {
    const hurried = new Promise<void>((resolve) => (this.#hurry = resolve))
    if (delayMs > 0) await Promise.race([this.#options.wait(delayMs), hurried])
    await this.#running
    this.#next = null
    const look = this.#look()
    this.#running = look.catch(() => undefined)
    await look
  }

  async #look(): Promise<void> {
    const startedAt = this.#options.now()
    try {
      await this.#options.look()
    } finally {
      const endedAt = this.#options.now()
      this.#allowedAt = endedAt + Math.max(INTERVAL_MIN_MS, (endedAt - startedAt) / SHARE_MAX)
    }
  }
}
