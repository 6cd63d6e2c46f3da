import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { findRepository } from '../../../workflows/releases/provenance/verify.ts'
import { edges } from './provenance-edges.ts'
import { openProvenanceStand, type ProvenanceStand } from './provenance-stand.ts'
import { stories as firstStories } from './provenance-stories.ts'

const stories = [...firstStories, ...edges]

let stand: ProvenanceStand
beforeAll(async () => {
  stand = await openProvenanceStand()
})
afterAll(() => stand[Symbol.asyncDispose]())
beforeEach(() => stand.begin())

describe('a change is verified when', () => {
  test.each(stories.filter(({ refused }) => refused === undefined))(
    '$story',
    async ({ tell, approvalsOnlyWithin = null, nobodyNeeded = false }) => {
      tell(stand.people)
      const { findings, pulls } = await stand.verify({ rules: { approvalsOnlyWithin } })
      expect(findings).toEqual([])
      expect(pulls.every(({ reviewers }) => reviewers.length > 0)).toBe(!nobodyNeeded)
      expect(pulls.filter(({ reviewers, outside }) => reviewers.length > 0 === (outside !== undefined))).toEqual([])
      expect(stand.github.problems).toEqual([])
    },
  )
})

describe('F6: a change is refused when', () => {
  test.each(stories.filter(({ refused }) => refused !== undefined))(
    '$story',
    async ({ tell, approvalsOnlyWithin = null, refused }) => {
      tell(stand.people)
      expect(await stand.checks({ rules: { approvalsOnlyWithin } })).toEqual([...(refused ?? [])].sort())
      expect(stand.github.problems).toEqual([])
    },
  )
})

test('there are at least thirty stories', () => {
  expect(stories.length).toBeGreaterThanOrEqual(30)
})

test('the first release rests on its own pull request, whatever came before', async () => {
  stand.people.push('main', 'eve', { message: 'Before anybody followed' })
  stories[1]?.tell(stand.people)
  const { findings, pulls } = await stand.verify({ active: null })
  expect(findings).toEqual([])
  expect(pulls).toMatchObject([{ number: 1, author: 'ana', reviewers: ['ben'] }])
})

test('the first release, too, is refused without a pull request', async () => {
  const { findings } = await stand.verify({ active: null })
  expect(findings).toMatchObject([{ check: 'pull_request' }])
})

test('a refusal says whose approval did not count and why', async () => {
  const told = stories.find(({ story }) => story === 'it was approved before the last push')
  told?.tell(stand.people)
  const { findings } = await stand.verify()
  expect(findings[0]?.text).toBe(
    'Pull request #1 has 0 approvals that count and needs 1. Not counted: ben approved an earlier commit.',
  )
})

test('what GitHub said is kept whole, each answer with its hash', async () => {
  stories[0]?.tell(stand.people)
  const { kept } = await stand.verify()
  expect(kept.map(({ request }) => request)).toContain('GET /repos/acme/policies/pulls/1/reviews')
  expect(kept.every(({ sha256 }) => /^[0-9a-f]{64}$/.test(sha256))).toBe(true)
})

test('a repository that took over the name of the one that was followed is refused', async () => {
  await expect(findRepository(stand.client(), 'acme/policies', 12_345)).rejects.toMatchObject({ code: 'not_possible' })
})

describe('a GitHub that', () => {
  const lies = [
    {
      what: 'answers with another shape',
      path: /\/reviews$/,
      answer: { status: 200, body: { ok: true } },
      code: 'github_nonsense',
    },
    { what: 'breaks down', path: /\/pulls\/1$/, answer: { status: 502, body: {} }, code: 'github_unreachable' },
    {
      what: 'hides something',
      path: /\/commits\/[0-9a-f]+\/pulls$/,
      answer: { status: 404, body: {} },
      code: 'github_refused',
    },
    {
      what: 'does not list a whole tree',
      path: /\/git\/trees\//,
      answer: { status: 200, body: { sha: 'a'.repeat(40), truncated: true, tree: [] } },
      code: 'too_large',
    },
    {
      what: 'answers with another commit',
      path: /\/git\/commits\//,
      answer: { status: 200, body: { sha: 'a'.repeat(40), tree: { sha: 'b'.repeat(40) }, parents: [] } },
      code: 'github_nonsense',
    },
  ]
  test.each(lies)('$what proves nothing', async ({ path, answer, code }) => {
    stories[0]?.tell(stand.people)
    stand.github.misbehave((_method, asked) => (path.test(asked) ? answer : null))
    try {
      await expect(stand.verify()).rejects.toMatchObject({ code })
    } finally {
      stand.github.misbehave(null)
    }
  })

  test('has a limit is left alone until it says', async () => {
    stand.github.limitNext(30)
    await expect(stand.verify()).rejects.toMatchObject({ code: 'github_busy' })
    const reset = Math.ceil(Date.now() / 1_000) + 900
    stand.github.limitCalls(0, reset)
    await expect(stand.verify()).rejects.toMatchObject({ code: 'github_busy', retryAt: reset * 1_000 })
    stand.github.limitCalls(5_000)
  })
})
