import { randomUUID } from 'node:crypto'
import { type Queryable, rowsOf } from '../state/transaction.ts'
import type { TrailEventName, TrailEvents } from '../trail/events.ts'

/**
 * What has to happen outside the state database because of a change inside it is written down in the transaction of
 * the change: notices for people, one row for each delivery, and events for the trail. Whatever is killed afterwards,
 * a worker finds the rows.
 */
export type NoticeReason =
  | 'created'
  /** Whoever asked has said why. */
  | 'reasoned'
  | 'voted'
  | 'reminded'
  | 'escalated'
  | 'settled'
  | 'completed'
  /** Approved by nobody: the asker broke the glass. It has to be reviewed. */
  | 'glass_broken'
  | 'reviewed'
  | 'review_overdue'

/** @returns the ids of the rows, for the jobs that deliver them */
export async function writeNotices(
  client: Queryable,
  notice: { readonly hold: string; readonly reason: NoticeReason; readonly at: Date },
): Promise<readonly string[]> {
  const rows = await rowsOf<{ id: string }>(
    client,
    `INSERT INTO outbox (hold, delivery, reason, created_at, next_attempt_at)
     SELECT $1, name, $2, $3, $3 FROM delivery WHERE active ORDER BY name
     RETURNING id`,
    [notice.hold, notice.reason, notice.at],
  )
  return rows.map(({ id }) => id)
}

/** The event id makes the move into the journal happen exactly once. */
export async function writeTrail<Name extends TrailEventName>(
  client: Queryable,
  at: Date,
  name: Name,
  event: TrailEvents[Name],
): Promise<void> {
  await rowsOf(client, 'INSERT INTO trail_outbox (event_id, name, event, at) VALUES ($1, $2, $3, $4)', [
    randomUUID(),
    name,
    JSON.stringify(event),
    at,
  ])
}
