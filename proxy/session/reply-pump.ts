import type { SessionContext } from './context.ts'
import { Replies } from './replies.ts'
import { ReplyRows } from './reply-rows.ts'
import { Slice } from './slice.ts'
import { Standing } from './standing.ts'

/** Takes the server's messages one after the other, and stands still at one that may not be passed on yet. */
export class ReplyPump {
  readonly #session: SessionContext
  readonly #rows: ReplyRows
  readonly #replies: Replies
  readonly #standing: Standing

  constructor(session: SessionContext) {
    this.#session = session
    this.#rows = new ReplyRows(session)
    this.#replies = new Replies(session, this.#rows)
    this.#standing = new Standing(session)
  }

  /**
   * Takes what has arrived.
   * @returns what has to be waited for before the rest of it is taken, and before more is given
   * @throws SessionError or ProtocolError when the session has to end
   */
  pump(): Promise<void> | null {
    this.#session.turn++
    return this.#takeAll()
  }

  #takeAll(): Promise<void> | null {
    const { fromUpstream, signal } = this.#session
    const slice = new Slice()
    for (;;) {
      if (slice.isOver) return this.#goOnLater(slice)
      if (!fromUpstream.next()) break
      const doubt = this.#standing.before(fromUpstream.type)
      if (doubt !== null) return this.#goOn(doubt)
      this.#replies.take()
      if (signal.aborted) return null
    }
    this.#rows.flush()
    this.#rows.streamTail((run) => this.#standing.isSettled(run))
    return null
  }

  async #goOnLater(slice: Slice): Promise<void> {
    this.#rows.flush()
    this.#session.flushClient()
    await slice.next()
    if (!this.#session.signal.aborted) await this.#takeAll()
  }

  async #goOn(doubt: Promise<void>): Promise<void> {
    this.#rows.flush()
    await doubt
    if (this.#session.signal.aborted) return
    this.#replies.take()
    await this.#takeAll()
  }
}
