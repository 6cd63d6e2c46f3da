import type { Setting } from '../../policies/input.ts'
import type { HoldMode } from '../../workflows/holds/hold.ts'
import { commentNotes } from '../sql/comment-notes.ts'

/** How a client wants to be held, and why it asks: said at the start, with SET, or in a comment of the statement. */
export interface SaidAtStart {
  readonly onHold: HoldMode | null
  readonly reason: string | null
  readonly breakGlass: string | null
}

export class Said {
  readonly #start: SaidAtStart
  #onHold: SaidAtStart['onHold']
  #reason: string | null
  #breakGlass: string | null

  constructor(start: SaidAtStart) {
    this.#start = start
    this.#onHold = start.onHold
    this.#reason = start.reason
    this.#breakGlass = start.breakGlass
  }

  get onHold(): SaidAtStart['onHold'] {
    return this.#onHold
  }

  /** The statement's own comment is nearer to it than the session's setting. */
  reasonFor(text: string): string | null {
    return commentNotes(text).reason ?? this.#reason
  }

  /** Why the glass is to be broken for this statement; null: it is not. What was said for the session counts once. */
  takeBreakGlass(text: string): string | null {
    const own = commentNotes(text).breakGlass
    if (own !== null) return own
    const said = this.#breakGlass
    this.#breakGlass = null
    return said || null
  }

  /** The server says that these settings are in force; a value of null is back to what was said at the start. */
  set(settings: readonly Setting[]): void {
    for (const { name, value } of settings) {
      if (name === 'holdpoint.on_hold' || name === 'all') this.#onHold = onHold(value) ?? this.#start.onHold
      if (name === 'holdpoint.break_glass' || name === 'all') this.#breakGlass = value
      if (name === 'holdpoint.reason' || name === 'all') this.#reason = value || this.#start.reason
    }
  }
}

/** Nobody fetches a result on this connection: to be deferred is to be told at once. */
function onHold(value: string | null): SaidAtStart['onHold'] {
  const wanted = value?.toLowerCase()
  if (wanted === 'wait') return 'wait'
  return wanted === 'error' || wanted === 'defer' ? 'error' : null
}
