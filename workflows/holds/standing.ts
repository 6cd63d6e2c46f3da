import { type Answering, type OnCall, overdueGroup } from '../../policies/answering.ts'
import type { Decision } from '../../policies/decision.ts'
import { type PersonKey, samePerson } from './identity-key.ts'

/** What a right to answer is judged by: the hold's decision, the moment, and whether others may answer by now. */
export interface StandingIn {
  readonly decision: Pick<Decision, 'reviewers' | 'answering'>
  readonly escalated: boolean
  /** The glass was broken, and nobody has reviewed that in time. */
  readonly overdue?: boolean
  readonly at: Date
}

export interface Member extends PersonKey {
  readonly groups: readonly string[]
}

/** A way to a place: by a group, which may be one of the reviewers' or the one it was escalated to. */
interface Right {
  readonly by: string
  readonly fills: readonly string[]
}

/** The reviewers' groups whose place this person can fill now, by themselves. None: not a reviewer. */
export function placesOf(person: Member, where: StandingIn): readonly string[] {
  return placesIn(rightsOf(person, where))
}

/** The same for somebody who answers for a person who is away: only by groups that let them. */
export function placesFor(away: Member, delegate: Member, where: StandingIn): readonly string[] {
  const lets = ({ by }: Right): boolean => maySubstitute(delegate, by, where.decision.answering)
  return placesIn(rightsOf(away, where).filter(lets))
}

function placesIn(rights: readonly Right[]): readonly string[] {
  return [...new Set(rights.flatMap(({ fills }) => fills))]
}

function rightsOf(person: Member, { decision, escalated, overdue, at }: StandingIn): readonly Right[] {
  const { reviewers, answering } = decision
  const wanted = [...new Set(reviewers.map(({ group }) => group))]
  const groups = groupsAt(person, answering, at)
  const rights = wanted.filter((group) => groups.has(group)).map((group): Right => ({ by: group, fills: [group] }))
  const others = [
    ...(escalated ? [answering?.escalate?.group ?? null] : []),
    ...(overdue === true ? [overdueGroup(answering)] : []),
  ].filter((group) => group !== null)
  return [...rights, ...others.filter((by) => groups.has(by)).map((by): Right => ({ by, fills: wanted }))]
}

/** As the directory has them, but for groups with a schedule: of those, whoever is on duty. */
export function groupsAt(person: Member, answering: Answering | undefined, at: Date): ReadonlySet<string> {
  const schedules = answering?.onCall ?? []
  const groups = new Set(person.groups)
  for (const { group } of schedules) groups.delete(group)
  for (const schedule of schedules)
    if (onDuty(schedule, at).some((one) => samePerson(one, person))) groups.add(schedule.group)
  return groups
}

/** Before the first shift nobody is. */
export function onDuty({ startsAt, shiftMs, shifts }: OnCall, at: Date): readonly PersonKey[] {
  const passed = Math.floor((at.getTime() - Date.parse(startsAt)) / shiftMs)
  return passed < 0 ? [] : (shifts[passed % shifts.length] ?? [])
}

/** Another member of the same group, or of one that the policy names for it. */
function maySubstitute(delegate: Member, group: string, answering: Answering | undefined): boolean {
  const schedule = answering?.onCall.find((one) => one.group === group)
  if (schedule === undefined ? delegate.groups.includes(group) : inAnyShift(schedule, delegate)) return true
  return (answering?.delegates[group] ?? []).some((other) => delegate.groups.includes(other))
}

function inAnyShift({ shifts }: OnCall, person: PersonKey): boolean {
  return shifts.some((shift) => shift.some((one) => samePerson(one, person)))
}
