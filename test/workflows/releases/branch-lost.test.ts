import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { loadConfig } from '../../../config.ts'
import { releaseCheck } from '../../../workflows/doctor/release-checks.ts'
import { followedBranch } from '../../../workflows/releases/store.ts'
import { openReleaseStand, REPOSITORY_FILES, type ReleaseStand, RULE } from './release-stand.ts'

/** What happens to a repository and its branch while it is followed: the release in force stays, and people know why. */
vi.setConfig({ testTimeout: 240_000 })

const rule = REPOSITORY_FILES[RULE] as string
let stand: ReleaseStand
let good: string
beforeAll(async () => {
  stand = await openReleaseStand()
  good = stand.change({ [RULE]: `${rule}\n# Looked at.\n` })
  await stand.follower.round()
}, 240_000)
afterAll(() => stand[Symbol.asyncDispose]())
beforeEach(async () => {
  await stand.follower.round()
  expect((await stand.inForce())?.commit, 'each begins and ends with it').toBe(good)
})

const failure = async () => (await followedBranch(stand.pool)).failure
const doctor = () =>
  releaseCheck(
    loadConfig({}, { 'state.url': stand.url, 'releases.github.repository': 'acme/policies' }),
    () => stand.clock.ms,
  )()
/** Everything that GitHub is asked about this repository is answered as to a stranger. */
const hidden = (path: RegExp, status = 404) =>
  stand.github.misbehave((_method, at) =>
    path.test(at) ? { status, body: { message: 'Not Found', status: String(status) } } : null,
  )

test.each([true, false])(
  'without protection nothing becomes the policy (a new commit: %s), and with it, it does',
  async (moved) => {
    stand.people.protect('main', false)
    if (moved) good = stand.change({ [RULE]: `${rule}\n# While unprotected.\n` })
    const before = await stand.inForce()
    await stand.follower.round(false)
    expect(await stand.problems()).toEqual(['protection'])
    expect(await stand.inForce()).toEqual(before)
    expect(stand.told.at(-1)?.lines).toEqual([
      'protection: The branch main is not protected',
      'Protect main on GitHub, by a branch protection rule or an active ruleset.',
    ])
    expect(await doctor()).toMatchObject({ state: 'wrong', hint: expect.stringContaining('Protect main on GitHub') })
    stand.people.protect('main', true)
    await stand.follower.round(false)
    expect(await stand.problems()).toEqual([])
  },
)

describe('access is lost, and told with what to do, when', () => {
  const ways = [
    {
      what: 'the repository was deleted or made private',
      path: /./,
      text: 'GitHub answers 404 to GET /repos/acme/policies',
    },
    { what: 'the branch was deleted', path: /branches/, text: 'GitHub shows no branch main of acme/policies' },
    { what: 'the token was taken back', path: /./, status: 401, text: 'GitHub answers 401' },
    { what: 'the app was suspended', path: /./, status: 403, text: 'GitHub answers 403' },
    { what: 'the repository was taken down', path: /./, status: 451, text: 'GitHub answers 451' },
  ]
  test.each(ways)('$what', async ({ path, status, text }) => {
    const before = stand.told.length
    hidden(path, status)
    await stand.follower.round(true)
    expect(await failure()).toMatchObject({ text: expect.stringContaining(text), told: false })
    expect(await doctor()).toMatchObject({
      state: 'wrong',
      text: expect.stringContaining(`${good.slice(0, 12)} stays`),
    })
    stand.clock.ms += 16 * 60_000
    await stand.follower.round(true)
    await stand.follower.round(true)
    stand.github.misbehave(null)
    await stand.follower.round(true)
    expect(await failure()).toBeNull()
    expect(await doctor()).toMatchObject({ state: 'ok' })
    expect(stand.told.slice(before).map(({ kind }) => kind)).toEqual(['unreachable', 'reachable'])
  })

  test('the app was uninstalled', async () => {
    const { privateKey } = (await import('node:crypto')).generateKeyPairSync('rsa', {
      modulusLength: 2048,
      publicKeyEncoding: { type: 'spki', format: 'pem' },
      privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    })
    const app = stand.follow({ token: undefined, appId: '11', installationId: '5', privateKey })
    hidden(/access_tokens/)
    await app.round(true)
    expect(await failure()).toMatchObject({
      text: 'GitHub gives the app no token (404): it is not installed there',
      hint: expect.stringContaining('Install the app again'),
    })
    stand.github.misbehave(null)
    await app.close()
  })
})

