import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Hold, HoldMode } from '../../../workflows/holds/hold.ts'
import { ana, approve, openStage, request, type Stage } from '../stage.ts'

let stage: Stage
beforeAll(async () => {
  stage = await openStage()
})
afterAll(() => stage[Symbol.asyncDispose]())

/** Asked for twice by the same identity, through two doors or two connections. */
async function askedTwice(first: HoldMode, second: HoldMode): Promise<readonly [Hold, Hold]> {
  const asked = request()
  const one = await stage.holds.create({ ...asked, mode: first, sessionId: 'a' })
  return [one, await stage.holds.create({ ...asked, mode: second, sessionId: 'b' })]
}

test.each([
  { first: 'error', second: 'error', mode: 'error' },
  { first: 'defer', second: 'defer', mode: 'defer' },
  { first: 'defer', second: 'error', mode: 'defer' },
  { first: 'error', second: 'defer', mode: 'defer' },
  { first: 'error', second: 'wait', mode: 'error' },
  { first: 'defer', second: 'wait', mode: 'defer' },
] as const)('held as $first and asked for again as $second, it is one hold', async ({ first, second, mode }) => {
  const [one, again] = await askedTwice(first, second)
  expect(again).toMatchObject({ id: one.id, status: 'pending', mode })
  expect(await stage.holds.find(one.id)).toEqual(again)
})

test.each(['error', 'defer', 'wait'] as const)(
  'a connection that waits keeps its run when the same is asked for as %s',
  async (second) => {
    const [one, other] = await askedTwice('wait', second)
    expect(other.id).not.toBe(one.id)
    expect(await stage.holds.find(one.id)).toMatchObject({ mode: 'wait', status: 'pending' })
  },
)

test('one connection at a time waits for a shared hold; a second one has its own', async () => {
  const asked = request()
  const shared = await stage.holds.create(asked)
  const waiting = await Promise.all(
    ['b', 'c'].map((sessionId) => stage.holds.create({ ...asked, mode: 'wait', sessionId })),
  )
  expect(waiting.filter(({ id }) => id === shared.id)).toHaveLength(1)
  // Retries still find it.
  expect((await stage.holds.create({ ...asked, sessionId: 'd' })).id).toBe(shared.id)
})

test('a shared hold outlives the connection that waited for it, and the next may wait', async () => {
  const asked = request()
  const shared = await stage.holds.create(asked)
  await stage.holds.create({ ...asked, mode: 'wait', sessionId: 'b' })
  expect(await stage.holds.abandon(shared.id)).toMatchObject({ status: 'pending' })
  expect((await stage.holds.create({ ...asked, mode: 'wait', sessionId: 'c' })).id).toBe(shared.id)
})

test('who was lost with its process does not keep others from waiting for it', async () => {
  const asked = request()
  const shared = await stage.holds.create(asked)
  await stage.holds.create({ ...asked, mode: 'wait', sessionId: 'b' })
  await stage.pool.query("UPDATE hold_waited SET waited_at = waited_at - interval '31 s' WHERE hold = $1", [shared.id])
  expect((await stage.holds.create({ ...asked, mode: 'wait', sessionId: 'c' })).id).toBe(shared.id)
})

test('whoever takes a shared approval first has it', async () => {
  const [one] = await askedTwice('error', 'wait')
  await approve(stage, one.id, 'ben')
  expect(await stage.holds.grantFor(ana, one.digest, [])).toMatchObject({ id: one.id })
  expect(await Promise.all([stage.holds.take(one.id), stage.holds.take(one.id)])).toContain(false)
  expect((await stage.holds.find(one.id))?.status).toBe('executed')
})

test('any number may wait for it by its id, wherever it was made', async () => {
  const hold = await stage.holds.create(request({ mode: 'wait' }))
  const { signal } = new AbortController()
  const waiting = [stage.holds.settled(hold.id, signal), stage.holds.settled(hold.id, signal)]
  await approve(stage, hold.id, 'ben')
  for (const settled of await Promise.all(waiting)) expect(settled).toMatchObject({ id: hold.id, status: 'approved' })
})

test('records that it is deferred now', async () => {
  const [{ id }] = await askedTwice('error', 'defer')
  expect(await stage.trail('hold.deferred')).toContainEqual({ hold: id })
})
