import { Octokit } from '@octokit/rest'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { type StandInGitHub, startGitHub } from './github.ts'
import type { People } from './github-people.ts'

let github: StandInGitHub
let people: People
const policies = { owner: 'acme', repo: 'policies' }
const silent = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined }
const octokit = (auth?: string) => new Octokit({ baseUrl: github.url, log: silent, ...(auth ? { auth } : {}) })

beforeAll(async () => {
  github = await startGitHub()
  github.tokens.set('person', { login: 'holdpoint-bot', app: null })
  github.tokens.set('installed', { login: 'holdpoint[bot]', app: 11 })
})
afterAll(() => github[Symbol.asyncDispose]())
beforeEach(() => {
  if (people !== undefined) github.remove(people)
  people = github.repository('acme/policies')
  people.branch('stricter', 'main', 'ana')
  people.push('stricter', 'ana', { files: { 'rules/a.rego': 'package a' } })
  github.problems.length = 0
})

test('answers Octokit about a merged pull request and everybody who took part in it', async () => {
  const number = people.open('ana', { head: 'stricter' })
  people.approve(number, 'ben')
  people.merge(number, 'ben', 'squash')
  const { rest } = octokit('person')
  const branch = await rest.repos.getBranch({ ...policies, branch: 'main' })
  const commit = await rest.git.getCommit({ ...policies, commit_sha: branch.data.commit.sha })
  const pulls = await rest.repos.listPullRequestsAssociatedWithCommit({ ...policies, commit_sha: commit.data.sha })
  const pull = await rest.pulls.get({ ...policies, pull_number: pulls.data[0]?.number as number })
  const reviews = await rest.pulls.listReviews({ ...policies, pull_number: pull.data.number })
  const commits = await rest.pulls.listCommits({ ...policies, pull_number: pull.data.number })
  const activity = await rest.repos.listActivities({ ...policies, ref: 'refs/heads/stricter' })
  expect(branch.data.commit.sha).toBe(pull.data.merge_commit_sha)
  expect(reviews.data.map(({ user, state }) => [user?.login, state])).toEqual([['ben', 'APPROVED']])
  expect(commits.data.map(({ author }) => author?.login)).toEqual(['ana'])
  expect(activity.data.map(({ activity_type }) => activity_type)).toEqual(['push', 'branch_creation'])
  expect(github.problems).toEqual([])
})

test('answers about files, permissions, teams, events and comparisons in the recorded shapes', async () => {
  const number = people.open('ana', { head: 'stricter' })
  people.may('ben', 'write')
  people.team('rules', 'ben')
  people.retarget(number, 'main', 'ana')
  const { rest } = octokit('person')
  const head = people.repository.headOf('stricter')
  const commit = await rest.git.getCommit({ ...policies, commit_sha: head })
  const tree = await rest.git.getTree({ ...policies, tree_sha: commit.data.tree.sha, recursive: '1' })
  const file = tree.data.tree.find(({ path }) => path === 'rules/a.rego')
  const blob = await rest.git.getBlob({ ...policies, file_sha: file?.sha as string })
  expect(Buffer.from(blob.data.content, 'base64').toString()).toBe('package a')
  await rest.repos.getCollaboratorPermissionLevel({ ...policies, username: 'ben' })
  await rest.teams.getMembershipForUserInOrg({ org: 'acme', team_slug: 'rules', username: 'ben' })
  await rest.issues.listEvents({ ...policies, issue_number: number })
  const compared = await rest.repos.compareCommitsWithBasehead({ ...policies, basehead: `main...${head}`, per_page: 1 })
  expect(compared.data).toMatchObject({ ahead_by: 1, behind_by: 0, status: 'ahead' })
  expect(github.problems).toEqual([])
})

