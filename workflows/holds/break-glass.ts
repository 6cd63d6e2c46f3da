import { findPerson } from '../directory/directory.ts'
import { writeNotices, writeTrail } from '../outbox/outbox.ts'
import { type Queryable, rowsOf } from '../state/transaction.ts'
import type { BrokenGlass } from './answering.ts'
import { HoldError } from './errors.ts'
import { type PersonKey, samePerson } from './identity-key.ts'
import { type Moved, move } from './moves.ts'
import { HOLD_COLUMNS, type HoldRow } from './row.ts'
import { groupsAt } from './standing.ts'
import { GRANT_MS, notPending, REASON_CHARACTERS_MAX } from './vote.ts'

/**
 * A person of the group that the policy names runs their own held statement at once. It is a move like an approval,
 * judged anew before it runs like any other, so nothing that is denied gets through; reviewers are told at once and have
 * to say afterwards what they think of it (review.ts). Nobody does it for somebody else, and no agent at all.
 */
export interface BreakGlass {
  readonly hold: string
  readonly by: PersonKey
  readonly reason: string
  readonly via: BrokenGlass['via']
  readonly at: Date
}

export interface Broken {
  readonly moved: Moved
  readonly notices: readonly string[]
}

/** @throws HoldError not_found, not_yours, not_a_person, deactivated, no_break_glass, reason_empty, not_pending */
export async function breakGlass(client: Queryable, { hold: id, by, via, at, ...said }: BreakGlass): Promise<Broken> {
  const reason = said.reason.replaceAll('\0', '\uFFFD').trim().slice(0, REASON_CHARACTERS_MAX)
  if (reason === '') throw new HoldError('reason_empty', 'Breaking the glass needs a reason')
  const [row] = await rowsOf<HoldRow>(client, `SELECT ${HOLD_COLUMNS} FROM hold WHERE id = $1 FOR UPDATE`, [id])
  if (row === undefined) throw new HoldError('not_found', 'There is no such hold')
  const { reviewMs } = await permitted(client, row, by, at)
  if (row.status !== 'pending') throw notPending(row.status)
  const { grantMs } = row.request.decision
  const moved = await move(client, 'approve', { id, at, grantMs: grantMs ?? GRANT_MS })
  if (moved === null) throw notPending('expired')
  const dueAt = new Date(at.getTime() + reviewMs)
  await rowsOf(client, 'INSERT INTO broken_glass (hold, reason, via, at, review_due_at) VALUES ($1, $2, $3, $4, $5)', [
    id,
    reason,
    via,
    at,
    dueAt,
  ])
  const who = { issuer: by.issuer, subject: by.subject }
  await writeTrail(client, at, 'hold.glass_broken', {
    hold: id,
    by: who,
    reason,
    via,
    reviewDueAt: dueAt.toISOString(),
  })
  return { moved, notices: await writeNotices(client, { hold: id, reason: 'glass_broken', at }) }
}

async function permitted(
  client: Queryable,
  row: HoldRow,
  by: PersonKey,
  at: Date,
): Promise<{ readonly reviewMs: number }> {
  const { identity, decision } = row.request
  if (identity.kind !== 'human')
    throw new HoldError('not_a_person', 'Only people break the glass, and only for themselves')
  if (!samePerson(identity, by)) throw new HoldError('not_yours', 'Nobody breaks the glass for somebody else')
  const person = await findPerson(client, by, 'FOR SHARE')
  if (person === null || person.kind !== 'human') throw new HoldError('not_a_person', 'Only people break the glass')
  if (!person.active) throw new HoldError('deactivated', 'Your account is deactivated')
  const allowed = decision.answering?.breakGlass ?? null
  if (allowed === null) throw new HoldError('no_break_glass', 'The policy lets nobody break the glass for this')
  if (groupsAt(person, decision.answering, at).has(allowed.group)) return allowed
  throw new HoldError('no_break_glass', `Only members of ${allowed.group} can break the glass`)
}
