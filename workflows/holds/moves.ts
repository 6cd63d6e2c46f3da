import { writeNotices, writeTrail } from '../outbox/outbox.ts'
import { type Queryable, rowsOf } from '../state/transaction.ts'
import type { HoldOutcome, HoldStatus } from './hold.ts'
import { HOLD_COLUMNS, type HoldRow } from './row.ts'

/**
 * The state machine, and the only code that changes a hold's status.
 *
 *   pending   approve   the quorum is met, before the hold's expiry        → approved
 *   pending   reject    one reviewer says no, before the hold's expiry     → rejected
 *   pending   expire    at or after the hold's expiry                      → expired
 *   approved  expire    at or after the grant's expiry                     → expired
 *   pending, approved   withdraw: the asker takes it back                  → withdrawn
 *   approved  revoke   the approval of others that let it through is undone → rejected
 *   pending, approved   abandon: the client that waits is gone             → abandoned
 *   approved  take      before the grant's expiry, by the one who runs it  → executed
 *
 * Everything else is refused by not matching: a move is one UPDATE that names where it may start and on which side of
 * the clock, so of two that race one finds nothing. In its transaction it writes the notices and the trail event and
 * NOTIFYs, so that each of these happens exactly when the move did. An expiry therefore holds by the clock, whether
 * its job fired or not.
 */
export type MoveName = 'approve' | 'reject' | 'expire' | 'withdraw' | 'abandon' | 'take' | 'revoke'

interface Rule {
  readonly to: HoldStatus
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
    set: ', decided_at = $3, grant_expires_at = $3::timestamptz + make_interval(secs => $4::float8 / 1000)',
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
  revoke: { to: 'rejected', when: "status = 'approved' AND approved_through IS NOT NULL", set: ', decided_at = $3' },
  take: { to: 'executed', when: "status = 'approved' AND grant_expires_at > $3", set: ', taken_at = $3' },
}

export interface Moved {
  readonly row: HoldRow
  /** Outbox rows to be delivered once the transaction is committed. */
  readonly notices: readonly string[]
}

/**
 * Compare and set, inside the caller's transaction.
 *
 * @param grantMs with `approve`: how long the approval can be used
 * @returns null when the hold is not where this move starts
 */
export async function move(
  client: Queryable,
  name: MoveName,
  { id, at, grantMs }: { readonly id: string; readonly at: Date; readonly grantMs?: number },
): Promise<Moved | null> {
  const { to, when, set } = MOVES[name]
  const values = name === 'approve' ? [id, to, at, grantMs] : [id, to, at]
  const [row] = await rowsOf<HoldRow>(
    client,
    `UPDATE hold SET status = $2${set} WHERE id = $1 AND ${when} RETURNING ${HOLD_COLUMNS}`,
    values,
  )
  if (row === undefined) return null
  if (to === 'executed') await writeTrail(client, at, 'hold.taken', { hold: id })
  else if (to !== 'pending') await writeTrail(client, at, 'hold.settled', { hold: id, status: to })
  await client.query('SELECT pg_notify($1, $2)', [SETTLED_CHANNEL, id])
  return { row, notices: await writeNotices(client, { hold: id, reason: 'settled', at }) }
}

/** executed stays executed; what the server answered is written beside it, once. */
export async function recordOutcome(
  client: Queryable,
  { id, at, outcome }: { readonly id: string; readonly at: Date; readonly outcome: HoldOutcome },
): Promise<readonly string[] | null> {
  const rows = await rowsOf(
    client,
    "UPDATE hold SET outcome = $2 WHERE id = $1 AND status = 'executed' AND outcome IS NULL RETURNING id",
    [id, JSON.stringify(outcome)],
  )
  if (rows.length === 0) return null
  await writeTrail(client, at, 'hold.completed', { hold: id, outcome })
  return writeNotices(client, { hold: id, reason: 'completed', at })
}
