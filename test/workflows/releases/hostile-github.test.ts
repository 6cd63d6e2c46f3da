import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { createGitHubClient } from '../../../workflows/releases/github/client.ts'
import { findRepository, type VerifyOptions, verifyProvenance } from '../../../workflows/releases/provenance/verify.ts'
import { type StandInGitHub, startGitHub } from '../../stand-ins/github.ts'
import type { Answer } from '../../stand-ins/github-answers.ts'
import type { People } from '../../stand-ins/github-people.ts'
import { gitHubConfig } from './github-config.ts'
import { begin, FIRST_FILES, opened } from './provenance-stories.ts'

/** One good pull request, and a GitHub whose answers cannot be relied on. */
let github: StandInGitHub
let people: People
let active: string

beforeAll(async () => {
  github = await startGitHub()
  github.tokens.set('follower', { login: 'holdpoint-bot', app: null })
})
afterAll(() => github[Symbol.asyncDispose]())
beforeEach(() => {
  people = github.repository('acme/policies', FIRST_FILES)
  begin(people)
  active = people.push('main', 'ana', { message: 'What was verified last' })
  const pull = opened(people)
  people.approve(pull, 'ben')
  people.merge(pull, 'ana')
})
afterEach(() => {
  github.misbehave(null)
  github.remove(people)
})

const client = () => createGitHubClient({ config: gitHubConfig(github.url), now: Date.now, retries: 0 })

async function verify(changes: Partial<VerifyOptions> = {}) {
  const repository = await findRepository(client(), 'acme/policies', people.repository.id)
  const rules = {
    ...{ repository: repository.id, branch: 'main', folder: 'policies', toolAddresses: [] },
    ...{ minApprovals: 1, codeOwnersRequired: true },
  }
  const head = people.repository.headOf('main')
  return verifyProvenance(client(), repository, { head, active, rules, ...changes })
}

const checks = async (changes?: Partial<VerifyOptions>): Promise<readonly string[]> => {
  const { findings } = await verify(changes)
  return [...new Set(findings.map(({ check }) => check))]
}

/** The truth, with something else in its place where `path` is asked for. */
async function twisted(path: RegExp, twist: (truth: unknown) => unknown): Promise<void> {
  const asked = github.calls.length
  await verify()
  const [called = ''] = github.calls.slice(asked).filter((call) => path.test(call))
  const response = await fetch(`${github.url}${called.split(' ')[1]}`, {
    headers: { authorization: 'token follower', 'user-agent': 'test' },
  })
  const body = twist(await response.json())
  github.misbehave((_method, at): Answer | null => (path.test(at) ? { status: 200, body } : null))
}

const one = (changes: object) => (truth: unknown) => ({ ...(truth as object), ...changes })
const each = (changes: object) => (truth: unknown) => (truth as object[]).map((item) => ({ ...item, ...changes }))
const OTHER = 'f'.repeat(40)

