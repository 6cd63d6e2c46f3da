import type { PersonKey } from '../holds/identity-key.ts'
import { type Queryable, rowsOf } from '../state/transaction.ts'
import { SERVICE_ISSUER } from './service-tokens.ts'

/** Since when somebody is known here; null where that was not recorded. */
export interface KnownSince {
  readonly since: string | null
  readonly groups: readonly { readonly name: string; readonly since: string | null }[]
}

/** @returns null for who is not in the directory, as programs with tokens of an identity provider */
export async function knownSince(on: Queryable, { issuer, subject }: PersonKey): Promise<KnownSince | null> {
  if (issuer === SERVICE_ISSUER) return tokenSince(on, subject)
  const [person] = await rowsOf<{ first_seen_at: Date | null }>(
    on,
    'SELECT first_seen_at FROM person WHERE issuer = $1 AND subject = $2',
    [issuer, subject],
  )
  if (person === undefined) return null
  const groups = await rowsOf<{ name: string; since: Date | null }>(
    on,
    'SELECT name, since FROM person_group WHERE issuer = $1 AND subject = $2 ORDER BY name',
    [issuer, subject],
  )
  return {
    since: person.first_seen_at?.toISOString() ?? null,
    groups: groups.map(({ name, since }) => ({ name, since: since?.toISOString() ?? null })),
  }
}

/** A service is its name, and known since its first token was made. */
async function tokenSince(on: Queryable, name: string): Promise<KnownSince | null> {
  const [row] = await rowsOf<{ since: Date | null }>(
    on,
    'SELECT min(created_at) AS since FROM service_token WHERE name = $1',
    [name],
  )
  return row?.since == null ? null : { since: row.since.toISOString(), groups: [] }
}
