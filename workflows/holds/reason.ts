import type { Identity } from '../../policies/input.ts'
import { findPerson } from '../directory/directory.ts'
import { writeNotices, writeTrail } from '../outbox/outbox.ts'
import { type Queryable, rowsOf } from '../state/transaction.ts'
import { HoldError } from './errors.ts'
import { isAsker, type PersonKey, samePerson } from './identity-key.ts'
import { HOLD_COLUMNS, type HoldRow } from './row.ts'
import { notPending, REASON_CHARACTERS_MAX } from './vote.ts'

export interface GivenReason {
  readonly hold: string
  readonly by: PersonKey
  readonly reason: string
  readonly at: Date
}

/**
 * Says why, for a hold that has no reason yet, by whoever asked, the person it acts for, or who answers for it in the
 * directory, inside the caller's transaction. Once: what has been said is what
 * reviewers answer to.
 *
 * @throws HoldError not_found, not_yours, not_pending, reason_given, reason_empty
 */
export async function giveReason(
  client: Queryable,
  { hold: id, by, reason: said, at }: GivenReason,
): Promise<{ readonly notices: readonly string[] }> {
  const reason = said.replaceAll('\0', '\uFFFD').trim().slice(0, REASON_CHARACTERS_MAX)
  if (reason === '') throw new HoldError('reason_empty', 'Say why, in a few words')
  const [row] = await rowsOf<HoldRow>(client, `SELECT ${HOLD_COLUMNS} FROM hold WHERE id = $1 FOR UPDATE`, [id])
  if (row === undefined) throw new HoldError('not_found', 'There is no such hold')
  if (!(await asksOrOwns(client, row.request.identity, by)))
    throw new HoldError('not_yours', 'Only whoever asked can say why')
  if (row.status !== 'pending') throw notPending(row.status)
  if (row.expires_at <= at) throw notPending('expired')
  const before = row.reason ?? row.request.reason
  if (before === reason) return { notices: [] }
  if (before !== null) throw new HoldError('reason_given', 'A reason has been given already, and stands')
  await client.query('UPDATE hold SET reason = $2 WHERE id = $1', [id, reason])
  await writeTrail(client, at, 'hold.reasoned', { hold: id, by: { issuer: by.issuer, subject: by.subject }, reason })
  return { notices: await writeNotices(client, { hold: id, reason: 'reasoned', at }) }
}

/** Whose agent or service it is, the directory says at this moment; a sign-in of theirs need not have said it. */
export async function asksOrOwns(on: Queryable, identity: Identity, by: PersonKey): Promise<boolean> {
  if (isAsker(identity, by)) return true
  const owner = (await findPerson(on, identity))?.owner ?? null
  if (owner === null || !samePerson(owner, by)) return false
  return (await findPerson(on, owner))?.active === true
}
