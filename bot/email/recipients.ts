import type { Pool } from 'pg'
import type { Hold } from '../../workflows/holds/hold.ts'
import { isAsker, type PersonKey, samePerson } from '../../workflows/holds/identity-key.ts'
import { rowsOf } from '../../workflows/state/transaction.ts'

export interface Recipient extends PersonKey {
  readonly name: string
  readonly address: string
}

interface PersonRow extends PersonKey {
  readonly name: string
  readonly email: string
}

/** One plain address; what could be taken for two of them, or for a header, is none. */
const ADDRESS = /^[^\s<>()[\]\\,;:"@\p{Cc}]{1,64}@[^\s<>()[\]\\,;:"@\p{Cc}]{1,255}$/u

/**
 * Who is asked: active people in the groups that may answer now, as the directory has them now, but never who asks, for
 * whom, or who answers for them.
 */
export async function reviewersOf(pool: Pool, hold: Hold): Promise<readonly Recipient[]> {
  const { reviewers, answering } = hold.decision
  const escalated = hold.escalatedAt === null || answering?.escalate == null ? [] : [answering.escalate.group]
  const groups = [...reviewers.map(({ group }) => group), ...escalated]
  const rows = await rowsOf<PersonRow>(
    pool,
    `SELECT issuer, subject, name, email FROM person
     WHERE active AND kind = 'human' AND email IS NOT NULL AND groups && $1 ORDER BY issuer, subject`,
    [groups],
  )
  const [owner] = await rowsOf<PersonKey>(
    pool,
    `SELECT owner_issuer AS issuer, owner_subject AS subject FROM person
     WHERE issuer = $1 AND subject = $2 AND owner_issuer IS NOT NULL`,
    [hold.identity.issuer, hold.identity.subject],
  )
  return reachable(
    rows.filter((row) => !isAsker(hold.identity, row) && (owner === undefined || !samePerson(owner, row))),
  )
}

/** The same people later, wherever they are reached now; who was deactivated is told nothing more. */
export async function peopleWith(pool: Pool, keys: readonly PersonKey[]): Promise<readonly Recipient[]> {
  const rows = await rowsOf<PersonRow>(
    pool,
    `SELECT issuer, subject, name, email FROM person JOIN unnest($1::text[], $2::text[]) AS k (issuer, subject)
       USING (issuer, subject) WHERE active AND email IS NOT NULL ORDER BY issuer, subject`,
    [keys.map(({ issuer }) => issuer), keys.map(({ subject }) => subject)],
  )
  return reachable(rows)
}

function reachable(rows: readonly PersonRow[]): readonly Recipient[] {
  return rows
    .filter(({ email }) => ADDRESS.test(email))
    .map(({ issuer, subject, name, email }) => ({ issuer, subject, name, address: email }))
}
