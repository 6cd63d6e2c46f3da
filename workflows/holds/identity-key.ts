import type { Identity } from '../../policies/input.ts'

/** How a person, service or agent is found again: the provider and its stable subject, never a name. */
export interface PersonKey {
  readonly issuer: string
  readonly subject: string
}

export function samePerson(one: PersonKey, other: PersonKey): boolean {
  return one.issuer === other.issuer && one.subject === other.subject
}

/** One text per asker, including for whom: an agent that acts for two people is two askers. */
export function identityKey({ issuer, subject, kind, actsFor }: Identity): string {
  return JSON.stringify([kind, issuer, subject, actsFor?.issuer ?? null, actsFor?.subject ?? null])
}

/** The asker itself or the person it acts for: who may take a request back, and may not approve it. */
export function isAsker(identity: Identity, person: PersonKey): boolean {
  return samePerson(identity, person) || (identity.actsFor !== null && samePerson(identity.actsFor, person))
}

/**
 * SQL for what `hold.askers` is compared with: all of these, as the state database keeps them (0014-hold-shown-to.sql).
 *
 * @param issuers and subjects: parameters, lists of the same length
 */
export function askersOf(issuers: string, subjects: string): string {
  return `SELECT array_agg(json_build_array(issuer, subject)::text)
    FROM unnest(${issuers}::text[], ${subjects}::text[]) AS one (issuer, subject)`
}

/** A person among the groups that a hold is shown to. */
export function shownKey({ issuer, subject }: PersonKey): string {
  return `person:${JSON.stringify([issuer, subject])}`
}
