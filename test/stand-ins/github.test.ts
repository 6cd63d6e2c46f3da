import { Octokit } from '@octokit/rest'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type StandInGitHub, startGitHub } from './github.ts'

let github: StandInGitHub
const policies = { owner: 'acme', repo: 'policies' }
const ben = { login: 'ben', type: 'User' } as const

const silent = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined }
const octokit = (auth?: string) => new Octokit({ baseUrl: github.url, log: silent, ...(auth ? { auth } : {}) })

beforeAll(async () => {
  github = await startGitHub()
  github.tokens.set('reader', new Set(['contents:read', 'pull_requests:read']))
  github.tokens.set('writer', new Set(['contents:read', 'pull_requests:read', 'pull_requests:write']))
  const review = {
    user: ben,
    state: 'APPROVED',
    commit_id: 'b'.repeat(40),
    submitted_at: '2026-11-01T10:00:00Z',
  } as const
  const pull = {
    number: 7,
    title: 'Hold large deletes',
    user: { login: 'ana', type: 'User' },
    head: { sha: 'b'.repeat(40), ref: 'large-deletes' },
    base: { sha: 'a'.repeat(40), ref: 'main' },
    merged: true,
    merge_commit_sha: 'c'.repeat(40),
    reviews: [review],
  } as const
  github.repositories.push({
    owner: 'acme',
    name: 'policies',
    branches: { main: { sha: 'c'.repeat(40), protected: true } },
    pulls: new Map([[7, pull]]),
    comments: [],
  })
})
afterAll(() => github[Symbol.asyncDispose]())

test('answers Octokit about branches, pull requests and reviews', async () => {
  const { rest } = octokit('reader')
  const branch = await rest.repos.getBranch({ ...policies, branch: 'main' })
  const pull = await rest.pulls.get({ ...policies, pull_number: 7 })
  const reviews = await rest.pulls.listReviews({ ...policies, pull_number: 7 })
  expect(branch.data.commit.sha).toBe(pull.data.merge_commit_sha)
  expect(reviews.data.map(({ user, state }) => [user?.login, state])).toEqual([['ben', 'APPROVED']])
})

test('answers 304 to a conditional request when nothing changed', async () => {
  const { rest } = octokit('reader')
  const first = await rest.repos.getBranch({ ...policies, branch: 'main' })
  const again = rest.repos.getBranch({ ...policies, branch: 'main', headers: { 'if-none-match': first.headers.etag } })
  await expect(again).rejects.toMatchObject({ status: 304 })
})

const comment = { ...policies, issue_number: 7, body: 'Three decisions would differ.' }
const refusals = [
  { what: 'no token', status: 401, call: () => octokit().rest.repos.getBranch({ ...policies, branch: 'main' }) },
  {
    what: 'an unknown token',
    status: 401,
    call: () => octokit('x').rest.repos.getBranch({ ...policies, branch: 'main' }),
  },
  {
    what: 'a token without the permission',
    status: 403,
    call: () => octokit('reader').rest.issues.createComment(comment),
  },
  {
    what: 'an unknown repository',
    status: 404,
    call: () => octokit('reader').rest.repos.getBranch({ owner: 'acme', repo: 'x', branch: 'main' }),
  },
  {
    what: 'an unknown pull request',
    status: 404,
    call: () => octokit('reader').rest.pulls.get({ ...policies, pull_number: 8 }),
  },
  {
    what: 'an empty comment',
    status: 422,
    call: () => octokit('writer').rest.issues.createComment({ ...comment, body: ' ' }),
  },
  {
    what: 'a comment that is too long',
    status: 422,
    call: () => octokit('writer').rest.issues.createComment({ ...comment, body: 'x'.repeat(65_537) }),
  },
  { what: 'a method it does not know', status: 404, call: () => octokit('writer').request('GET /nonsense') },
]
for (const { what, status, call } of refusals) {
  test(`refuses ${what} with ${status}`, async () => {
    await expect(call()).rejects.toMatchObject({ status })
  })
}

test('takes a comment from a token that may write', async () => {
  await octokit('writer').rest.issues.createComment(comment)
  expect(github.repositories[0]?.comments).toEqual([{ issue: 7, body: comment.body }])
})

test('refuses with the reason and the wait when a limit is reached', async () => {
  const { rest } = octokit('reader')
  github.limitNext(30)
  const secondary = rest.repos.getBranch({ ...policies, branch: 'main' })
  await expect(secondary).rejects.toMatchObject({ status: 429, response: { headers: { 'retry-after': '30' } } })
  github.limitCalls(0)
  const primary = rest.repos.getBranch({ ...policies, branch: 'main' })
  await expect(primary).rejects.toMatchObject({ status: 403, response: { headers: { 'x-ratelimit-remaining': '0' } } })
  github.limitCalls(5_000)
})
