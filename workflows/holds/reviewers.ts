import { overdueGroup } from '../../policies/answering.ts'
import { awayFor } from '../directory/delegations.ts'
import { findPerson, type Person } from '../directory/directory.ts'
import { type Queryable, rowsOf } from '../state/transaction.ts'
import type { Hold } from './hold.ts'
import { isAsker, type PersonKey, samePerson } from './identity-key.ts'
import { onDuty, placesFor, placesOf, type StandingIn } from './standing.ts'

/** Who might be one: by a group, by being on duty, or by answering for somebody. */
const CANDIDATES = `
  SELECT issuer, subject FROM person
  WHERE active AND kind = 'human' AND (groups && $1
    OR (issuer, subject) IN (SELECT * FROM unnest($2::text[], $3::text[]))
    OR EXISTS (SELECT FROM delegation WHERE (to_issuer, to_subject) = (issuer, subject)
      AND revoked_at IS NULL AND starts_at <= $4 AND ends_at > $4))
  ORDER BY issuer, subject`

/** A person and the reviewers' groups whose place they can fill. */
export interface Reviewer {
  readonly person: Person
  readonly fills: readonly string[]
}

/** Those whom to tell. */
export async function reviewersAt(on: Queryable, hold: Hold, at: Date): Promise<readonly Person[]> {
  return (await placesAt(on, hold, at)).map(({ person }) => person)
}

/**
 * Everybody who may answer a hold at this moment, and so has to be told: active people by their own right or that of
 * somebody who is away, but never who asks, for whom, or who answers for them. The same is judged again when they vote.
 */
export async function placesAt(on: Queryable, hold: Hold, at: Date): Promise<readonly Reviewer[]> {
  const { decision, identity, escalatedAt, brokenGlass } = hold
  const overdue = brokenGlass?.review === null && Date.parse(brokenGlass.reviewDueAt) <= at.getTime()
  const where: StandingIn = { decision, escalated: escalatedAt !== null, overdue, at }
  const groups = [...decision.reviewers.map(({ group }) => group), ...otherGroups(hold, overdue)]
  const duty = (decision.answering?.onCall ?? []).flatMap((schedule) => onDuty(schedule, at))
  const candidates = await rowsOf<PersonKey & { readonly issuer: string; readonly subject: string }>(on, CANDIDATES, [
    groups,
    duty.map(({ issuer }) => issuer),
    duty.map(({ subject }) => subject),
    at,
  ])
  const owner = (await findPerson(on, identity))?.owner ?? null
  const asks = (one: PersonKey): boolean => isAsker(identity, one) || (owner !== null && samePerson(owner, one))
  const found: Reviewer[] = []
  for (const candidate of candidates.filter((one) => !asks(one))) {
    const person = await findPerson(on, candidate)
    const fills = person === null ? [] : await placesFilledBy(on, person, where, asks)
    if (person !== null && fills.length > 0) found.push({ person, fills })
  }
  return found
}

async function placesFilledBy(
  on: Queryable,
  person: Person,
  where: StandingIn,
  asks: (one: PersonKey) => boolean,
): Promise<readonly string[]> {
  const own = placesOf(person, where)
  if (own.length > 0) return own
  const away = (await awayFor(on, person, where.at)).filter((one) => !asks(one))
  return away.map((one) => placesFor(one, person, where)).find((fills) => fills.length > 0) ?? []
}

function otherGroups({ decision, escalatedAt }: Hold, overdue: boolean): readonly string[] {
  const { answering } = decision
  const groups = [
    escalatedAt === null ? null : (answering?.escalate?.group ?? null),
    overdue ? overdueGroup(answering) : null,
  ]
  return groups.filter((group) => group !== null)
}
