import type { z } from 'zod'
import { ReleaseError } from '../errors.ts'
import { activity, comparison, event, listedCommit, permission, pull as pullShape, review } from '../github/answers.ts'
import type { GitHubClient } from '../github/client.ts'
import { entriesOf, treeOf } from '../github/git-tree.ts'
import type { Account, ChainCommit, Merge, PullEvidence, PullNamed } from './evidence.ts'
import { codeOwnersIn, sameOwnersFile, teamsAmong } from './gather-owners.ts'
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
  const base = await mergeBaseOf(client, at, before, pull.head)
  const trees = new Map<string, Promise<Tree>>()
  const treeOf = (commit: string): Promise<Tree> => {
    const known = trees.get(commit) ?? treeAt(client, at, commit)
    trees.set(commit, known)
    return known
  }
  const beforeTree = await treeOf(before)
  const afterTree = await treeOf(newest.sha)
  const codeOwners = await codeOwnersIn(client, at, beforeTree)
  return {
    commits: section.commits,
    pull,
    before: beforeTree,
    after: afterTree,
    reviewedFrom: await treeOf(base),
    reviewedTo: await treeOf(pull.head),
    codeOwners,
    codeOwnersAfter: sameOwnersFile(beforeTree, afterTree) ? codeOwners : await codeOwnersIn(client, at, afterTree),
    teams: await teamsAmong(client, codeOwners, pull),
  }
}

export type At = Omit<Repository, 'id'>

/** Where a pull request left the branch. */
export async function mergeBaseOf(client: GitHubClient, { owner, repo }: At, before: string, head: string) {
  const of = { owner, repo, basehead: `${before}...${head}`, per_page: 1 }
  return (await client.ask(`GET ${REPO}/compare/{basehead}`, of, comparison)).merge_base_commit.sha
}

/** Without who reviewed it and who wrote it. */
export async function gatherNamed(
  client: GitHubClient,
  { owner, repo }: Repository,
  number: number,
): Promise<PullNamed> {
  return named(await askPull(client, { owner, repo }, number))
}

async function askPull(client: GitHubClient, at: At, number: number) {
  const pull = await client.ask(`GET ${REPO}/pulls/{pull_number}`, { ...at, pull_number: number }, pullShape)
  if (pull.number !== number)
    throw new ReleaseError('github_nonsense', 'GitHub answers with another pull request than was asked for')
  return pull
}

const named = ({
  number,
  title,
  user,
  base,
  head,
  merged,
  merge_commit_sha,
}: z.infer<typeof pullShape>): PullNamed => ({
  number,
  title,
  author: user,
  base: { branch: base.ref, repository: base.repo?.id ?? null },
  head: head.sha,
  merged,
  mergeCommit: merge_commit_sha,
})

async function gatherPull(client: GitHubClient, { id, ...at }: Repository, number: number): Promise<PullEvidence> {
  const of = { ...at, pull_number: number }
  const pull = await askPull(client, at, number)
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
  const pushes = ours ? await client.askAll(`GET ${REPO}/activity`, { ...at, ref }, activity, LIST_MAX) : null
  const judging = reviews.filter(({ state }) => state !== 'COMMENTED').flatMap(({ user }) => user ?? [])
  const reviewers = [...new Map(judging.map((one) => [one.id, one])).values()]
  return {
    ...named(pull),
    mergedAt: pull.merged_at === null ? null : Date.parse(pull.merged_at),
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
    pushes:
      pushes?.map(({ actor, before, after, activity_type: kind }) => ({ by: actor, before, after, kind })) ?? null,
    retargetedAt: events
      .filter(({ event: what }) => what === 'base_ref_changed')
      .map(({ created_at }) => Date.parse(created_at)),
    permissions: await permissionsOf(client, at, reviewers),
  }
}

async function permissionsOf(
  client: GitHubClient,
  at: At,
  reviewers: readonly Account[],
): Promise<ReadonlyMap<number, string>> {
  if (reviewers.length > REVIEWERS_MAX)
    throw new ReleaseError('too_large', `More than ${REVIEWERS_MAX} people reviewed one pull request`)
  const found = new Map<number, string>()
  for (const { id, login: username } of reviewers) {
    const answer = await client.askIfAny(
      `GET ${REPO}/collaborators/{username}/permission`,
      { ...at, username },
      permission,
    )
    // A name can be given up and taken by somebody else: what that one may do says nothing of who reviewed.
    if (answer === null || answer.user?.id === id) found.set(id, answer?.permission ?? 'none')
  }
  return found
}

/** @throws ReleaseError too_large when GitHub does not list all of it */
export async function treeAt(client: GitHubClient, at: At, commit: string): Promise<Tree> {
  const entries = await entriesOf(client, at, await treeOf(client, at, commit), 'all below')
  return new Map(
    entries.filter(({ type }) => type !== 'tree').map(({ path, mode, type, sha }) => [path, `${mode} ${type} ${sha}`]),
  )
}
