import { noticesIn, trailIn } from '../outbox/outbox.ts'
import { type Queryable, rowsOf } from '../state/transaction.ts'
import type { TrailEventName, TrailEvents } from '../trail/events.ts'
import { examplesGoneIn } from './examples.ts'
import type { HoldOutcome, HoldStatus } from './hold.ts'
import { HOLD_COLUMNS, type HoldRow } from './row.ts'

/**
 * The state machine, and with sweeps.ts, which makes the same moves for many, the only code that changes a hold's status.
 *
 *   pending   approve   the quorum is met, before the hold's expiry        → approved
 *   pending   reject    one reviewer says no, before the hold's expiry     → rejected
 *   pending   expire    at or after the hold's expiry                      → expired
 *   approved  expire    at or after the grant's expiry                     → expired
 *   pending, approved   withdraw: the asker takes it back                  → withdrawn
 *   pending, approved   depart: whoever asked is not let in any more      → abandoned
 *   approved  revoke   the approval of others that let it through is undone → rejected
 *   pending, approved   abandon: the client that waits is gone             → abandoned
 *   approved  take      before the grant's expiry, by the one who runs it  → executed
 *
 * Everything else is refused by not matching: a move is one UPDATE that names where it may start and on which side of
 * the clock, so of two that race one finds nothing. The same statement writes the notices and the trail event and
 * NOTIFYs, so that each of these happens exactly when the move did, and whoever waits for it waits for one answer of
 * the database. An expiry holds by the clock, whether its job fired or not.
 */
export type MoveName = 'approve' | 'reject' | 'expire' | 'withdraw' | 'abandon' | 'depart' | 'take' | 'revoke'

/** Made for one hold at a time; `depart` is made for all of them (sweeps.ts). */
export type OneMove = Exclude<MoveName, 'depart'>

interface Rule {
  readonly to: Exclude<HoldStatus, 'pending'>
  /** SQL over the row; $3 is the present moment. */
  readonly when: string
  readonly set: string
}

/** Channel of NOTIFY; the payload is the hold's id. */
export const SETTLED_CHANNEL = 'holdpoint_settled'

export const MOVES: Readonly<Record<MoveName, Rule>> = {
  approve: {
    to: 'approved',
    when: "status = 'pending' AND expires_at > $3",
    set: ', decided_at = $3, grant_expires_at = $3::timestamptz + make_interval(secs => $6::float8 / 1000)',
  },
  reject: { to: 'rejected', when: "status = 'pending' AND expires_at > $3", set: ', decided_at = $3' },
  expire: {
    to: 'expired',
    when: "(status = 'pending' AND expires_at <= $3 OR status = 'approved' AND grant_expires_at <= $3)",
    set: ', decided_at = coalesce(decided_at, $3)',
  },
  withdraw: {
    to: 'withdrawn',
    when: "status IN ('pending', 'approved')",
    set: ', decided_at = coalesce(decided_at, $3)',
  },
  abandon: {
    to: 'abandoned',
    when: "status IN ('pending', 'approved') AND mode = 'wait'",
    set: ', decided_at = coalesce(decided_at, $3)',
  },
  depart: {
    to: 'abandoned',
    when: "status IN ('pending', 'approved')",
    set: ', decided_at = coalesce(decided_at, $3)',
  },
  revoke: { to: 'rejected', when: "status = 'approved' AND approved_through IS NOT NULL", set: ', decided_at = $3' },
  take: {
    to: 'executed',
    when: "status = 'approved' AND grant_expires_at > $3",
    set: ', taken_at = $3, taken_by = $6::text',
  },
}

export interface Moved {
  readonly row: HoldRow
  /** Outbox rows to be delivered once the transaction is committed. */
  readonly notices: readonly string[]
}

/**
 * Compare and set: one statement, in the caller's transaction or as one of its own.
 *
 * @param by which try this is: with `take`, whoever lost its answer finds by it that it was itself
 * @param grantMs with `approve`: how long the approval can be used
 * @returns null when the hold is not where this move starts
 */
export async function move(on: Queryable, name: OneMove, { id, at, by = null, grantMs }: Move): Promise<Moved | null> {
  const { to } = MOVES[name]
  const [event, said] =
    to === 'executed' ? eventOf('hold.taken', { hold: id }) : eventOf('hold.settled', { hold: id, status: to })
  const more = name === 'approve' ? [grantMs] : name === 'take' ? [by] : []
  const values = [id, to, at, event, said, ...more]
  const [moved] = await rowsOf<HoldRow & { readonly notices: readonly string[] }>(on, SQL[name], values)
  if (moved === undefined) return null
  const { notices, ...row } = moved
  return { row, notices }
}

interface Move {
  readonly id: string
  readonly at: Date
  readonly by?: string | null
  readonly grantMs?: number
}

/** The hold that this very try has taken; null: it was not taken, or by somebody else. */
export async function takenBy(on: Queryable, id: string, by: string): Promise<Moved | null> {
  const sql = `SELECT ${HOLD_COLUMNS} FROM hold WHERE id = $1 AND taken_by = $2 AND status = 'executed'`
  const [row] = await rowsOf<HoldRow>(on, sql, [id, by])
  return row === undefined ? null : { row, notices: [] }
}

/** The event's name, and what the trail keeps of it. */
function eventOf<Name extends TrailEventName>(name: Name, event: TrailEvents[Name]): readonly [Name, string] {
  return [name, JSON.stringify(event)]
}

const SQL = Object.fromEntries(
  Object.entries(MOVES).map(([name, { when, set }]) => [
    name,
    `WITH changed AS (UPDATE hold SET status = $2${set} WHERE id = $1 AND ${when} RETURNING *),
       notices AS (${noticesIn('changed', 'settled', '$3')}),
       recorded AS (${trailIn('changed', ['$4', '$5', '$3'])}),
       forgotten AS (${examplesGoneIn('changed')})
     SELECT ${HOLD_COLUMNS}, ARRAY(SELECT id::text FROM notices ORDER BY notices.id) AS notices,
       pg_notify('${SETTLED_CHANNEL}', hold.id) FROM changed AS hold`,
  ]),
) as Readonly<Record<OneMove, string>>

/** executed stays executed; what the server answered is written beside it, once. */
export async function recordOutcome(
  on: Queryable,
  { id, at, outcome }: { readonly id: string; readonly at: Date; readonly outcome: HoldOutcome },
): Promise<readonly string[] | null> {
  const values = [id, at, JSON.stringify(outcome), ...eventOf('hold.completed', { hold: id, outcome })]
  const [completed] = await rowsOf<{ readonly notices: readonly string[] }>(on, COMPLETED, values)
  return completed?.notices ?? null
}

const COMPLETED = `
  WITH changed AS (
      UPDATE hold SET outcome = $3 WHERE id = $1 AND status = 'executed' AND outcome IS NULL RETURNING *),
    notices AS (${noticesIn('changed', 'completed', '$2')}),
    recorded AS (${trailIn('changed', ['$4', '$5', '$2'])})
  SELECT ARRAY(SELECT id::text FROM notices ORDER BY notices.id) AS notices FROM changed`
