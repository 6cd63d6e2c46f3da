import { findPerson, type Person } from '../directory/directory.ts'
import { writeNotices, writeTrail } from '../outbox/outbox.ts'
import { type Queryable, rowsOf } from '../state/transaction.ts'
import { HoldError } from './errors.ts'
import type { HoldStatus, Vote } from './hold.ts'
import { isAsker, type PersonKey, samePerson } from './identity-key.ts'
import { type Moved, move } from './moves.ts'
import { type Approval, quorumMet } from './quorum.ts'
import { HOLD_COLUMNS, type HoldRow, needsReason } from './row.ts'

/** An approval without a time of its own can be used this long. */
const GRANT_MS = 10 * 60_000
export const REASON_CHARACTERS_MAX = 2_000

export type Answer = Pick<Vote, 'choice' | 'reason' | 'via'>

export interface Ballot {
  readonly hold: string
  readonly voter: PersonKey
  readonly answer: Answer
  readonly at: Date
}

/** Counted, with the move it led to, or refused. A refusal is a value: its record is committed, not rolled back. */
export type Counted = { readonly refused: HoldError; readonly moved: Moved | null } | Accepted
interface Accepted {
  readonly refused: null
  readonly moved: Moved | null
  readonly notices: readonly string[]
}

/**
 * One person's answer, inside the caller's transaction. The hold's row is locked first: of two reviewers at the same
 * instant the second sees the first one's vote. Who the voter is, their groups and whether they are active is read
 * from the directory now; nothing that a card or a session said about them counts.
 */
export async function castVote(client: Queryable, ballot: Ballot): Promise<Counted> {
  const { hold: id, voter, at } = ballot
  const [row] = await rowsOf<HoldRow>(client, `SELECT ${HOLD_COLUMNS} FROM hold WHERE id = $1 FOR UPDATE`, [id])
  const person = await findPerson(client, voter, 'FOR SHARE')
  const lapsed = row?.status === 'pending' && row.expires_at <= at ? await move(client, 'expire', { id, at }) : null
  const refused =
    refusalOf(lapsed?.row ?? row, person, ballot.answer.choice) ??
    (await ownAgent(client, row as HoldRow, voter)) ??
    (await insertVote(client, ballot, person as Person))
  if (refused === null) return count(client, ballot, row as HoldRow)
  await writeTrail(client, at, 'hold.vote_refused', {
    hold: id.slice(0, 64),
    voter: `${voter.issuer} ${voter.subject}`,
    via: ballot.answer.via,
    reason: refused.code,
  })
  return { refused, moved: lapsed }
}

/** No exception for anyone: an administrator is a person like the others. */
function refusalOf(row: HoldRow | undefined, person: Person | null, choice: Vote['choice']): HoldError | null {
  if (row === undefined) return new HoldError('not_found', 'There is no such hold')
  if (person === null) {
    return new HoldError('unknown_person', 'You are not known here yet', { hint: 'Sign in to the console once' })
  }
  if (!person.active) return new HoldError('deactivated', 'Your account is deactivated')
  if (person.kind !== 'human') return new HoldError('not_a_person', 'Only people can answer a hold')
  if (isAsker(row.request.identity, person)) {
    return new HoldError('own_request', 'Nobody answers their own request or their agent’s', {
      hint: 'To take it back, withdraw it',
    })
  }
  const groups = [...new Set(row.request.decision.reviewers.map(({ group }) => group))]
  if (!groups.some((group) => person.groups.includes(group))) {
    return new HoldError('not_a_reviewer', `Only members of ${groups.join(' or ')} can answer this hold`)
  }
  if (row.status !== 'pending') return new HoldError('not_pending', SETTLED[row.status])
  if (choice === 'reject' || !needsReason(row)) return null
  return new HoldError('reason_missing', 'This cannot be approved before whoever asked has said why', {
    hint: 'Ask them; rejecting it needs nothing more',
  })
}

const SETTLED: Readonly<Record<Exclude<HoldStatus, 'pending'>, string>> = {
  approved: 'This hold has been approved already',
  executed: 'This hold has been approved and its statement has run',
  rejected: 'This hold has been rejected already',
  expired: 'This hold has expired',
  withdrawn: 'Whoever asked has taken this request back',
  abandoned: 'The client that waited for this answer has gone',
}

export function notPending(status: HoldStatus): HoldError {
  return new HoldError('not_pending', status === 'pending' ? 'This hold is still pending' : SETTLED[status])
}

/** An agent may have an owner in the directory although its token names nobody it acts for. */
async function ownAgent(client: Queryable, row: HoldRow, voter: PersonKey): Promise<HoldError | null> {
  const asker = await findPerson(client, row.request.identity)
  if (asker?.owner == null || !samePerson(asker.owner, voter)) return null
  return new HoldError('own_request', `Nobody answers the request of a ${asker.kind} of their own`)
}

async function insertVote(client: Queryable, ballot: Ballot, person: Person): Promise<HoldError | null> {
  const { hold, answer, at } = ballot
  const { issuer, subject, name, groups } = person
  const reason = answer.reason?.replaceAll('\0', '\uFFFD').slice(0, REASON_CHARACTERS_MAX) ?? null
  const rows = await rowsOf(
    client,
    `INSERT INTO vote (hold, issuer, subject, name, groups, choice, reason, via, at)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT DO NOTHING RETURNING hold`,
    [hold, issuer, subject, name, groups, answer.choice, reason, answer.via, at],
  )
  if (rows.length === 0) return new HoldError('already_voted', 'You have answered this hold already')
  const voter = { issuer, subject, name, groups: [...groups] }
  const vote = { voter, choice: answer.choice, reason, via: answer.via, at: at.toISOString() }
  await writeTrail(client, at, 'hold.voted', { hold, vote })
  return null
}

async function count(client: Queryable, { hold: id, answer, at }: Ballot, row: HoldRow): Promise<Accepted> {
  const { reviewers, grantMs } = row.request.decision
  let moved: Moved | null = null
  if (answer.choice === 'reject') moved = await move(client, 'reject', { id, at })
  else if (quorumMet(reviewers, await approvalsOf(client, id))) {
    moved = await move(client, 'approve', { id, at, grantMs: grantMs ?? GRANT_MS })
  } else return { refused: null, moved, notices: await writeNotices(client, { hold: id, reason: 'voted', at }) }
  if (moved === null) throw new Error('a locked pending hold could not be moved')
  return { refused: null, moved, notices: moved.notices }
}

/** With the groups they had when they voted; who has been deactivated since does not count any more. */
function approvalsOf(client: Queryable, hold: string): Promise<readonly Approval[]> {
  return rowsOf<Approval & { readonly groups: string[] }>(
    client,
    `SELECT vote.groups FROM vote JOIN person USING (issuer, subject)
     WHERE hold = $1 AND choice = 'approve' AND person.active ORDER BY number`,
    [hold],
  )
}
