import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { openProvenanceStand, type ProvenanceStand } from './provenance-stand.ts'
import { opened } from './provenance-stories.ts'
import { each, into, one, twisted } from './twisted-answers.ts'

/** One good pull request, and a GitHub whose answers cannot be relied on. */
let stand: ProvenanceStand
beforeAll(async () => {
  stand = await openProvenanceStand()
})
afterAll(() => stand[Symbol.asyncDispose]())
beforeEach(() => {
  stand.begin()
  const pull = opened(stand.people)
  stand.people.approve(pull, 'ben')
  stand.people.merge(pull, 'ana')
})

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
    {
      lie: 'a listed pull request that is not merged',
      path: /\/commits\/\w+\/pulls/,
      twist: each({ merged_at: null }),
      found: 'pull_request',
    },
    {
      lie: 'a listed pull request into another branch',
      path: /\/commits\/\w+\/pulls/,
      twist: (truth: unknown) => (truth as object[]).map(into({ ref: 'elsewhere' })),
      found: 'pull_request',
    },
    {
      lie: 'a listed pull request into another repository',
      path: /\/commits\/\w+\/pulls/,
      twist: (truth: unknown) => (truth as object[]).map(into({ repo: { id: 7 } })),
      found: 'pull_request',
    },
    { lie: 'a pull request into another branch', path: /\/pulls\/1$/, twist: into({ ref: 'x' }), found: 'branch' },
    { lie: 'one into another repository', path: /\/pulls\/1$/, twist: into({ repo: { id: 7 } }), found: 'branch' },
    { lie: 'one into a repository that is gone', path: /\/pulls\/1$/, twist: into({ repo: null }), found: 'branch' },
    { lie: 'a merge without its time', path: /\/pulls\/1$/, twist: one({ merged_at: null }), found: 'approvals' },
    { lie: 'an author whose account is closed', path: /\/pulls\/1$/, twist: one({ user: null }), found: 'approvals' },
    { lie: 'fewer commits than there are', path: /\/pulls\/1\/commits/, twist: () => [], found: 'pull_request' },
    { lie: 'nobody who pushed', path: /\/activity/, twist: () => [], found: 'approvals' },
    { lie: 'pushes by nobody', path: /\/activity/, twist: each({ actor: null }), found: 'approvals' },
    { lie: 'an owner who may only read', path: /permission$/, twist: one({ permission: 'read' }), found: 'approvals' },
    { lie: 'what somebody else may do', path: /permission$/, twist: one({ user: null }), found: 'approvals' },
  ]
  test.each(lies)('$lie', async ({ path, twist, found }) => {
    await twisted(stand, path, twist)
    expect(await stand.checks()).toContain(found)
    stand.github.misbehave(null)
    expect(await stand.checks(), 'and the truth does, when it is told').toEqual([])
  })

  test.each([
    { lie: 'another pull request', path: /\/pulls\/1$/, twist: one({ number: 2 }) },
    { lie: 'another file for CODEOWNERS', path: /\/git\/blobs\//, twist: one({ content: btoa('* @dora') }) },
    { lie: 'another tree', path: /\/git\/trees\//, twist: one({ sha: OTHER }) },
  ])('$lie', async ({ path, twist }) => {
    await twisted(stand, path, twist)
    await expect(stand.verify()).rejects.toMatchObject({ code: 'github_nonsense' })
  })
})

test.each([401, 403, 500])('an app that loses access after any call (%i) verifies nothing', async (status) => {
  const before = stand.github.calls.length
  await stand.verify()
  const calls = stand.github.calls.length - before
  for (let until = 0; until < calls; until++) {
    let asked = 0
    stand.github.misbehave(() => (asked++ < until ? null : { status, body: { message: 'no more' } }))
    await expect(stand.verify(), `after ${until} calls`).rejects.toMatchObject({
      code: status === 500 ? 'github_unreachable' : 'github_refused',
    })
  }
})

test('a reviewer whose name somebody else has by now does not count, whatever that one may do', async () => {
  stand.people.renameUser('ben', 'benjamin')
  stand.people.may('ben', 'admin')
  await twisted(stand, /\/reviews/, (truth) =>
    (truth as { user: object }[]).map((review) => ({ ...review, user: { ...review.user, login: 'ben' } })),
  )
  const { findings } = await stand.verify()
  expect(findings[0]?.text).toContain('ben has given up that name, and somebody else has it')
})

test('a list whose pages never end is given up', async () => {
  const before = stand.github.calls.length
  const loop = { link: `<${stand.github.url}/x?page=2>; rel="next"` }
  stand.github.misbehave((_method, at) => (at.endsWith('/reviews') ? { status: 200, body: [], headers: loop } : null))
  await expect(stand.verify()).rejects.toMatchObject({ code: 'too_large' })
  expect(stand.github.calls.length - before).toBeLessThan(100)
})

test('a next page that leads nowhere is nonsense', async () => {
  const headers = { link: `<${stand.github.url}/x?elsewhere=2>; rel="next"` }
  stand.github.misbehave((_method, at) => (at.endsWith('/reviews') ? { status: 200, body: [], headers } : null))
  await expect(stand.verify()).rejects.toMatchObject({ code: 'github_nonsense' })
})

describe('beside the policies', () => {
  const rules = { approvalsOnlyWithin: 'policies' }
  beforeEach(() => {
    stand.active = stand.people.repository.headOf('main')
    stand.people.branch('other', 'main', 'dora')
    stand.people.push('other', 'dora', { files: { 'services/api.ts': 'one' } })
    stand.people.merge(stand.people.open('dora', { head: 'other' }), 'dora')
  })

  test('and approvals only for them, nobody is asked who approved what changes nothing of them', async () => {
    const before = stand.github.calls.length
    expect(await stand.verify({ rules })).toMatchObject({
      findings: [],
      pulls: [{ number: 2, reviewers: [], outside: 'policies' }],
    })
    expect(
      stand.github.calls.slice(before).filter((call) => /reviews|permission|activity|recursive/.test(call)),
    ).toEqual([])
  })

  test('every merge needs its approvals otherwise', async () => {
    expect(await stand.checks()).toEqual(['approvals'])
  })

  test('the first release needs its approvals, whatever it changes', async () => {
    expect(await stand.checks({ rules, active: null })).toContain('approvals')
  })

  test('and so does every one since the folder was another', async () => {
    expect(await stand.checks({ rules, whole: true })).toContain('approvals')
  })

  test('a pull request into another branch is none', async () => {
    await twisted(stand, /\/pulls\/2$/, into({ ref: 'elsewhere' }))
    expect(await stand.checks({ rules })).toContain('branch')
  })

  test('a merge that left out what its reviewers saw of the policies needs them', async () => {
    stand.active = stand.people.repository.headOf('main')
    const pull = opened(stand.people, { head: 'left-out' })
    const rule = 'policies/rules/a.rego'
    stand.people.push('left-out', 'ana', { files: { [rule]: 'package a # looser\n' } })
    stand.people.merge(pull, 'eve', 'squash', { files: { [rule]: 'package a # stricter\n' } })
    expect(await stand.checks({ rules })).toContain('reviewed_tree')
  })
})
