import type { Analysis } from './analyse.ts'
import type { NameContext } from './context.ts'
import { LargeTextError } from './errors.ts'
import { FairTurns } from './fair-turns.ts'
import { ThreadClient } from './thread-client.ts'

export interface LargeTextsOptions {
  /** What one text may take, waiting not counted. */
  readonly timeMsMax?: number
  /** Texts of one asker that may wait, and of all. */
  readonly waitingMax?: number
  readonly waitingOfAllMax?: number
  /** A thread that has had nothing to do for so long is ended, and its memory given back. */
  readonly idleMs?: number
}

/** A text of 64 MB takes a few seconds on a busy machine. */
const TIME_MS_MAX = 30_000
/** No more than sessions that send such texts at the same time; each waits for its own. */
const WAITING_MAX = 64
const WAITING_OF_ALL_MAX = 1_024
const IDLE_MS = 60_000

/**
 * Reads texts that would keep everybody else waiting, in a thread of its own: one for the process, one text after the
 * other, and those who wait in rotation.
 *
 *   no thread ──a text──▶ reading ──done──▶ idle ──a text──▶ reading
 *       ▲                    │                └──long enough──▶ no thread
 *       └──fails, too long───┘  the text is refused, the next one gets a new thread
 */
export class LargeTexts {
  readonly #options: Required<Pick<LargeTextsOptions, 'timeMsMax' | 'idleMs'>>
  #thread: ThreadClient | null = null
  readonly #turns: FairTurns
  #idle: NodeJS.Timeout | null = null

  constructor(options: LargeTextsOptions = {}) {
    const { timeMsMax = TIME_MS_MAX, idleMs = IDLE_MS } = options
    const { waitingMax = WAITING_MAX, waitingOfAllMax = WAITING_OF_ALL_MAX } = options
    this.#options = { timeMsMax, idleMs }
    this.#turns = new FairTurns({ waitingMax, waitingOfAllMax })
  }

  /**
   * What `analyse` returns.
   * @param asker whose text it is: one asker's many do not make others wait for all of them
   * @throws LargeTextError
   */
  async analyse(text: string, names: NameContext, asker = ''): Promise<readonly Analysis[]> {
    await this.#turns.take(asker)
    try {
      return await this.#read(text, names)
    } finally {
      this.#turns.done()
    }
  }

  /** Ends the thread; another is begun when there is need for it. */
  close(): void {
    if (this.#idle !== null) clearTimeout(this.#idle)
    this.#thread?.end(new LargeTextError('failed'))
    this.#thread = null
  }

  async #read(text: string, names: NameContext): Promise<readonly Analysis[]> {
    if (this.#idle !== null) clearTimeout(this.#idle)
    if (this.#thread === null || this.#thread.isOver) this.#thread = new ThreadClient()
    const thread = this.#thread
    const watchdog = setTimeout(() => thread.end(new LargeTextError('too_long')), this.#options.timeMsMax)
    try {
      return await thread.analyse(text, names)
    } finally {
      clearTimeout(watchdog)
      this.#idle = setTimeout(() => this.close(), this.#options.idleMs).unref()
    }
  }
}
