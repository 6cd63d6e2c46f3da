import type { Identity } from '../../policies/input.ts'
import { isAsker, type PersonKey, samePerson } from '../holds/identity-key.ts'
import { type Queryable, rowsOf } from '../state/transaction.ts'

/** An agent or service, and the person who answers for it in the directory. A sign-in of theirs need not have said it. */
export interface Owned {
  readonly it: PersonKey
  readonly owner: PersonKey
}

interface OwnedRow {
  readonly issuer: string
  readonly subject: string
  readonly owner_issuer: string
  readonly owner_subject: string
}

/** Everything that is any of these people's at this moment. */
export async function ownedBy(on: Queryable, people: readonly PersonKey[]): Promise<readonly Owned[]> {
  const rows = await rowsOf<OwnedRow>(
    on,
    `SELECT issuer, subject, owner_issuer, owner_subject FROM person
     WHERE (owner_issuer, owner_subject) IN (SELECT * FROM unnest($1::text[], $2::text[])) ORDER BY issuer, subject`,
    [people.map(({ issuer }) => issuer), people.map(({ subject }) => subject)],
  )
  return rows.map(({ issuer, subject, owner_issuer, owner_subject }) => ({
    it: { issuer, subject },
    owner: { issuer: owner_issuer, subject: owner_subject },
  }))
}

/** Whoever asked, whom it acts for, or who answers for it in the directory: nobody of them answers the request. */
export function isBehindRequest(identity: Identity, person: PersonKey, owned: readonly Owned[]): boolean {
  if (isAsker(identity, person)) return true
  return owned.some(({ it, owner }) => samePerson(owner, person) && samePerson(it, identity))
}
