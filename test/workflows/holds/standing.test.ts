import { describe, expect, test } from 'vitest'
import { onDuty, placesFor, placesOf, type StandingIn } from '../../../workflows/holds/standing.ts'
import { answering, decisionFor, person } from '../stage.ts'

const WEEK = 7 * 24 * 3_600_000
const START = Date.parse('2026-11-02T09:00:00Z')
const schedule = {
  group: 'oncall',
  startsAt: '2026-11-02T09:00:00Z',
  shiftMs: WEEK,
  shifts: [[person('ben')], [person('cleo'), person('dora')]],
}
const after = (weeks: number): Date => new Date(START + weeks * WEEK)
const member = (name: string, ...groups: string[]) => ({ ...person(name), groups })

function where(changes: Partial<StandingIn> = {}, more: Partial<typeof answering> = {}): StandingIn {
  const decision = {
    ...decisionFor([
      { group: 'oncall', count: 1 },
      { group: 'security', count: 1 },
    ]),
    answering: { ...answering, onCall: [schedule], ...more },
  }
  return { decision, escalated: false, at: after(0), ...changes }
}

test.each([
  { weeks: -0.01, who: [] },
  { weeks: 0, who: ['ben'] },
  { weeks: 0.999, who: ['ben'] },
  { weeks: 1, who: ['cleo', 'dora'] },
  { weeks: 2, who: ['ben'] },
  { weeks: 101, who: ['cleo', 'dora'] },
])('after $weeks weeks $who is on duty', ({ weeks, who }) => {
  expect(onDuty(schedule, after(weeks))).toEqual(who.map(person))
})

describe('places', () => {
  test('come from the schedule and from nothing else, where a group has one', () => {
    expect(placesOf(member('ben'), where())).toEqual(['oncall'])
    expect(placesOf(member('cleo', 'oncall'), where())).toEqual([])
    expect(placesOf(member('cleo'), where({ at: after(1) }))).toEqual(['oncall'])
  })

  test('come from the directory where it has none', () => {
    expect(placesOf(member('ben', 'security'), where())).toEqual(['oncall', 'security'])
    expect(placesOf(member('eve', 'admins'), where())).toEqual([])
  })

  test('are open to the second group once it was escalated, and not before', () => {
    const leads = { escalate: { group: 'leads', afterMs: 60_000 } }
    expect(placesOf(member('eve', 'leads'), where({}, leads))).toEqual([])
    expect(placesOf(member('eve', 'leads'), where({ escalated: true }, leads))).toEqual(['oncall', 'security'])
    expect(placesOf(member('eve', 'admins'), where({ escalated: true }, leads))).toEqual([])
  })
})

describe('for somebody who is away', () => {
  const ben = member('ben', 'security')

  test('another member of the same group can fill the place', () => {
    expect(placesFor(ben, member('dora'), where())).toEqual(['oncall'])
    expect(placesFor(ben, member('eve', 'security'), where())).toEqual(['security'])
  })

  test('members of a group that the policy names can, too', () => {
    const delegates = { delegates: { security: ['sre'] } }
    expect(placesFor(ben, member('eve', 'sre'), where({}, delegates))).toEqual(['security'])
  })

  test('others cannot, and nobody gets more than who is away has', () => {
    expect(placesFor(ben, member('eve', 'engineers'), where())).toEqual([])
    expect(placesFor(member('cleo'), member('dora'), where())).toEqual([])
  })
})
