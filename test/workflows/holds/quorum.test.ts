import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Reviewers } from '../../../policies/decision.ts'
import { type Approval, coversReviewers, placesFilled, quorumMet } from '../../../workflows/holds/quorum.ts'

const dba = (count: number) => ({ group: 'dba', count })
const security = (count: number) => ({ group: 'security', count })

test.each<{ what: string; reviewers: Reviewers[]; approvals: string[][]; met: boolean }>([
  { what: 'one of one', reviewers: [dba(1)], approvals: [['dba']], met: true },
  { what: 'one of two', reviewers: [dba(2)], approvals: [['dba']], met: false },
  { what: 'two of two', reviewers: [dba(2)], approvals: [['dba'], ['dba', 'x']], met: true },
  { what: 'a stranger', reviewers: [dba(1)], approvals: [['x']], met: false },
  { what: 'one person in both groups', reviewers: [dba(1), security(1)], approvals: [['dba', 'security']], met: false },
  {
    what: 'two people, the first in both',
    reviewers: [dba(1), security(1)],
    approvals: [['dba', 'security'], ['dba']],
    met: true,
  },
  {
    what: 'two people, the last in both',
    reviewers: [dba(1), security(1)],
    approvals: [['dba'], ['dba', 'security']],
    met: true,
  },
  { what: 'two of the same group', reviewers: [dba(1), security(1)], approvals: [['dba'], ['dba']], met: false },
  { what: 'the same group twice', reviewers: [dba(1), dba(1)], approvals: [['dba']], met: false },
  {
    what: 'a chain of three',
    reviewers: [
      { group: 'a', count: 1 },
      { group: 'b', count: 1 },
      { group: 'c', count: 1 },
    ],
    approvals: [['a', 'b'], ['b', 'c'], ['a']],
    met: true,
  },
  { what: 'nobody asked for', reviewers: [], approvals: [['dba']], met: false },
  { what: 'more than could ever be', reviewers: [dba(2_000_000_000)], approvals: [['dba']], met: false },
])('$what: $met', ({ reviewers, approvals, met }) => {
  expect(
    quorumMet(
      reviewers,
      approvals.map((groups) => ({ groups })),
    ),
  ).toBe(met)
})

test.each<{ what: string; reviewers: Reviewers[]; approvals: string[][]; filled: number[] }>([
  { what: 'nobody yet', reviewers: [dba(2)], approvals: [], filled: [0] },
  {
    what: 'one person in both groups',
    reviewers: [dba(1), security(1)],
    approvals: [['dba', 'security']],
    filled: [1, 0],
  },
  {
    what: 'who came first moves over',
    reviewers: [dba(1), security(1)],
    approvals: [['dba', 'security'], ['dba']],
    filled: [1, 1],
  },
  { what: 'more than are asked for', reviewers: [dba(1)], approvals: [['dba'], ['dba']], filled: [1] },
  { what: 'more places than could ever be', reviewers: [dba(2_000_000_000)], approvals: [['dba']], filled: [1] },
])('the count that people see: $what', ({ reviewers, approvals, filled }) => {
  expect(
    placesFilled(
      reviewers,
      approvals.map((groups) => ({ groups })),
    ),
  ).toEqual(filled)
})

test('agrees with trying every way to give people places', () => {
  const group = fc.constantFrom('a', 'b', 'c')
  const reviewers = fc.array(fc.record({ group, count: fc.integer({ min: 1, max: 2 }) }), { maxLength: 3 })
  const approvals = fc.array(fc.record({ groups: fc.uniqueArray(group) }), { maxLength: 5 })
  fc.assert(
    fc.property(reviewers, approvals, (asked, given) => {
      expect(quorumMet(asked, given)).toBe(asked.length > 0 && someWay(placesOf(asked), given))
    }),
    { numRuns: 2_000 },
  )
})

function placesOf(reviewers: readonly Reviewers[]): string[] {
  return reviewers.flatMap(({ group, count }) => new Array<string>(count).fill(group))
}

function someWay([place, ...rest]: readonly string[], people: readonly Approval[]): boolean {
  if (place === undefined) return true
  return people.some(
    (one) =>
      one.groups.includes(place) &&
      someWay(
        rest,
        people.filter((other) => other !== one),
      ),
  )
}

test.each([
  { given: [['dba', 1]], wanted: [['dba', 1]], covers: true },
  {
    given: [
      ['dba', 2],
      ['security', 1],
    ],
    wanted: [['dba', 1]],
    covers: true,
  },
  { given: [['dba', 1]], wanted: [], covers: true },
  { given: [['dba', 1]], wanted: [['dba', 2]], covers: false },
  { given: [['dba', 1]], wanted: [['security', 1]], covers: false },
  {
    given: [['dba', 1]],
    wanted: [
      ['dba', 1],
      ['security', 1],
    ],
    covers: false,
  },
  { given: [], wanted: [['dba', 1]], covers: false },
] as const)('what was asked of $given answers what is asked of $wanted now: $covers', ({ given, wanted, covers }) => {
  const asked = (list: readonly (readonly [string, number])[]) => list.map(([group, count]) => ({ group, count }))
  expect(coversReviewers(asked(given), asked(wanted))).toBe(covers)
})
