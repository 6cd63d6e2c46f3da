import type { Pool } from 'pg'
import type { Hold } from '../../../workflows/holds/hold.ts'
import { isAsker, type PersonKey, samePerson } from '../../../workflows/holds/identity-key.ts'
import { rowsOf } from '../../../workflows/state/transaction.ts'
import type { AnswerParts } from '../answers/click.ts'
import type { LinkedPerson, SlackUserReference } from '../answers/standing.ts'
import { reviewingGroups } from '../cards/destinations.ts'

/** What concerns one person, read from the records each time. */
export interface Inbox {
  /** They may answer these, and have not. */
  readonly waiting: readonly Hold[]
  readonly asked: readonly Hold[]
  readonly answered: readonly Hold[]
  readonly privateMessages: boolean
}

const READ_MAX = 500
const RECENT_DAYS = 7
const RECENT_MAX = 10

export async function inboxOf(
  person: LinkedPerson,
  { teamId, userId }: SlackUserReference,
  { holds, pool, now }: Pick<AnswerParts, 'holds' | 'pool' | 'now'>,
): Promise<Inbox> {
  const since = new Date(now() - RECENT_DAYS * 24 * 60 * 60_000)
  const [pending, asked, answered, [link]] = await Promise.all([
    holds.list({ status: 'pending', limit: READ_MAX }),
    idsOf(pool, ASKED, person, since),
    idsOf(pool, ANSWERED, person, since),
    rowsOf<{ private_messages: boolean }>(pool, PREFERENCE, [teamId, userId]),
  ])
  const read = async (ids: readonly string[]): Promise<readonly Hold[]> =>
    (await Promise.all(ids.map((id) => holds.find(id)))).filter((hold) => hold !== null)
  return {
    waiting: pending.filter((hold) => waitsFor(person, hold)),
    asked: await read(asked),
    answered: await read(answered),
    privateMessages: link?.private_messages ?? false,
  }
}

function waitsFor(person: LinkedPerson, hold: Hold): boolean {
  if (isAsker(hold.identity, person) || hold.votes.some(({ voter }) => samePerson(voter, person))) return false
  return reviewingGroups(hold).some((group) => person.groups.includes(group))
}

async function idsOf(pool: Pool, sql: string, { issuer, subject }: PersonKey, since: Date): Promise<readonly string[]> {
  return (await rowsOf<{ id: string }>(pool, sql, [issuer, subject, since, RECENT_MAX])).map(({ id }) => id)
}

/** By themselves, or by an agent of theirs. */
const ASKED = `
  SELECT id FROM hold
  WHERE created_at > $3 AND (
    request->'identity'->>'issuer' = $1 AND request->'identity'->>'subject' = $2 OR
    request->'identity'->'actsFor'->>'issuer' = $1 AND request->'identity'->'actsFor'->>'subject' = $2)
  ORDER BY created_at DESC LIMIT $4`

const ANSWERED = `
  SELECT hold AS id FROM vote WHERE issuer = $1 AND subject = $2 AND at > $3 ORDER BY at DESC LIMIT $4`

const PREFERENCE = 'SELECT private_messages FROM slack_link WHERE team_id = $1 AND user_id = $2'
