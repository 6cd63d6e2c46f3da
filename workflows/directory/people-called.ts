import type { PersonKey } from '../holds/identity-key.ts'
import { type Queryable, rowsOf } from '../state/transaction.ts'

/** Active people by e-mail address or name. More than one: the name says too little, and nobody is guessed. */
export function peopleCalled(on: Queryable, nameOrEmail: string): Promise<readonly PersonKey[]> {
  return rowsOf<PersonKey & { readonly issuer: string; readonly subject: string }>(
    on,
    `SELECT issuer, subject FROM person
     WHERE active AND kind = 'human' AND (lower(email) = lower($1) OR name = $1) ORDER BY issuer, subject LIMIT 5`,
    [nameOrEmail],
  )
}
