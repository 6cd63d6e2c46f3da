import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { noticeBlocks } from '../../../bot/slack/release-announcer.ts'
import type { ReleaseNotice } from '../../../workflows/releases/notices.ts'
import { followedBranch } from '../../../workflows/releases/store.ts'
import { openReleaseStand, REPOSITORY_FILES, type ReleaseStand, RULE } from './release-stand.ts'

/** A branch that was refused, and the ways in which people bring it back. */
vi.setConfig({ testTimeout: 240_000 })

const rule = REPOSITORY_FILES[RULE] as string
let stand: ReleaseStand
let good: string
beforeAll(async () => {
  stand = await openReleaseStand()
  good = stand.change({ [RULE]: `${rule}\n# Looked at.\n` })
  await stand.follower.round()
  expect((await stand.inForce())?.commit).toBe(good)
}, 240_000)
afterAll(() => stand[Symbol.asyncDispose]())

const head = () => stand.people.repository.headOf('main')
const told = () => stand.told.at(-1)?.lines.join('\n') ?? ''

test('a direct push, with a good merge on top of it, is not mended by a pull request, and people are told what mends it', async () => {
  stand.people.push('main', 'eve', { files: { [RULE]: `${rule}\n# Pushed.\n` } })
  stand.change({ 'policies/data/holds.yaml': `# Good\n${REPOSITORY_FILES['policies/data/holds.yaml']}` })
  await stand.follower.round()
  expect(await stand.problems()).toEqual(['pull_request'])
  expect(told()).toContain(`git push origin ${head()}:refs/heads/again`)
  expect(told()).toContain(`git push --force-with-lease=main:${head()} origin ${good}:main`)
  const shown = JSON.stringify(noticeBlocks(stand.told.at(-1) as ReleaseNotice))
  expect(shown, 'whole in Slack, too').toContain(`origin ${good}:main"`)
  expect(shown).not.toContain('…')
  stand.change({ [RULE]: rule })
  await stand.follower.round()
  expect(await stand.problems()).toEqual(['pull_request'])
  expect((await stand.inForce())?.commit).toBe(good)
})

test('moved back, and brought again by a pull request of all of it, it is in force; and not before', async () => {
  const { people } = stand
  people.branch('again', 'main', 'ana')
  people.forcePush('main', good, 'eve')
  await stand.follower.round()
  expect(await stand.problems()).toEqual([])
  expect((await stand.inForce())?.commit).toBe(good)
  const pull = people.open('ana', { head: 'again', title: 'What came since' })
  people.approve(pull, 'ben')
  const merged = people.merge(pull, 'ana', 'merge')
  await stand.follower.round()
  expect(await stand.problems()).toEqual([])
  expect(await stand.inForce()).toMatchObject({ commit: merged, pulls: [{ number: pull, reviewers: ['ben'] }] })
  good = merged
})

test('who pushed past everybody cannot approve it when it is brought again', async () => {
  const { people } = stand
  people.push('main', 'ben', { files: { [RULE]: `${rule}\n# Mine.\n` } })
  people.branch('mine', 'main', 'ana')
  people.forcePush('main', good, 'eve')
  const pull = people.open('ana', { head: 'mine' })
  people.approve(pull, 'ben')
  people.merge(pull, 'ana', 'squash')
  await stand.follower.round()
  expect(await stand.problems()).toContain('approvals')
  people.forcePush('main', good, 'eve')
  await stand.follower.round()
  expect(await stand.problems()).toEqual([])
})

test('moving it to anything else than what was verified, meanwhile, puts nothing in force', async () => {
  const { people } = stand
  const before = people.repository.commits.get(good)?.parents[0] as string
  people.forcePush('main', before, 'eve')
  await stand.follower.round()
  expect(await stand.problems()).toEqual(['history'])
  people.push('main', 'eve', { files: { [RULE]: `${rule}\n# Anything.\n` } })
  await stand.follower.round()
  expect(await stand.problems()).toEqual(['history'])
  expect((await stand.inForce())?.commit).toBe(good)
  people.forcePush('main', good, 'eve')
  await stand.follower.round()
  expect(await stand.problems()).toEqual([])
})

test('where force pushes are never allowed, another branch begun at what was verified goes on from there', async () => {
  const { people } = stand
  people.push('main', 'eve', { files: { [RULE]: `${rule}\n# Pushed again.\n` } })
  people.repository.move('main-2', good, people.user('eve'), 'branch_creation')
  people.protect('main-2', true)
  const other = stand.follow({ branch: 'main-2' })
  await other.round()
  expect(await stand.problems()).toEqual([])
  people.branch('onwards', 'main-2', 'ana')
  people.push('onwards', 'ana', { files: { [RULE]: `${rule}\n# Onwards.\n` } })
  const pull = people.open('ana', { head: 'onwards', base: 'main-2' })
  people.approve(pull, 'ben')
  good = people.merge(pull, 'ana', 'squash')
  await other.round()
  expect(await stand.problems()).toEqual([])
  expect(await stand.inForce()).toMatchObject({ commit: good, branch: 'main-2' })
  await other.close()
  people.forcePush('main', good, 'eve')
  await stand.follower.round()
  expect((await followedBranch(stand.pool)).verified).toBe(good)
})

test('a wish for changes is settled by whoever has it', async () => {
  const { people } = stand
  people.branch('wished', 'main', 'ana')
  people.push('wished', 'ana', { files: { [RULE]: `${rule}\n# Wished.\n` } })
  const pull = people.open('ana', { head: 'wished' })
  people.review(pull, 'dora', 'CHANGES_REQUESTED')
  people.approve(pull, 'ben')
  const merged = people.merge(pull, 'eve')
  await stand.follower.round()
  expect(await stand.problems()).toEqual(['changes_requested'])
  people.approve(pull, 'dora')
  await stand.follower.round()
  expect((await stand.inForce())?.commit).toBe(merged)
  expect(await stand.problems()).toEqual([])
  expect(stand.github.problems).toEqual([])
})
