import { SERVICE_ISSUER } from '../directory/service-tokens.ts'
import { noticesIn, trailIn } from '../outbox/outbox.ts'
import { type Queryable, rowsOf } from '../state/transaction.ts'
import { examplesGoneIn } from './examples.ts'
import type { DeadlineRow } from './jobs.ts'
import { MOVES, SETTLED_CHANNEL } from './moves.ts'

/**
 * Moves of the state machine (moves.ts) that are made for many holds at once, by the same rules: one statement for some
 * at a time, with notices, trail events and NOTIFY. What another process is at is left to it.
 */
export type Swept = DeadlineRow & { readonly notices: readonly string[] }

/** `expire` for all whose time is up: ten thousand may run out in the same second. Their requests are not read. */
export function expireDue(on: Queryable, at: Date, atOnce: number): Promise<readonly Swept[]> {
  return rowsOf<Swept>(on, EXPIRE_DUE, [at, MOVES.expire.to, atOnce])
}

/**
 * `depart` for what somebody asked who is not let in any more, nor anything that acts for them: an approval would run
 * for nobody, and reviewers need not look at it. By what would keep it from running (results/asker-now.ts), but for
 * tokens that have run out: who asked may come again with another one.
 */
export function endDeparted(on: Queryable, at: Date, atOnce: number): Promise<readonly Swept[]> {
  return rowsOf<Swept>(on, END_DEPARTED, [at, MOVES.depart.to, atOnce])
}

const EXPIRE_DUE = `
  WITH due AS (
      SELECT id FROM hold WHERE status IN ('pending', 'approved') AND coalesce(grant_expires_at, expires_at) <= $1
      ORDER BY coalesce(grant_expires_at, expires_at) LIMIT $3 FOR UPDATE SKIP LOCKED),
    changed AS (
      UPDATE hold SET status = $2${MOVES.expire.set.replaceAll('$3', '$1')} FROM due
      WHERE hold.id = due.id AND ${MOVES.expire.when.replaceAll('$3', '$1')} RETURNING hold.*),
    ${and("json_build_object('hold', id, 'status', status)")}`

/** Compared as text, as the hold keeps its askers: whatever a subject may hold, nothing has to be read as JSON. */
const END_DEPARTED = `
  WITH gone AS (
      SELECT json_build_array(issuer, subject)::text AS who, 'deactivated' AS why FROM person WHERE NOT active
      UNION ALL
      SELECT json_build_array('${SERVICE_ISSUER}', name)::text, 'revoked' FROM service_token
      GROUP BY name HAVING bool_and(revoked_at IS NOT NULL)),
    departed AS (
      SELECT open.id, min(why) AS why FROM hold AS open, unnest(open.askers) AS asker JOIN gone ON who = asker
      WHERE open.status IN ('pending', 'approved') GROUP BY open.id ORDER BY open.id LIMIT $3),
    due AS (
      SELECT hold.id, why FROM hold JOIN departed USING (id) WHERE ${MOVES.depart.when} FOR UPDATE OF hold SKIP LOCKED),
    changed AS (
      UPDATE hold SET status = $2, asker_gone = due.why${MOVES.depart.set.replaceAll('$3', '$1')} FROM due
      WHERE hold.id = due.id RETURNING hold.*),
    ${and("json_build_object('hold', id, 'status', status, 'askerGone', asker_gone)")}`

/** What belongs to the change of each, and what is answered of it. */
function and(event: string): string {
  return `notices AS (${noticesIn('changed', 'settled', '$1')}),
    recorded AS (${trailIn('changed', ["'hold.settled'", event, '$1'])}),
    forgotten AS (${examplesGoneIn('changed')})
  SELECT id, status, expires_at, grant_expires_at, remind_at, reminded_at, escalate_at, escalated_at,
    ARRAY(SELECT notices.id::text FROM notices WHERE notices.hold = changed.id ORDER BY notices.id) AS notices,
    pg_notify('${SETTLED_CHANNEL}', id) FROM changed`
}
