import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { createGitHubClient, type KeptAnswer } from '../../../workflows/releases/github/client.ts'
import type { Rules } from '../../../workflows/releases/provenance/evidence.ts'
import { findRepository, verifyProvenance } from '../../../workflows/releases/provenance/verify.ts'
import { type StandInGitHub, startGitHub } from '../../stand-ins/github.ts'
import type { People } from '../../stand-ins/github-people.ts'
import { gitHubConfig } from './github-config.ts'
import { edges } from './provenance-edges.ts'
import { begin, FIRST_FILES, stories as firstStories } from './provenance-stories.ts'

const stories = [...firstStories, ...edges]

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
})
afterEach(() => github.remove(people))

async function verify(changes: { readonly active?: string | null } = {}) {
  const client = createGitHubClient({ config: gitHubConfig(github.url), now: Date.now, retries: 0 })
  const kept: KeptAnswer[] = []
  const repository = await findRepository(client, 'acme/policies', people.repository.id)
  const rules: Rules = {
    repository: repository.id,
    branch: 'main',
    folder: 'policies',
    minApprovals: 1,
    codeOwnersRequired: true,
    toolAddresses: ['noreply@assistant.example'],
  }
  const head = people.repository.headOf('main')
  const from = changes.active === undefined ? active : changes.active
  const provenance = await verifyProvenance(client.witnessed(kept), repository, { head, active: from, rules })
  return { ...provenance, kept }
}

describe('a change is verified when', () => {
  test.each(stories.filter(({ refused }) => refused === undefined))(
    '$story',
    async ({ tell, nobodyNeeded = false }) => {
      tell(people)
      const { findings, pulls } = await verify()
      expect(findings).toEqual([])
      expect(pulls.every(({ reviewers }) => reviewers.length > 0)).toBe(!nobodyNeeded)
      expect(github.problems).toEqual([])
    },
  )
})

describe('F6: a change is refused when', () => {
  test.each(stories.filter(({ refused }) => refused !== undefined))('$story', async ({ tell, refused }) => {
    tell(people)
    const { findings } = await verify()
    expect([...new Set(findings.map(({ check }) => check))].sort()).toEqual([...(refused ?? [])].sort())
    expect(github.problems).toEqual([])
  })
})

test('there are at least thirty stories', () => {
  expect(stories.length).toBeGreaterThanOrEqual(30)
})

test('the first release rests on its own pull request, whatever came before', async () => {
  people.push('main', 'eve', { message: 'Before anybody followed' })
  stories[1]?.tell(people)
  const { findings, pulls } = await verify({ active: null })
  expect(findings).toEqual([])
  expect(pulls).toMatchObject([{ number: 1, author: 'ana', reviewers: ['ben'] }])
})

test('the first release, too, is refused without a pull request', async () => {
  const { findings } = await verify({ active: null })
  expect(findings).toMatchObject([{ check: 'pull_request' }])
})

test('a refusal says whose approval did not count and why', async () => {
  const told = stories.find(({ story }) => story === 'it was approved before the last push')
  told?.tell(people)
  const { findings } = await verify()
  expect(findings[0]?.text).toBe(
    'Pull request #1 has 0 approvals that count and needs 1. Not counted: ben approved an earlier commit.',
  )
})

test('what GitHub said is kept whole, each answer with its hash', async () => {
  stories[0]?.tell(people)
  const { kept } = await verify()
  expect(kept.map(({ request }) => request)).toContain('GET /repos/acme/policies/pulls/1/reviews')
  expect(kept.every(({ sha256 }) => /^[0-9a-f]{64}$/.test(sha256))).toBe(true)
})

test('a repository that took over the name of the one that was followed is refused', async () => {
  github.remove(people)
  github.repository('other/thing')
  people = github.repository('acme/policies', FIRST_FILES)
  const client = createGitHubClient({ config: gitHubConfig(github.url), now: Date.now, retries: 0 })
  await expect(findRepository(client, 'acme/policies', 12_345)).rejects.toMatchObject({ code: 'not_possible' })
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
    stories[0]?.tell(people)
    github.misbehave((_method, asked) => (path.test(asked) ? answer : null))
    try {
      await expect(verify()).rejects.toMatchObject({ code })
    } finally {
      github.misbehave(null)
    }
  })

  test('has a limit is left alone until it says', async () => {
    github.limitNext(30)
    await expect(verify()).rejects.toMatchObject({ code: 'github_busy' })
    const reset = Math.ceil(Date.now() / 1_000) + 900
    github.limitCalls(0, reset)
    await expect(verify()).rejects.toMatchObject({ code: 'github_busy', retryAt: reset * 1_000 })
    github.limitCalls(5_000)
  })
})
