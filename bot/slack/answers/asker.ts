import type { Pool } from 'pg'
import type { Directory } from '../../../workflows/directory/directory.ts'
import { ownedBy } from '../../../workflows/directory/owned.ts'
import type { Hold } from '../../../workflows/holds/hold.ts'
import { isAsker, type PersonKey, samePerson } from '../../../workflows/holds/identity-key.ts'
import { rowsOf } from '../../../workflows/state/transaction.ts'
import { maySee } from '../../console/rights.ts'
import type { LinkedPerson } from './standing.ts'

/** The person behind a request: whoever asked, whom their agent acts for, or who answers for it in the directory. */
export async function personBehind(
  { identity }: Hold,
  directory: Pick<Directory, 'person'>,
): Promise<PersonKey & { readonly name: string }> {
  const { issuer, subject, name, kind, actsFor } = identity
  if (actsFor !== null) return actsFor
  if (kind === 'human') return { issuer, subject, name }
  const owner = (await directory.person(issuer, subject))?.owner ?? null
  const known = owner === null ? null : await directory.person(owner.issuer, owner.subject)
  return known ?? { issuer, subject, name }
}

/** As in the console: their own, what is theirs, and what they are asked about. */
export async function isForThem(person: LinkedPerson, hold: Hold, pool: Pool): Promise<boolean> {
  return maySee(hold, { person: { ...person, groups: [...person.groups] }, owned: await ownedBy(pool, [person]) })
}

/** Whether what this person says is the asker's own word. */
export async function isBehind(person: PersonKey, hold: Hold, directory: Pick<Directory, 'person'>): Promise<boolean> {
  return isAsker(hold.identity, person) || samePerson(person, await personBehind(hold, directory))
}

/** The Slack user that a person linked last; null when they linked none. */
export async function slackUserOf(pool: Pool, teamId: string, { issuer, subject }: PersonKey): Promise<string | null> {
  const [row] = await rowsOf<{ user_id: string }>(
    pool,
    'SELECT user_id FROM slack_link WHERE team_id = $1 AND issuer = $2 AND subject = $3 ORDER BY linked_at DESC LIMIT 1',
    [teamId, issuer, subject],
  )
  return row?.user_id ?? null
}
