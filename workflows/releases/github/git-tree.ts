import type { z } from 'zod'
import { ReleaseError } from '../errors.ts'
import { gitCommit, tree } from './answers.ts'
import type { GitHubClient } from './client.ts'

const REPO = '/repos/{owner}/{repo}'

interface At {
  readonly owner: string
  readonly repo: string
}

/** The tree of a commit, by its name in git. */
export async function treeOf(client: GitHubClient, { owner, repo }: At, commit: string): Promise<string> {
  const of = { owner, repo, commit_sha: commit }
  return (await client.ask(`GET ${REPO}/git/commits/{commit_sha}`, of, gitCommit)).tree.sha
}

/**
 * What a tree lists, whole and of that very tree.
 *
 * @param depth everything below it, or only what is in it
 * @throws ReleaseError too_large when GitHub does not list all of it
 */
export async function entriesOf(
  client: GitHubClient,
  { owner, repo }: At,
  sha: string,
  depth: 'all below' | 'this folder',
): Promise<z.infer<typeof tree>['tree']> {
  const of = { owner, repo, tree_sha: sha, ...(depth === 'all below' ? { recursive: '1' } : {}) }
  const listed = await client.ask(`GET ${REPO}/git/trees/{tree_sha}`, of, tree)
  const what = depth === 'all below' ? 'The repository' : 'A folder'
  if (listed.truncated) throw new ReleaseError('too_large', `${what} has more files than GitHub lists at once`)
  if (listed.sha !== sha)
    throw new ReleaseError('github_nonsense', 'GitHub answers with another tree than was asked for')
  return listed.tree
}
