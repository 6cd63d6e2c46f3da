import type { Pool } from 'pg'
import type { Hold } from '../../workflows/holds/hold.ts'
import type { PersonKey } from '../../workflows/holds/identity-key.ts'
import { reviewersAt } from '../../workflows/holds/reviewers.ts'
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

/** Who is asked: everybody who may answer at this moment and has an address. */
export async function reviewersOf(pool: Pool, hold: Hold, at: Date): Promise<readonly Recipient[]> {
  const people = await reviewersAt(pool, hold, at)
  return reachable(people.flatMap(({ email, ...person }) => (email === null ? [] : [{ ...person, email }])))
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

/** Everybody in a group at this moment. */
export async function membersOf(pool: Pool, group: string): Promise<readonly Recipient[]> {
  const rows = await rowsOf<PersonRow>(
    pool,
    `SELECT issuer, subject, name, email FROM person
     WHERE active AND kind = 'human' AND email IS NOT NULL AND $1 = ANY (groups) ORDER BY issuer, subject`,
    [group],
  )
  return reachable(rows)
}

function reachable(rows: readonly PersonRow[]): readonly Recipient[] {
  return rows
    .filter(({ email }) => ADDRESS.test(email))
    .map(({ issuer, subject, name, email }) => ({ issuer, subject, name, address: email }))
}
