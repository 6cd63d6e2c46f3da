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
  /** Somebody said something about it. */
  | 'commented'
  | 'voted'
  | 'reminded'
  | 'escalated'
  | 'settled'
  | 'completed'
  /** Approved by nobody: the asker broke the glass. It has to be reviewed. */
  | 'glass_broken'
  | 'reviewed'
  | 'review_overdue'
  /** Its approval did not count any more, and there is another hold in its place. */
  | 'asked_anew'
  /** What the approval allowed to others like it was ended. */
  | 'alike_undone'
  /** Another delivery has given up on it: whoever it would have told has to hear of it here. */
  | 'told_elsewhere'

/** @returns the ids of the rows, for the jobs that deliver them */
export async function writeNotices(
  client: Queryable,
  notice: { readonly hold: string; readonly reason: NoticeReason; readonly at: Date },
): Promise<readonly string[]> {
  const rows = await rowsOf<{ id: string }>(
    client,
    `WITH changed AS (SELECT id, mode FROM hold WHERE id = $1) ${noticesIn('changed', notice.reason, '$2')}`,
    [notice.hold, notice.at],
  )
  return rows.map(({ id }) => id)
}

/**
 * The same as a part of the statement that changes holds, so that the change and what it leads to are one round trip.
 *
 * @param changed the CTE that returns the holds' rows
 * @param at a parameter of the statement
 */
export function noticesIn(changed: string, reason: NoticeReason, at: string): string {
  return `INSERT INTO outbox (hold, delivery, reason, created_at, next_attempt_at)
    SELECT ${changed}.id, name, '${reason}', ${at}, ${at} FROM ${changed}, delivery
    WHERE active AND (reasons IS NULL OR '${reason}' = ANY(reasons) AND delivery.mode = ${changed}.mode)
    ORDER BY name RETURNING id, hold`
}

/** For every other delivery of the hold that has nothing waiting already. @returns the ids of the rows */
export async function tellElsewhere(
  client: Queryable,
  hold: string,
  failed: string,
  at: Date,
): Promise<readonly string[]> {
  const rows = await rowsOf<{ id: string }>(
    client,
    `INSERT INTO outbox (hold, delivery, reason, created_at, next_attempt_at)
     SELECT $1, name, 'told_elsewhere', $3, $3 FROM delivery
     WHERE active AND name <> $2 AND reasons IS NULL AND NOT EXISTS (
       SELECT FROM outbox WHERE hold = $1 AND delivery = name AND sent_at IS NULL AND given_up_at IS NULL)
     ORDER BY name RETURNING id`,
    [hold, failed, at],
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
  await rowsOf(client, `WITH changed AS (SELECT) ${trailIn('changed', ['$1', '$2', '$3'])}`, [
    name,
    JSON.stringify(event),
    at,
  ])
}

/**
 * The same as a part of the statement that changes rows.
 *
 * @param changed the CTE that returns a row for each event
 * @param values name, event and time: SQL over such a row
 */
export function trailIn(changed: string, [name, event, at]: readonly [string, string, string]): string {
  return `INSERT INTO trail_outbox (event_id, name, event, at)
    SELECT gen_random_uuid()::text, ${name}::text, ${event}::json, ${at}::timestamptz FROM ${changed}`
}