test('a 404 in the middle of looking verifies nothing, whatever it hides', async () => {
  const merged = stand.change({ [RULE]: `${rule}\n# In the middle.\n` })
  for (const part of [
    /permission/,
    /reviews/,
    /activity/,
    /\/pulls\//,
    /git\/commits/,
    /git\/trees/,
    /compare/,
    /events/,
  ]) {
    hidden(part)
    await stand.follower.round(true)
    expect((await stand.inForce())?.commit, String(part)).toBe(good)
  }
  stand.github.misbehave(null)
  await stand.follower.round(true)
  expect((await stand.inForce())?.commit).toBe(merged)
  good = merged
})

test('a branch that has another name by now is not followed there, until the configuration says so', async () => {
  const { people } = stand
  people.renameBranch('main', 'trunk')
  await stand.follower.round(false)
  expect(await failure()).toMatchObject({
    text: 'The branch main is called trunk by now',
    hint: expect.stringContaining('Set releases.github.branch to trunk'),
  })
  const moved = stand.follow({ branch: 'trunk' })
  await moved.round()
  expect(await failure()).toBeNull()
  people.branch('next', 'trunk', 'ana')
  people.push('next', 'ana', { files: { [RULE]: `${rule}\n# On the trunk.\n` } })
  const pull = people.open('ana', { head: 'next', base: 'trunk' })
  people.approve(pull, 'ben')
  good = people.merge(pull, 'ana')
  await moved.round()
  expect(await stand.inForce()).toMatchObject({ commit: good, branch: 'trunk' })
  await moved.close()
  people.renameBranch('trunk', 'main')
})

test('production without a repository is said to go on with what was verified, and with nothing else', async () => {
  const check = releaseCheck(loadConfig({}, { 'state.url': stand.url }), () => stand.clock.ms)
  expect(await check()).toMatchObject({
    state: 'wrong',
    text: expect.stringContaining(`no repository is named, so ${good.slice(0, 12)} stays`),
    hint: expect.stringContaining('Set releases.github.repository'),
  })
})

test('an archived repository is said to be one; the release in force stays', async () => {
  stand.people.repository.archived = true
  await stand.follower.round(true)
  expect(await failure()).toMatchObject({ text: expect.stringContaining('acme/policies is archived') })
  expect(await doctor()).toMatchObject({ state: 'wrong', hint: expect.stringContaining('End that on GitHub') })
  stand.people.repository.archived = false
})

test('a repository made anew under the name is another one, and goes on from a clone when that is meant', async () => {
  const old = stand.people
  stand.github.remove(old)
  const anew = stand.github.repository('acme/policies', REPOSITORY_FILES)
  for (const login of ['ana', 'ben']) anew.may(login, 'write')
  await stand.follower.round(true)
  expect(await failure()).toMatchObject({ text: expect.stringContaining('acme/policies is another repository') })
  const meant = stand.follow({ repositoryId: anew.repository.id })
  await meant.round(true)
  expect(await stand.problems(), 'without what was verified it proves nothing').toEqual(['history'])
  old.pushClone(anew, 'main', 'eve')
  await meant.round(true)
  expect(await stand.problems()).toEqual([])
  anew.branch('next', 'main', 'ana')
  anew.push('next', 'ana', { files: { [RULE]: `${rule}\n# Somewhere else.\n` } })
  const pull = anew.open('ana', { head: 'next' })
  anew.approve(pull, 'ben')
  const merged = anew.merge(pull, 'ana')
  await meant.round(true)
  expect((await stand.inForce())?.commit).toBe(merged)
  expect(stand.github.problems).toEqual([])
})
