import { LargeTextError } from './errors.ts'

export interface FairTurnsOptions {
  /** That may wait of one asker, and of all. */
  readonly waitingMax: number
  readonly waitingOfAllMax: number
}

/** One at a time, and those who wait in rotation by asker: who sends many waits for themselves and not for others. */
export class FairTurns {
  readonly #options: FairTurnsOptions
  /** The asker at the front is next, and goes to the back. */
  readonly #waiting = new Map<string, (() => void)[]>()
  #waitingOfAll = 0
  #taken = false

  constructor(options: FairTurnsOptions) {
    this.#options = options
  }

  /** Resolves when it is this one's turn, which lasts until `done`. @throws LargeTextError busy */
  async take(asker: string): Promise<void> {
    if (!this.#taken) {
      this.#taken = true
      return
    }
    const own = this.#waiting.get(asker) ?? []
    if (own.length >= this.#options.waitingMax || this.#waitingOfAll >= this.#options.waitingOfAllMax) {
      throw new LargeTextError('busy')
    }
    this.#waiting.set(asker, own)
    this.#waitingOfAll++
    await new Promise<void>((resolve) => own.push(resolve))
  }

  done(): void {
    const [first] = this.#waiting
    if (first === undefined) {
      this.#taken = false
      return
    }
    const [asker, own] = first
    const next = own.shift()
    this.#waiting.delete(asker)
    if (own.length > 0) this.#waiting.set(asker, own)
    this.#waitingOfAll--
    next?.()
  }
}
