import { isBehindRequest } from '../../workflows/directory/owned.ts'
import type { Hold } from '../../workflows/holds/hold.ts'
import { isAsker, samePerson } from '../../workflows/holds/identity-key.ts'
import { groupsAt, placesFor, placesOf } from '../../workflows/holds/standing.ts'
import { comparedLabels, comparesProtectedColumns } from '../text/hidden-literals.ts'
import type { Viewer } from './viewer.ts'

/** Members see every hold; they gain no right to vote by it. */
export const SECURITY_GROUP = 'security'

export function maySee(hold: Hold, viewer: Pick<Viewer, 'person' | 'owned'>): boolean {
  if (isBehind(hold, viewer)) return true
  const groups = new Set(viewer.person.groups)
  if (groups.has(SECURITY_GROUP)) return true
  const scheduled = (hold.decision.answering?.onCall ?? []).some(({ shifts }) =>
    shifts.flat().some((one) => samePerson(one, viewer.person)),
  )
  return scheduled || groupsAsked(hold).some((group) => groups.has(group)) || votedBy(hold, viewer) !== null
}

/** It is their own request, or that of what is theirs. */
export function isBehind({ identity }: Hold, { person, owned }: Pick<Viewer, 'person' | 'owned'>): boolean {
  return isBehindRequest(identity, person, owned)
}

/** Everybody whom the decision names in any way, as 0014-hold-shown-to.sql has them. */
function groupsAsked({ decision: { reviewers, answering } }: Hold): readonly string[] {
  const others = [answering?.escalate?.group, answering?.breakGlass?.escalateTo].filter((group) => group != null)
  return [...reviewers.map(({ group }) => group), ...others, ...Object.values(answering?.delegates ?? {}).flat()]
}

/**
 * The values that the statement compares with protected columns: for who wrote them, and for who sees each of those
 * columns clear by the policy that held the statement (data.labels, clear_to). A label it does not know is clear to
 * nobody.
 */
export function mayReadLiterals(hold: Hold, viewer: Viewer): boolean {
  if (!comparesProtectedColumns(hold.facts) || isAsker(hold.identity, viewer.person)) return true
  return seesClear(hold, viewer)
}

/**
 * How many rows a condition on a protected column meets tells what is in it. Who asked would have their answer before
 * anybody answered, and could ask again.
 */
export function mayReadCounts(hold: Hold, viewer: Viewer): boolean {
  if (!comparesProtectedColumns(hold.facts) || !isBehind(hold, viewer)) return true
  return viewer.actsFor === null && viewer.kind === 'human' && seesClear(hold, viewer)
}

/** Rows of data are for those who are asked, never for who asked: nobody judged that they may read these. */
export function mayReadExamples(hold: Hold, viewer: Viewer): boolean {
  return !isBehind(hold, viewer)
}

function seesClear({ facts, labelsClearTo = {} }: Hold, { person }: Viewer): boolean {
  return comparedLabels(facts).every((label) =>
    (labelsClearTo[label] ?? []).some((group) => person.groups.includes(group)),
  )
}

/** Which groups could read what this person may not, to say whom to ask. */
export function groupsThatRead({ facts, labelsClearTo = {} }: Hold): readonly string[] {
  return [...new Set(comparedLabels(facts).flatMap((label) => labelsClearTo[label] ?? []))]
}

export function votedBy(hold: Hold, { person }: Pick<Viewer, 'person'>): 'approve' | 'reject' | null {
  return hold.votes.find(({ voter }) => samePerson(voter, person))?.choice ?? null
}

/** By their own right, or that of somebody who is away; nobody answers for who asks. */
function placesOpenTo(
  { decision, identity }: Hold,
  viewer: Viewer,
  escalated: boolean,
  overdue = false,
): readonly string[] {
  const { person, insteadOf, owned, at } = viewer
  const where = { decision, escalated, overdue, at }
  const others = insteadOf.filter((away) => !isBehindRequest(identity, away, owned))
  return [...placesOf(person, where), ...others.flatMap((away) => placesFor(away, person, where))]
}

/** Or it would be by the very vote: the clock escalates, whether the job came or not. */
function isEscalated({ decision, createdAt, escalatedAt }: Hold, at: Date): boolean {
  const afterMs = decision.answering?.escalate?.afterMs
  return escalatedAt !== null || (afterMs !== undefined && Date.parse(createdAt) + afterMs <= at.getTime())
}

/** Why this person may not vote, as a sentence; null when they may. The hold itself decides again when they do. */
export function whyNotVote(hold: Hold, viewer: Viewer): string | null {
  if (hold.status !== 'pending') return `It is ${hold.status}; nothing is left to decide.`
  if (viewer.kind !== 'human') return 'Only people can answer; agents and services cannot.'
  if (samePerson(hold.identity, viewer.person)) return 'You asked for this yourself. Someone else has to decide.'
  if (isAsker(hold.identity, viewer.person)) return `${hold.identity.name} acts for you. Someone else has to decide.`
  if (isBehind(hold, viewer)) return `${hold.identity.name} is yours. Someone else has to decide.`
  const needed = hold.decision.reviewers.map(({ group }) => group)
  const escalated = isEscalated(hold, viewer.at)
  if (escalated && hold.decision.answering?.escalate) needed.push(hold.decision.answering.escalate.group)
  if (placesOpenTo(hold, viewer, escalated).length === 0)
    return `Only members of ${needed.join(' or ')} can answer this.`
  const voted = votedBy(hold, viewer)
  return voted === null ? null : `You have already said ${voted}.`
}

/** Why they may not approve what they may reject; null when they may do both, or neither. */
export function whyNotApprove(hold: Hold, viewer: Viewer): string | null {
  if (whyNotVote(hold, viewer) !== null) return null
  if (!mayReadLiterals(hold, viewer)) {
    const readers = groupsThatRead(hold)
    const who =
      readers.length === 0 ? 'Nobody may read them here' : `Someone who is also in ${readers.join(' or ')} can`
    return `Its values are compared with protected columns and are hidden from you, so you can only reject it. ${who}.`
  }
  return hold.needsReason ? 'It cannot be approved before whoever asked has said why.' : null
}

/** Who may answer may say afterwards what they think of what was run without an answer. The hold decides again. */
export function mayReview(hold: Hold, viewer: Viewer): boolean {
  const { brokenGlass: glass } = hold
  if (glass === null || glass.review !== null || viewer.kind !== 'human' || isBehind(hold, viewer)) return false
  const overdue = Date.parse(glass.reviewDueAt) <= viewer.at.getTime()
  return placesOpenTo(hold, viewer, hold.escalatedAt !== null, overdue).length > 0
}

/** Only people, for themselves, and only where the policy lets their group. The hold decides again. */
export function mayBreakGlass({ status, identity, decision }: Hold, { kind, person, at }: Viewer): boolean {
  const allowed = decision.answering?.breakGlass ?? null
  if (status !== 'pending' || allowed === null || kind !== 'human' || identity.kind !== 'human') return false
  return samePerson(identity, person) && groupsAt(person, decision.answering, at).has(allowed.group)
}

/** Who may answer may end what an approval allows to others like it, while there is something to end. */
export function mayUndoAlike(hold: Hold, viewer: Viewer): boolean {
  const { alikeApproval: approval } = hold
  if (approval === null || approval.undone !== null || viewer.kind !== 'human') return false
  if (isBehind(hold, viewer) || Date.parse(approval.expiresAt) <= viewer.at.getTime()) return false
  return placesOpenTo(hold, viewer, hold.escalatedAt !== null).length > 0
}
