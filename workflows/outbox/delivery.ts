import type { Hold, HoldMode } from '../holds/hold.ts'
import type { NoticeReason } from './outbox.ts'

/** One way in which holds reach people: Slack, mail, a webhook. */
export interface NoticeDelivery {
  /** Stable: rows are kept by it. */
  readonly name: string
  /** Nothing is written down for it but these; left out, everything. What it missed before it was known it is not told. */
  readonly wants?: { readonly reasons: readonly NoticeReason[]; readonly mode: HoldMode }
  /**
   * Shows the hold as it is, in place: for these reasons one call does for all changes before it. What was given up is
   * taken up again after a while, since what it showed last would stand there for ever.
   */
  readonly latestOnly?: readonly NoticeReason[]
  /** One at a time, in the order of the changes, of whichever hold. */
  readonly inOrder?: true
  /**
   * Brings what people see up to date with the hold, which is read anew for every attempt and may have moved on since
   * `reason`. Called at least once per change, in the order of the changes of a hold, and for one hold not twice at a
   * time unless it takes longer than half a minute and is given up. A rejection is tried again later, after `retryAfterMs`
   * when the error has one; with `retryable: false` it is given up at once, and told elsewhere; with
   * `outage: true` nothing else is tried in this way either until it is over. `key` is the same for
   * every attempt at one notice.
   */
  deliver(hold: Hold, reason: NoticeReason, key: string): Promise<void>
}
