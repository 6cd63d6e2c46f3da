import { trailIn, writeNotices, writeTrail } from '../outbox/outbox.ts'
import { type Queryable, rowsOf } from '../state/transaction.ts'
import type { TrailEvents } from '../trail/events.ts'
import { approveAlike } from './alike.ts'
import { HoldError } from './errors.ts'
import type { HoldStatus, Vote } from './hold.ts'
import type { PersonKey } from './identity-key.ts'
import { type Moved, move } from './moves.ts'
import { type Approval, quorumMet } from './quorum.ts'
import { HOLD_COLUMNS, type HoldRow, needsReason } from './row.ts'
import { escalate, isDueToEscalate } from './telling.ts'
import { type Voter, voterOf } from './voter.ts'

/** An approval without a time of its own can be used this long. */
export const GRANT_MS = 10 * 60_000
export const REASON_CHARACTERS_MAX = 2_000

export type Answer = Pick<Vote, 'choice' | 'reason' | 'via'> & Partial<Pick<Vote, 'alike'>>

export interface Ballot {
  readonly hold: string
  readonly voter: PersonKey
  readonly answer: Answer
  readonly at: Date
}

/** What a vote led to. A refusal is a value: its record is committed, not rolled back. */
export interface Counted {
  readonly refused: HoldError | null
  /** This hold's move, and those of others that the approval covers. */
  readonly moved: readonly Moved[]
  /** Beside those of the moves. */
  readonly notices: readonly string[]
}

/**
 * One person's answer, inside the caller's transaction. The hold's row is locked first: of two reviewers at the same
 * instant the second sees the first one's vote. Time and the directory are looked at now: what has run out is expired,
 * what is due is escalated, and who the voter is does not rest on what a card or a session said.
 */
export async function castVote(client: Queryable, ballot: Ballot): Promise<Counted> {
  const { hold: id, at } = ballot
  const [found] = await rowsOf<HoldRow>(client, `SELECT ${HOLD_COLUMNS} FROM hold WHERE id = $1 FOR UPDATE`, [id])
  if (found === undefined) return refuse(client, ballot, new HoldError('not_found', 'There is no such hold'), [])
  const lapsed = found.status === 'pending' && found.expires_at <= at ? await move(client, 'expire', { id, at }) : null
  const escalated = isDueToEscalate(found, at) ? await escalate(client, id, at) : null
  const row = escalated?.row ?? lapsed?.row ?? found
  const moved = lapsed === null ? [] : [lapsed]
  const voter = await voterOf(client, row, ballot.voter, at)
  if (voter instanceof HoldError) return refuse(client, ballot, voter, moved)
  const refused = refusalOf(row, ballot.answer) ?? (await insertVote(client, ballot, voter))
  if (refused !== null) return refuse(client, ballot, refused, moved)
  const counted = await count(client, ballot, row)
  return { ...counted, notices: [...counted.notices, ...(escalated?.notices ?? [])] }
}

async function refuse(
  client: Queryable,
  { hold, voter, answer, at }: Ballot,
  refused: HoldError,
  moved: readonly Moved[],
): Promise<Counted> {
  await writeTrail(client, at, 'hold.vote_refused', {
    hold: hold.slice(0, 64),
    voter: `${voter.issuer} ${voter.subject}`,
    via: answer.via,
    reason: refused.code,
  })
  return { refused, moved, notices: [] }
}

function refusalOf(row: HoldRow, { choice, alike }: Answer): HoldError | null {
  if (row.status !== 'pending') return new HoldError('not_pending', SETTLED[row.status])
  if (choice === 'reject') return null
  if (needsReason(row)) {
    return new HoldError('reason_missing', 'This cannot be approved before whoever asked has said why', {
      hint: 'Ask them; rejecting it needs nothing more',
    })
  }
  const mayBeAlike = row.gathering !== null && (row.request.decision.answering?.sameShape ?? null) !== null
  if (alike !== true || mayBeAlike) return null
  return new HoldError('alone', 'An approval of this counts for this statement alone', {
    hint: 'Approve it without the others like it',
  })
}

