import type { Hold } from '../holds/hold.ts'
import type { NoticeReason } from './outbox.ts'

/** One way in which holds reach people: Slack, mail, a webhook. */
export interface NoticeDelivery {
  /** Stable: rows are kept by it. */
  readonly name: string
  /**
   * Brings what people see up to date with the hold, which is read anew for every attempt and may have moved on since
   * `reason`. Called at least once per change, in the order of the changes of a hold, and for one hold not twice at a
   * time unless it takes longer than half a minute and is given up. A rejection is tried again later, after `retryAfterMs`
   * when the error has one; with `retryable: false` it is given up at once, and told elsewhere. `key` is the same for
   * every attempt at one notice.
   */
  deliver(hold: Hold, reason: NoticeReason, key: string): Promise<void>
}
