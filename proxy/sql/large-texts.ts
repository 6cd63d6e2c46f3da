import type { Analysis } from './analyse.ts'
import type { NameContext } from './context.ts'
import { LargeTextError } from './errors.ts'
import { ThreadClient } from './thread-client.ts'

export interface LargeTextsOptions {
  /** What one text may take, waiting not counted. */
  readonly timeMsMax?: number
  /** Texts that may wait for the one that is being read. */
  readonly waitingMax?: number
  /** A thread that has had nothing to do for so long is ended, and its memory given back. */
  readonly idleMs?: number
}

/** A text of 64 MB takes a few seconds on a busy machine. */
const TIME_MS_MAX = 30_000
/** No more than sessions that send such texts at the same time; each waits for its own. */
const WAITING_MAX = 256
const IDLE_MS = 60_000

/**
 * Reads texts that would keep everybody else waiting, in a thread of its own: one for the process, one text after the
 * other.
 *
 *   no thread ──a text──▶ reading ──done──▶ idle ──a text──▶ reading
 *       ▲                    │                └──long enough──▶ no thread
 *       └──fails, too long───┘  the text is refused, the next one gets a new thread
 */
export class LargeTexts {
  readonly #options: Required<LargeTextsOptions>
  #thread: ThreadClient | null = null
  #last: Promise<unknown> = Promise.resolve()
  #waiting = 0
  #idle: NodeJS.Timeout | null = null

  constructor({ timeMsMax = TIME_MS_MAX, waitingMax = WAITING_MAX, idleMs = IDLE_MS }: LargeTextsOptions = {}) {
    this.#options = { timeMsMax, waitingMax, idleMs }
  }

  /** What `analyse` returns. @throws LargeTextError */
  async analyse(text: string, names: NameContext): Promise<readonly Analysis[]> {
    if (this.#waiting >= this.#options.waitingMax) throw new LargeTextError('busy')
    this.#waiting++
    const turn = this.#last.then(() => this.#read(text, names))
    this.#last = turn.catch(() => undefined)
    try {
      return await turn
    } finally {
      this.#waiting--
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