const SETTLED: Readonly<Record<Exclude<HoldStatus, 'pending'>, string>> = {
  approved: 'This hold has been approved already',
  executed: 'This hold has been approved and its statement has run',
  rejected: 'This hold has been rejected already',
  expired: 'This hold has expired',
  withdrawn: 'Whoever asked has taken this request back',
  abandoned: 'Nobody is there any more for whom this would run',
}

export function notPending(status: HoldStatus): HoldError {
  return new HoldError('not_pending', status === 'pending' ? 'This hold is still pending' : SETTLED[status])
}

async function insertVote(client: Queryable, ballot: Ballot, voter: Voter): Promise<HoldError | null> {
  const { hold, answer, at } = ballot
  const { issuer, subject, name, groups } = voter.person
  const { fills, insteadOf } = voter
  const reason = answer.reason?.replaceAll('\0', '\uFFFD').slice(0, REASON_CHARACTERS_MAX) ?? null
  const alike = answer.choice === 'approve' && answer.alike === true
  const right = [insteadOf?.issuer ?? null, insteadOf?.subject ?? null, insteadOf?.name ?? null]
  const voted = JSON.stringify(votedEvent(ballot, voter, { reason, alike }))
  const values = [hold, issuer, subject, name, groups, answer.choice, reason, answer.via, at, fills, alike, ...right]
  const rows = await rowsOf(client, VOTE, [...values, 'hold.voted', voted])
  if (rows.length === 0) {
    if (insteadOf === null) return new HoldError('already_voted', 'This hold has your answer already')
    return new HoldError('already_voted', `You, or ${insteadOf.name} for whom you answer, have answered already`)
  }
  return null
}

const VOTE = `
  WITH voted AS (
      INSERT INTO vote (hold, issuer, subject, name, groups, choice, reason, via, at, fills, alike,
        for_issuer, for_subject, for_name)
      VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) ON CONFLICT DO NOTHING RETURNING hold),
    recorded AS (${trailIn('voted', ['$15', '$16', '$9'])})
  SELECT hold FROM voted`

function votedEvent(
  { hold, answer: { choice, via }, at }: Ballot,
  { person: { issuer, subject, name, groups }, insteadOf }: Voter,
  { reason, alike }: { readonly reason: string | null; readonly alike: boolean },
): TrailEvents['hold.voted'] {
  const vote = { voter: { issuer, subject, name, groups: [...groups] }, choice, reason, via, at: at.toISOString() }
  const away =
    insteadOf === null ? null : { issuer: insteadOf.issuer, subject: insteadOf.subject, name: insteadOf.name }
  return { hold, vote: { ...vote, insteadOf: away, alike } }
}

async function count(client: Queryable, { hold: id, answer, at }: Ballot, row: HoldRow): Promise<Counted> {
  const { reviewers, grantMs } = row.request.decision
  if (answer.choice === 'reject') return settled(await move(client, 'reject', { id, at }))
  const approvals = await approvalsOf(client, id)
  if (!quorumMet(reviewers, approvals)) {
    return { refused: null, moved: [], notices: await writeNotices(client, { hold: id, reason: 'voted', at }) }
  }
  const approved = settled(await move(client, 'approve', { id, at, grantMs: grantMs ?? GRANT_MS }))
  const alike = approvals.every((approval) => approval.alike) ? await approveAlike(client, row, at) : []
  return { ...approved, moved: [...approved.moved, ...alike] }
}

function settled(moved: Moved | null): Counted {
  if (moved === null) throw new Error('a locked pending hold could not be moved')
  return { refused: null, moved: [moved], notices: [] }
}

/**
 * With the places they could fill when they voted. Who has been deactivated since does not count any more, nor does who
 * answered for somebody that has been.
 */
function approvalsOf(client: Queryable, hold: string): Promise<readonly (Approval & { readonly alike: boolean })[]> {
  return rowsOf<Approval & { readonly groups: string[]; readonly alike: boolean }>(
    client,
    `SELECT coalesce(vote.fills, vote.groups) AS groups, vote.alike FROM vote
     JOIN person USING (issuer, subject)
     LEFT JOIN person away ON (away.issuer, away.subject) = (vote.for_issuer, vote.for_subject)
     WHERE hold = $1 AND choice = 'approve' AND person.active AND (vote.for_issuer IS NULL OR away.active)
     ORDER BY number`,
    [hold],
  )
}
