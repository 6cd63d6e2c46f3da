import { z } from 'zod'
import { ReleaseError } from '../errors.ts'
import {
  activity,
  blob,
  comparison,
  event,
  gitCommit,
  listedCommit,
  membership,
  permission,
  pull as pullShape,
  review,
  tree as treeShape,
} from '../github/answers.ts'
import type { GitHubClient } from '../github/client.ts'
import { CODE_OWNERS_BYTES_MAX, CODE_OWNERS_PATHS, parseCodeOwners } from './code-owners.ts'
import type { ChainCommit, Merge, PullEvidence } from './evidence.ts'
import type { Section } from './provenance.ts'
import type { Tree } from './tree-changes.ts'

/** Asks GitHub everything that bears on one merge, and judges nothing. */
export interface Repository {
  readonly id: number
  readonly owner: string
  readonly repo: string
}

const COMMITS_MAX = 250
const LIST_MAX = 1_000
const REVIEWERS_MAX = 50
const REPO = '/repos/{owner}/{repo}'

/** @throws ReleaseError */
export async function gatherMerge(client: GitHubClient, { id, ...at }: Repository, section: Section): Promise<Merge> {
  const pull = await gatherPull(client, { id, ...at }, section.pull)
  const [newest, oldest] = [section.commits[0], section.commits.at(-1)] as [ChainCommit, ChainCommit]
  const before = oldest.parents[0]
  if (before === undefined) throw new ReleaseError('github_nonsense', 'A merge has no commit before it')
  const base = await client.ask(
    `GET ${REPO}/compare/{basehead}`,
    { ...at, basehead: `${before}...${pull.head}`, per_page: 1 },
    comparison,
  )
  const trees = new Map<string, Promise<Tree>>()
  const treeOf = (commit: string): Promise<Tree> => {
    const known = trees.get(commit) ?? treeAt(client, at, commit)
    trees.set(commit, known)
    return known
  }
  const beforeTree = await treeOf(before)
  const codeOwners = await codeOwnersIn(client, at, beforeTree)
  return {
    commits: section.commits,
    pull,
    before: beforeTree,
    after: await treeOf(newest.sha),
    reviewedFrom: await treeOf(base.merge_base_commit.sha),
    reviewedTo: await treeOf(pull.head),
    codeOwners,
    teams: await teamsAmong(client, codeOwners, pull),
  }
}

type At = Omit<Repository, 'id'>

async function gatherPull(client: GitHubClient, { id, ...at }: Repository, number: number): Promise<PullEvidence> {
  const of = { ...at, pull_number: number }
  const pull = await client.ask(`GET ${REPO}/pulls/{pull_number}`, of, pullShape)
  const reviews = await client.askAll(`GET ${REPO}/pulls/{pull_number}/reviews`, of, review, LIST_MAX)
  const commits = await client.askAll(`GET ${REPO}/pulls/{pull_number}/commits`, of, listedCommit, COMMITS_MAX)
  const events = await client.askAll(
    `GET ${REPO}/issues/{issue_number}/events`,
    { ...at, issue_number: number },
    event,
    LIST_MAX,
  )
  const ours = pull.head.repo?.id === id
  const ref = `refs/heads/${pull.head.ref}`
  const pushes = ours
    ? await client.ask(`GET ${REPO}/activity`, { ...at, ref, per_page: 100 }, z.array(activity))
    : null
  const approving = new Set(
    reviews.filter(({ state }) => state !== 'COMMENTED').flatMap(({ user }) => user?.login ?? []),
  )
  return {
    number,
    title: pull.title,
    author: pull.user,
    base: { branch: pull.base.ref, repository: pull.base.repo?.id ?? null },
    head: pull.head.sha,
    merged: pull.merged,
    mergedAt: pull.merged_at === null ? null : Date.parse(pull.merged_at),
    mergeCommit: pull.merge_commit_sha,
    commitCount: pull.commits,
    reviews: reviews.map(({ user, state, commit_id, submitted_at }) => ({
      by: user,
      state,
      commit: commit_id ?? null,
      at: submitted_at === undefined ? null : Date.parse(submitted_at),
    })),
    contributions: commits.map(({ sha, author, committer, commit }) => ({
      commit: sha,
      author,
      committer,
      authorEmail: commit.author?.email ?? '(no address)',
      message: commit.message,
    })),
    pushes: pushes?.map(({ actor, after }) => ({ by: actor, after })) ?? null,
    retargetedAt: events
      .filter(({ event: what }) => what === 'base_ref_changed')
      .map(({ created_at }) => Date.parse(created_at)),
    permissions: await permissionsOf(client, at, [...approving]),
  }
}

async function permissionsOf(
  client: GitHubClient,
  at: At,
  logins: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  if (logins.length > REVIEWERS_MAX)
    throw new ReleaseError('too_large', `More than ${REVIEWERS_MAX} people reviewed one pull request`)
  const found = new Map<string, string>()
  for (const username of logins) {
    const answer = await client.askIfAny(
      `GET ${REPO}/collaborators/{username}/permission`,
      { ...at, username },
      permission,
    )
    found.set(username, answer?.permission ?? 'none')
  }
  return found
}

/** @throws ReleaseError too_large when GitHub does not list all of it */
export async function treeAt(client: GitHubClient, at: At, commit: string): Promise<Tree> {
  const { tree } = await client.ask(`GET ${REPO}/git/commits/{commit_sha}`, { ...at, commit_sha: commit }, gitCommit)
  const listed = await client.ask(
    `GET ${REPO}/git/trees/{tree_sha}`,
    { ...at, tree_sha: tree.sha, recursive: '1' },
    treeShape,
  )
  if (listed.truncated) throw new ReleaseError('too_large', 'The repository has more files than GitHub lists at once')
  return new Map(
    listed.tree
      .filter(({ type }) => type !== 'tree')
      .map(({ path, mode, type, sha }) => [path, `${mode} ${type} ${sha}`]),
  )
}

async function codeOwnersIn(client: GitHubClient, at: At, tree: Tree): Promise<string | null> {
  const path = CODE_OWNERS_PATHS.find((one) => tree.has(one))
  const sha = path === undefined ? undefined : tree.get(path)?.split(' ')[2]
  if (sha === undefined) return null
  const { content, size } = await client.ask(`GET ${REPO}/git/blobs/{file_sha}`, { ...at, file_sha: sha }, blob)
  if ((size ?? 0) > CODE_OWNERS_BYTES_MAX) throw new ReleaseError('too_large', 'CODEOWNERS is larger than GitHub reads')
  return Buffer.from(content, 'base64').toString('utf8')
}

/** Only those who approved are looked up, and only in teams of this organisation: GitHub takes no others as owners. */
async function teamsAmong(client: GitHubClient, codeOwners: string | null, pull: PullEvidence) {
  const parsed = codeOwners === null ? null : parseCodeOwners(codeOwners)
  if (parsed === null || 'line' in parsed) return new Map<string, readonly string[]>()
  const approving = new Set(
    pull.reviews.flatMap(({ by, state }) => (state === 'APPROVED' && by !== null ? [by.login] : [])),
  )
  const teams = new Map<string, readonly string[]>()
  for (const team of parsed.teams) {
    const [org = '', team_slug = ''] = team.split('/')
    const members: string[] = []
    for (const username of approving) {
      const route = 'GET /orgs/{org}/teams/{team_slug}/memberships/{username}'
      const answer = await client.askIfAny(route, { org, team_slug, username }, membership)
      if (answer?.state === 'active') members.push(username.toLowerCase())
    }
    teams.set(team, members)
  }
  return teams
}
