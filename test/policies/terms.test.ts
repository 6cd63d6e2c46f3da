import { describe, expect, test } from 'vitest'
import { compilePolicies } from '../../policies/compile.ts'
import { groundsOf, loadPolicy } from '../../policies/evaluate.ts'
import { inForce } from '../../policies/terms.ts'
import { asked, relation } from './asked.ts'
import { opa } from './default-policy.ts'
import { policyFolder } from './policy-folder.ts'

const at = (time: string): number => Date.parse(time)

describe('what is in force', () => {
  const exceptions = { one: { from: '2026-05-01T00:00:00Z', until: '2026-06-01T00:00:00Z' } }
  test.each([
    { when: '2026-04-30T23:59:59.999Z', shown: [] },
    { when: '2026-05-01T00:00:00Z', shown: ['one'] },
    { when: '2026-05-31T23:59:59.999Z', shown: ['one'] },
    { when: '2026-06-01T00:00:00Z', shown: [] },
  ])('at $when: $shown', ({ when, shown }) => {
    expect(Object.keys(inForce({ exceptions }, at(when)).data.exceptions as object)).toEqual(shown)
  })

  test('lasts until the next beginning or end', () => {
    const { since, until } = inForce({ exceptions }, at('2026-05-10T00:00:00Z'))
    expect([since, until]).toEqual([at('2026-05-01T00:00:00Z'), at('2026-06-01T00:00:00Z')])
    expect(inForce({ holds: {} }, 0)).toMatchObject({
      since: Number.NEGATIVE_INFINITY,
      until: Number.POSITIVE_INFINITY,
    })
  })

  test('leaves out what has an end that is no time', () => {
    expect(inForce({ exceptions: { bad: { until: 'someday' } } }, 0).data.exceptions).toEqual({})
  })

  // 2026-11-20 is a Friday.
  const night = { weekly: { days: ['friday'], from: '22:00', until: '06:00' } }
  test.each([
    { when: '2026-11-20T21:59:59Z', shown: [], until: '2026-11-20T22:00:00.000Z' },
    { when: '2026-11-20T22:00:00Z', shown: ['night'], until: '2026-11-21T06:00:00.000Z' },
    { when: '2026-11-21T05:59:59Z', shown: ['night'], until: '2026-11-21T06:00:00.000Z' },
    { when: '2026-11-21T06:00:00Z', shown: [], until: '2026-11-27T22:00:00.000Z' },
    { when: '2026-11-19T23:00:00Z', shown: [], until: '2026-11-20T22:00:00.000Z' },
  ])('every week, over midnight, at $when: $shown', ({ when, shown, until }) => {
    const found = inForce({ schedules: { night } }, at(when))
    expect(Object.keys(found.data.schedules as object)).toEqual(shown)
    expect(new Date(found.until).toISOString()).toBe(until)
  })
})

test('an exception holds until its end, and not a moment longer, whatever was decided before', async () => {
  using folder = policyFolder('default')
  folder.write(
    'data/exceptions/backfill.yaml',
    `backfill:
  rule: production.unbounded_write
  group: engineers
  target: prod/shop
  relations: [public.orders]
  reason: Backfill of the new column
  until: 2026-12-01T00:00:00Z
`,
  )
  const { path, cacheFolder } = folder
  const compiled = await compilePolicies({ path, opa: () => opa(), cacheFolder, progress: () => undefined })
  let now = at('2026-11-30T23:59:59.999Z')
  const policy = await loadPolicy(compiled, { now: () => now })
  const emptied = asked({
    tag: 'DELETE',
    effects: ['write'],
    relations: [relation('orders', ['delete'])],
    flags: ['no_where'],
  })
  const before = policy.decide(emptied)
  expect(before).toMatchObject({ outcome: 'allow', unenforced: [{ why: 'exception', exception: 'backfill' }] })
  expect(policy.decide(emptied)).toBe(before)
  expect(JSON.parse(groundsOf(before)?.input ?? '').statement.tag).toBe('DELETE')
  const epoch = policy.epoch
  now++
  expect(policy.epoch).not.toBe(epoch)
  expect(policy.decide(emptied)).toMatchObject({ outcome: 'hold' })
  // A clock that is put back brings it back: what counts is the time, not what was seen.
  now--
  expect(policy.decide(emptied).outcome).toBe('allow')
}, 180_000)