describe('an answer that was tampered with, or is older than another, verifies nothing:', () => {
  const lies = [
    {
      lie: 'reviews that name another commit',
      path: /\/reviews/,
      twist: each({ commit_id: OTHER }),
      found: 'approvals',
    },
    { lie: 'reviews without a commit', path: /\/reviews/, twist: each({ commit_id: null }), found: 'approvals' },
    { lie: 'reviews by nobody', path: /\/reviews/, twist: each({ user: null }), found: 'approvals' },
    { lie: 'no reviews yet, though the merge is seen', path: /\/reviews/, twist: () => [], found: 'approvals' },
    { lie: 'no pull request of the commit yet', path: /\/commits\/\w+\/pulls/, twist: () => [], found: 'pull_request' },
    { lie: 'a pull request not merged yet', path: /\/pulls\/1$/, twist: one({ merged: false }), found: 'pull_request' },
    {
      lie: 'a merge commit that is not on the branch',
      path: /\/pulls\/1$/,
      twist: one({ merge_commit_sha: OTHER }),
      found: 'pull_request',
    },
    {
      lie: 'a merge commit of the listed pull request that is not on the branch',
      path: /\/commits\/\w+\/pulls/,
      twist: each({ merge_commit_sha: OTHER }),
      found: 'pull_request',
    },
    { lie: 'fewer commits than there are', path: /\/pulls\/1\/commits/, twist: () => [], found: 'pull_request' },
    { lie: 'nobody who pushed', path: /\/activity/, twist: () => [], found: 'approvals' },
    { lie: 'pushes by nobody', path: /\/activity/, twist: each({ actor: null }), found: 'approvals' },
    { lie: 'an owner who may only read', path: /permission$/, twist: one({ permission: 'read' }), found: 'approvals' },
    { lie: 'what somebody else may do', path: /permission$/, twist: one({ user: null }), found: 'approvals' },
  ]
  test.each(lies)('$lie', async ({ path, twist, found }) => {
    await twisted(path, twist)
    expect(await checks()).toContain(found)
    github.misbehave(null)
    expect(await checks(), 'and the truth does, when it is told').toEqual([])
  })

  test.each([
    { lie: 'another pull request', path: /\/pulls\/1$/, twist: one({ number: 2 }) },
    { lie: 'another file for CODEOWNERS', path: /\/git\/blobs\//, twist: one({ content: btoa('* @dora') }) },
    { lie: 'another tree', path: /\/git\/trees\//, twist: one({ sha: OTHER }) },
  ])('$lie', async ({ path, twist }) => {
    await twisted(path, twist)
    await expect(verify()).rejects.toMatchObject({ code: 'github_nonsense' })
  })
})

test.each([401, 403, 500])('an app that loses access after any call (%i) verifies nothing', async (status) => {
  const before = github.calls.length
  await verify()
  const calls = github.calls.length - before
  for (let until = 0; until < calls; until++) {
    let asked = 0
    github.misbehave(() => (asked++ < until ? null : { status, body: { message: 'no more' } }))
    await expect(verify(), `after ${until} calls`).rejects.toMatchObject({
      code: status === 500 ? 'github_unreachable' : 'github_refused',
    })
  }
})

test('a reviewer whose name somebody else has by now does not count, whatever that one may do', async () => {
  people.renameUser('ben', 'benjamin')
  people.may('ben', 'admin')
  await twisted(/\/reviews/, (truth) =>
    (truth as { user: object }[]).map((review) => ({ ...review, user: { ...review.user, login: 'ben' } })),
  )
  const { findings } = await verify()
  expect(findings[0]?.text).toContain('ben has given up that name, and somebody else has it')
})

test('a list whose pages never end is given up', async () => {
  const before = github.calls.length
  const loop = { link: `<${github.url}/x?page=2>; rel="next"` }
  github.misbehave((_method, at) => (at.endsWith('/reviews') ? { status: 200, body: [], headers: loop } : null))
  await expect(verify()).rejects.toMatchObject({ code: 'too_large' })
  expect(github.calls.length - before).toBeLessThan(100)
})

test('a next page that leads nowhere is nonsense', async () => {
  const headers = { link: `<${github.url}/x?elsewhere=2>; rel="next"` }
  github.misbehave((_method, at) => (at.endsWith('/reviews') ? { status: 200, body: [], headers } : null))
  await expect(verify()).rejects.toMatchObject({ code: 'github_nonsense' })
})

describe('beside the policies', () => {
  beforeEach(() => {
    active = people.repository.headOf('main')
    people.branch('other', 'main', 'dora')
    people.push('other', 'dora', { files: { 'services/api.ts': 'one' } })
    people.merge(people.open('dora', { head: 'other' }), 'dora')
  })

  test('nobody is asked who approved what changes nothing of them', async () => {
    const before = github.calls.length
    expect(await verify()).toMatchObject({ findings: [], pulls: [{ number: 2, reviewers: [] }] })
    expect(github.calls.slice(before).filter((call) => /reviews|permission|activity|recursive/.test(call))).toEqual([])
  })

  test('the first release needs its approvals, whatever it changes', async () => {
    expect(await checks({ active: null })).toContain('approvals')
  })

  test('and so does every one since the folder was another', async () => {
    expect(await checks({ whole: true })).toContain('approvals')
  })

  test('a pull request into another branch is none', async () => {
    await twisted(/\/pulls\/2$/, (truth) => {
      const { base } = truth as { base: object }
      return { ...(truth as object), base: { ...base, ref: 'elsewhere' } }
    })
    expect(await checks()).toContain('branch')
  })

  test('a merge that left out what its reviewers saw of the policies needs them', async () => {
    active = people.repository.headOf('main')
    const pull = opened(people, { head: 'left-out' })
    const rule = 'policies/rules/a.rego'
    people.push('left-out', 'ana', { files: { [rule]: 'package a # looser\n' } })
    people.merge(pull, 'eve', 'squash', { files: { [rule]: 'package a # stricter\n' } })
    expect(await checks()).toContain('reviewed_tree')
  })
})
