import { overdueGroup } from '../../policies/answering.ts'
import { awayFor } from '../directory/delegations.ts'
import { findPerson, type Person } from '../directory/directory.ts'
import type { Queryable } from '../state/transaction.ts'
import { HoldError } from './errors.ts'
import { type PersonKey, samePerson } from './identity-key.ts'
import type { HoldRow } from './row.ts'
import { placesFor, placesOf, type StandingIn } from './standing.ts'

/** A person who may answer a hold: which places they can fill, and by whose right. */
export interface Voter {
  readonly person: Person
  readonly fills: readonly string[]
  /** Somebody who is away; null: by their own. */
  readonly insteadOf: Person | null
}

/**
 * Who somebody is to a hold, from the directory and at this moment; nothing that a card or a session said about them
 * counts. Their own right comes first, then that of the first who is away. No exception for anyone: an administrator is
 * a person like the others.
 *
 * @param overdue whether it is a review that nobody did in time
 */
export async function voterOf(
  client: Queryable,
  row: HoldRow,
  key: PersonKey,
  at: Date,
  overdue = false,
): Promise<Voter | HoldError> {
  const person = await findPerson(client, key, 'FOR SHARE')
  if (person === null) {
    return new HoldError('unknown_person', 'You are not known here yet', { hint: 'Sign in to the console once' })
  }
  if (!person.active) return new HoldError('deactivated', 'Your account is deactivated')
  if (person.kind !== 'human') return new HoldError('not_a_person', 'Only people can answer a hold')
  const askers = await askersOf(client, row)
  if (askers.some((asker) => samePerson(asker, person))) {
    return new HoldError('own_request', 'Nobody answers their own request or their agent’s', {
      hint: 'To take it back, withdraw it',
    })
  }
  const where = { ...standingIn(row, at), overdue }
  const own = placesOf(person, where)
  if (own.length > 0) return { person, fills: own, insteadOf: null }
  return (await insteadOf(client, askers, person, where)) ?? notAReviewer(row, overdue)
}

/** Nobody answers for those who ask, either: that would be their own answer. */
async function insteadOf(
  client: Queryable,
  askers: readonly PersonKey[],
  person: Person,
  where: StandingIn,
): Promise<Voter | null> {
  for (const away of await awayFor(client, person, where.at)) {
    if (askers.some((asker) => samePerson(asker, away))) continue
    const fills = placesFor(away, person, where)
    if (fills.length > 0) return { person, fills, insteadOf: away }
  }
  return null
}

/** The asker, the person it acts for, and the person who answers for it in the directory. */
async function askersOf(client: Queryable, { request: { identity } }: HoldRow): Promise<readonly PersonKey[]> {
  const known = await findPerson(client, identity)
  return [identity, identity.actsFor, known?.owner ?? null].filter((one) => one !== null)
}

function notAReviewer({ request, escalated_at }: HoldRow, overdue: boolean): HoldError {
  const { reviewers, answering } = request.decision
  const groups = new Set(reviewers.map(({ group }) => group))
  if (escalated_at !== null && answering?.escalate) groups.add(answering.escalate.group)
  const others = overdue ? overdueGroup(answering) : null
  if (others !== null) groups.add(others)
  return new HoldError('not_a_reviewer', `Only members of ${[...groups].join(' or ')} can answer this hold`)
}

function standingIn({ request, escalated_at }: HoldRow, at: Date): StandingIn {
  return { decision: request.decision, escalated: escalated_at !== null, at }
}
