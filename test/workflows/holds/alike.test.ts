import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Hold, HoldRequest } from '../../../workflows/holds/hold.ts'
import {
  ana,
  answering,
  approve,
  decisionFor,
  oneDba,
  openStage,
  person,
  reportBot,
  request,
  type Stage,
} from '../stage.ts'

let stage: Stage
beforeAll(async () => {
  stage = await openStage()
})
afterAll(() => stage[Symbol.asyncDispose]())

let shapes = 0
const newShape = (): string => `shape-${++shapes}`

function held(
  shape: string | null,
  changes: Partial<HoldRequest> = {},
  reviewers: Parameters<typeof decisionFor>[0] = oneDba,
) {
  const decision = { ...decisionFor(reviewers), answering: { ...answering, sameShape: { runs: 3, ms: 60_000 } } }
  return stage.holds.create(request({ shape, decision, ...changes }))
}

const approveAll = (id: string, name = 'ben'): Promise<Hold> =>
  stage.holds.vote(id, person(name), { choice: 'approve', reason: null, via: 'console', alike: true })

test('holds that are alike are gathered, and counted while they are pending', async () => {
  const shape = newShape()
  const [one, two] = [await held(shape), await held(shape)]
  await held(newShape())
  await held(shape, { identity: { ...ana, ...person('eve') } })
  expect(two.gathering).toEqual({ key: one.gathering?.key, pending: 2 })
  await approve(stage, two.id, 'ben')
  expect((await stage.holds.find(one.id))?.gathering?.pending).toBe(1)
  expect((await held(null)).gathering).toBeNull()
})

test('an approval is for one hold alone unless the reviewer says more', async () => {
  const shape = newShape()
  const [one, two] = [await held(shape), await held(shape)]
  await approve(stage, one.id, 'ben')
  expect((await stage.holds.find(two.id))?.status).toBe('pending')
  expect((await held(shape)).status).toBe('pending')
})

test('approving all of them lets through what waits and what comes, so often and no more', async () => {
  const shape = newShape()
  const [one, waiting] = [await held(shape), await held(shape)]
  expect((await approveAll(one.id)).alikeApproval).toEqual({
    runsMax: 3,
    runs: 1,
    expiresAt: new Date(stage.clock.ms + 60_000).toISOString(),
    undone: null,
  })
  const through = await stage.holds.find(waiting.id)
  expect(through).toMatchObject({ status: 'approved', approvedThrough: { hold: one.id, run: 1 }, votes: [] })
  const next = [await held(shape), await held(shape), await held(shape)]
  expect(next.map(({ status, approvedThrough }) => [status, approvedThrough?.run ?? null])).toEqual([
    ['approved', 2],
    ['approved', 3],
    ['pending', null],
  ])
  expect(await stage.holds.take(next[0]?.id ?? '')).toBe(true)
  expect(await stage.trail('hold.approved_through')).toContainEqual({ hold: next[0]?.id, approval: one.id, run: 2 })
})

test.each(Array.from({ length: 20 }, (_, round) => round))(
  'whatever is made beside the approval is let through by it, round %i',
  async () => {
    const shape = newShape()
    const decision = { ...decisionFor(oneDba), answering: { ...answering, sameShape: { runs: 30, ms: 60_000 } } }
    const one = await held(shape, { decision })
    const made = Array.from({ length: 12 }, () => held(shape, { decision }))
    await Promise.all([approveAll(one.id), ...made])
    const now = await Promise.all(made.map(async (hold) => stage.holds.find((await hold).id)))
    expect(now.map((hold) => hold?.status)).toEqual(Array.from({ length: 12 }, () => 'approved'))
    const runs = now.map((hold) => hold?.approvedThrough?.run ?? 0).sort((a, b) => a - b)
    expect(runs).toEqual(Array.from({ length: 12 }, (_, run) => run + 1))
    expect((await stage.holds.find(one.id))?.alikeApproval?.runs).toBe(12)
  },
)

test('what it let through and has not begun by its end does not begin', async () => {
  const shape = newShape()
  await approveAll((await held(shape)).id)
  const [inTime, late] = [await held(shape), await held(shape)]
  stage.clock.ms += 59_999
  expect(await stage.holds.take(inTime.id)).toBe(true)
  stage.clock.ms += 1
  expect(await stage.holds.take(late.id)).toBe(false)
})

test('not on the word of somebody who has been deactivated since', async () => {
  const shape = newShape()
  await approveAll((await held(shape)).id, 'dora')
  expect((await held(shape)).status).toBe('approved')
  const { issuer, subject } = person('dora')
  await stage.directory.setActive(issuer, subject, false)
  expect((await held(shape)).status).toBe('pending')
  await stage.directory.setActive(issuer, subject, true)
  expect((await held(shape)).status).toBe('approved')
})

test('not for longer than it was meant', async () => {
  const shape = newShape()
  await approveAll((await held(shape)).id)
  stage.clock.ms += 60_000
  expect((await held(shape)).status).toBe('pending')
})

test.each([
  { what: 'another identity', changes: { identity: { ...ana, ...person('eve') } } },
  { what: 'an agent of the same person', changes: { identity: reportBot } },
])('not for $what', async ({ changes }) => {
  const shape = newShape()
  await approveAll((await held(shape)).id)
  expect((await held(shape, changes)).status).toBe('pending')
})

test('of several reviewers all have to mean it', async () => {
  const two = [{ group: 'dba', count: 2 }]
  const shape = newShape()
  const [half, whole] = [await held(shape, {}, two), await held(newShape(), {}, two)]
  await approveAll(half.id, 'ben')
  expect(await approve(stage, half.id, 'cleo')).toMatchObject({ status: 'approved', alikeApproval: null })
  await approveAll(whole.id, 'ben')
  expect((await approveAll(whole.id, 'cleo')).alikeApproval).not.toBeNull()
})

test('is refused where the policy does not allow it, or nothing can be alike', async () => {
  const alone = await held(null)
  const strict = await stage.holds.create(request({ shape: newShape() }))
  for (const { id } of [alone, strict]) await expect(approveAll(id)).rejects.toMatchObject({ code: 'alone' })
})

test('what still needs a reason is not let through', async () => {
  const shape = newShape()
  await approveAll((await held(shape)).id)
  const decision = { ...decisionFor(oneDba), answering: { ...answering, reasonRequired: true } }
  expect((await held(shape, { decision })).status).toBe('pending')
})

test('of forty that want the last runs at once, three get one', async () => {
  const shape = newShape()
  await approveAll((await held(shape)).id)
  const all = await Promise.all(Array.from({ length: 40 }, () => held(shape)))
  const runs = all.flatMap(({ approvedThrough }) => (approvedThrough === null ? [] : [approvedThrough.run]))
  expect(runs.sort()).toEqual([1, 2, 3])
})
