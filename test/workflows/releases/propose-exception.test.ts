import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Hold } from '../../../workflows/holds/hold.ts'
import { proposeException } from '../../../workflows/releases/propose-exception.ts'
import { openStage, request, type Stage } from '../stage.ts'
import { openReleaseStand, type ReleaseStand } from './release-stand.ts'

let stand: ReleaseStand
let stage: Stage
let hold: Hold

beforeAll(async () => {
  stand = await openReleaseStand()
  stage = await openStage()
  const facts = { ...request().facts, fingerprint: '50fde20626009aba' }
  const rules = [{ id: 'production.unbounded_write', title: 'T', reason: 'R', outcome: 'hold' }] as const
  hold = await stage.holds.create(request({ facts, decision: { ...request().decision, rules } }))
}, 60_000)
afterAll(async () => {
  await stage[Symbol.asyncDispose]()
  await stand[Symbol.asyncDispose]()
})

test('a pull request has one narrow exception that ends, with its test, and nothing is in force before it is merged', async () => {
  const proposal = { reason: 'The nightly backfill does this', until: new Date(stand.clock.ms + 86_400_000) }
  const options = { config: stand.config, now: () => stand.clock.ms, retries: 0 }
  const { url } = await proposeException(options, hold, { name: 'ben' }, proposal)
  expect(url).toMatch(/^https:/)
  const { people } = stand
  const pull = people.repository.pulls.get(1)
  expect(pull).toMatchObject({ title: expect.stringContaining('Set production.unbounded_write aside'), merged: null })
  stand.follow()
  people.merge(1, 'eve')
  await stand.follower.round()
  expect(await stand.problems()).toEqual(['approvals', 'code_owners'])
  expect(stand.github.problems).toEqual([])
}, 60_000)

test('it builds, its test holds, and once it is reviewed it is the policy', async () => {
  const { people } = stand
  people.forcePush('main', people.repository.commits.get(people.repository.headOf('main'))?.parents[0] as string, 'eve')
  const pull = people.pull(1)
  people.repository.pulls.set(1, { ...pull, merged: null })
  people.approve(1, 'ben')
  people.merge(1, 'ana')
  await stand.follower.round()
  expect(await stand.problems()).toEqual([])
  expect(stand.told.at(-1)).toMatchObject({ kind: 'activated' })
}, 60_000)

test('what no single rule held is refused', async () => {
  const denied = { ...hold, decision: { ...hold.decision, rules: [] } }
  const options = { config: stand.config, now: () => stand.clock.ms, retries: 0 }
  await expect(proposeException(options, denied, { name: 'ben' }, { reason: 'x', until: new Date() })).rejects.toThrow(
    'No rule held it',
  )
})
