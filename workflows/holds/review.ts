import { writeNotices, writeTrail } from '../outbox/outbox.ts'
import { type Queryable, rowsOf } from '../state/transaction.ts'
import type { Review } from './answering.ts'
import { HoldError } from './errors.ts'
import type { Vote } from './hold.ts'
import type { PersonKey } from './identity-key.ts'
import { HOLD_COLUMNS, type HoldRow } from './row.ts'
import { REASON_CHARACTERS_MAX } from './vote.ts'
import { voterOf } from './voter.ts'

/** What reviewers say, afterwards, of a statement that was run by breaking the glass. Once, by one of them. */
export interface Reviewing {
  readonly hold: string
  readonly by: PersonKey
  readonly verdict: Review['verdict']
  readonly reason: string | null
  readonly via: Vote['via']
  readonly at: Date
}

/** Told again at least so often, for as long as nobody has reviewed it. */
const REPEAT_MS_MAX = 24 * 60 * 60_000

/**
 * @throws HoldError not_found, nothing_to_review, reviewed_already, reason_empty (disputed without saying why), and what
 * a vote may be refused with: the same people may review as may answer
 */
export async function review(
  client: Queryable,
  { hold: id, by, verdict, via, at, ...said }: Reviewing,
): Promise<readonly string[]> {
  const reason = said.reason?.replaceAll('\0', '\uFFFD').trim().slice(0, REASON_CHARACTERS_MAX) || null
  if (verdict === 'disputed' && reason === null) throw new HoldError('reason_empty', 'Say what is wrong with it')
  const [row] = await rowsOf<HoldRow>(client, `SELECT ${HOLD_COLUMNS} FROM hold WHERE id = $1 FOR UPDATE`, [id])
  if (row === undefined) throw new HoldError('not_found', 'There is no such hold')
  const [glass] = await rowsOf<{ review_due_at: Date; verdict: string | null }>(
    client,
    'SELECT review_due_at, verdict FROM broken_glass WHERE hold = $1',
    [id],
  )
  if (glass === undefined) throw new HoldError('nothing_to_review', 'Nobody broke the glass for this')
  const voter = await voterOf(client, row, by, at, glass.review_due_at <= at)
  if (voter instanceof HoldError) throw voter
  if (glass.verdict !== null) throw new HoldError('reviewed_already', 'This has been reviewed already')
  const { issuer, subject, name } = voter.person
  await rowsOf(
    client,
    `UPDATE broken_glass SET verdict = $2, reviewer_issuer = $3, reviewer_subject = $4, reviewer_name = $5,
       review_reason = $6, review_via = $7, reviewed_at = $8 WHERE hold = $1 AND verdict IS NULL`,
    [id, verdict, issuer, subject, name, reason, via, at],
  )
  await writeTrail(client, at, 'hold.reviewed', { hold: id, by: { issuer, subject }, verdict, reason, via })
  return writeNotices(client, { hold: id, reason: 'reviewed', at })
}

/** Tells people that the review is overdue, again and again until there is one. @returns null: not yet, or not any more */
export async function tellOverdue(client: Queryable, id: string, at: Date): Promise<readonly string[] | null> {
  const rows = await rowsOf<{ hold: string }>(
    client,
    `UPDATE broken_glass SET overdue_told_at = $2 WHERE hold = $1 AND verdict IS NULL AND review_due_at <= $2
       AND (overdue_told_at IS NULL OR overdue_told_at + ${REPEAT} <= $2) RETURNING hold`,
    [id, at],
  )
  if (rows.length === 0) return null
  await writeTrail(client, at, 'hold.review_overdue', { hold: id })
  return writeNotices(client, { hold: id, reason: 'review_overdue', at })
}

/** SQL: how long after one telling the next comes; as long as they had, a day at most. */
const REPEAT = `least(review_due_at - at, make_interval(secs => ${REPEAT_MS_MAX / 1000}))`

/** SQL: when the next telling of an unreviewed row is due. */
export const NEXT_TELLING = `coalesce(overdue_told_at + ${REPEAT}, review_due_at)`