test('takes comments, check runs, branches, files and pull requests as GitHub describes them', async () => {
  const { rest } = octokit('installed')
  const sha = people.repository.headOf('main')
  await rest.git.createRef({ ...policies, ref: 'refs/heads/exception', sha })
  const content = Buffer.from('x').toString('base64')
  await rest.repos.createOrUpdateFileContents({
    ...policies,
    path: 'data/x.yaml',
    message: 'm',
    content,
    branch: 'exception',
  })
  const pull = await rest.pulls.create({ ...policies, head: 'exception', base: 'main', title: 'An exception' })
  const comment = await rest.issues.createComment({ ...policies, issue_number: pull.data.number, body: 'One' })
  await rest.issues.updateComment({ ...policies, comment_id: comment.data.id, body: 'Two' })
  await rest.checks.create({
    ...policies,
    name: 'holdpoint',
    head_sha: sha,
    status: 'completed',
    conclusion: 'failure',
  })
  expect(people.repository.comments.map(({ body }) => body)).toEqual(['Two'])
  expect(people.repository.checks.map(({ conclusion }) => conclusion)).toEqual(['failure'])
  expect(github.problems).toEqual([])
})

test('answers 304 to a conditional request when nothing changed', async () => {
  const { rest } = octokit('person')
  const first = await rest.repos.getBranch({ ...policies, branch: 'main' })
  const again = rest.repos.getBranch({ ...policies, branch: 'main', headers: { 'if-none-match': first.headers.etag } })
  await expect(again).rejects.toMatchObject({ status: 304 })
})

test('sends who asks by an old name to the same repository', async () => {
  people.rename('rules')
  const answer = await octokit('person').rest.repos.get(policies)
  expect(answer.data).toMatchObject({ id: people.repository.id, full_name: 'acme/rules' })
})

const comment = { ...policies, issue_number: 1, body: 'Three decisions would differ.' }
const refusals = [
  { what: 'no token', status: 401, call: () => octokit().rest.repos.get(policies) },
  { what: 'an unknown token', status: 401, call: () => octokit('x').rest.repos.get(policies) },
  {
    what: 'a check run of somebody who is no app',
    status: 403,
    call: () =>
      octokit('person').rest.checks.create({ ...policies, name: 'x', head_sha: people.repository.headOf('main') }),
  },
  {
    what: 'an unknown repository',
    status: 404,
    call: () => octokit('person').rest.repos.get({ owner: 'acme', repo: 'x' }),
  },
  { what: 'an unknown pull request', status: 404, call: () => octokit('person').rest.issues.createComment(comment) },
  {
    what: 'a body that does not fit the description',
    status: 422,
    call: () => octokit('person').request(`POST /repos/acme/policies/issues/1/comments`, { text: 'x' }),
  },
  {
    what: 'a query that the description does not have',
    status: 422,
    call: () => octokit('person').request('GET /repos/acme/policies/pulls', { order: 'x' }),
  },
  { what: 'a method it does not know', status: 404, call: () => octokit('person').request('GET /nonsense') },
]
for (const { what, status, call } of refusals) {
  test(`refuses ${what} with ${status}`, async () => {
    await expect(call()).rejects.toMatchObject({ status })
  })
}

test('refuses with the reason and the wait when a limit is reached', async () => {
  const { rest } = octokit('person')
  github.limitNext(30)
  const secondary = rest.repos.get(policies)
  await expect(secondary).rejects.toMatchObject({ status: 429, response: { headers: { 'retry-after': '30' } } })
  github.limitCalls(0)
  const primary = rest.repos.get(policies)
  await expect(primary).rejects.toMatchObject({ status: 403, response: { headers: { 'x-ratelimit-remaining': '0' } } })
  github.limitCalls(5_000)
})

test('says something else than the truth when told to', async () => {
  github.misbehave((_method, path) => (path.endsWith('/branches/main') ? { status: 200, body: { name: 7 } } : null))
  const answer = await octokit('person').rest.repos.getBranch({ ...policies, branch: 'main' })
  expect(answer.data).toEqual({ name: 7 })
  github.misbehave(null)
})
