import type { Reviewers } from '../../policies/decision.ts'

/** What the quorum needs to know of an approval: one entry is one person. */
export interface Approval {
  readonly groups: readonly string[]
}

/**
 * Whether the people who approved fill every place that the decision asks for. `{group: dba, count: 2}` is two places;
 * a person fills one place, whatever the number of groups they are in. Who fills which is a matching, not a matter of
 * who came first: with Ana in dba and security and Ben in dba only, Ben takes dba and Ana security.
 *
 * A decision that asks for nobody is met by nobody.
 */
export function quorumMet(reviewers: readonly Reviewers[], approvals: readonly Approval[]): boolean {
  const wanted = reviewers.reduce((sum, { count }) => sum + count, 0)
  if (wanted === 0 || wanted > approvals.length) return false
  return placesFilled(reviewers, approvals).reduce((sum, filled) => sum + filled, 0) === wanted
}

/** How many places of each entry are filled when as many as can be are: for people to follow the count. */
export function placesFilled(reviewers: readonly Reviewers[], approvals: readonly Approval[]): readonly number[] {
  const places = reviewers.flatMap(({ group, count }, entry) =>
    Array.from({ length: Math.min(count, approvals.length) }, () => ({ group, entry })),
  )
  const seated = new Map<Approval, number>()
  for (const place of places.keys()) seat(place, { places, approvals, seated }, new Set())
  const taken = [...seated.values()].map((place) => places[place]?.entry)
  return reviewers.map((_, entry) => taken.filter((one) => one === entry).length)
}

interface Table {
  readonly places: readonly { readonly group: string }[]
  readonly approvals: readonly Approval[]
  readonly seated: Map<Approval, number>
}

/** Kuhn's augmenting path: a free person, or one whose place somebody else can take over. */
function seat(place: number, table: Table, asked: Set<Approval>): boolean {
  const group = table.places[place]?.group as string
  for (const person of table.approvals) {
    if (asked.has(person) || !person.groups.includes(group)) continue
    asked.add(person)
    const other = table.seated.get(person)
    if (other !== undefined && !seat(other, table, asked)) continue
    table.seated.set(person, place)
    return true
  }
  return false
}

/** Whether whoever answered for `given` answered for `wanted` too: as many of each group at least. */
export function coversReviewers(given: readonly Reviewers[], wanted: readonly Reviewers[]): boolean {
  const asked = (group: string): number =>
    given.filter((one) => one.group === group).reduce((most, { count }) => Math.max(most, count), 0)
  return wanted.every(({ group, count }) => asked(group) >= count)
}
