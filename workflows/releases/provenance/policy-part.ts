import { CODE_OWNERS_PATHS } from '../../../policies/code-owners.ts'
import { ReleaseError } from '../errors.ts'
import { gitCommit, tree as treeShape } from '../github/answers.ts'
import type { GitHubClient } from '../github/client.ts'
import type { Repository } from './gather-pull.ts'

/**
 * What of a commit bears on a folder: it and who owns it, each by the name that git gives to its content.
 * Where these are the same before and after a merge, the merge changed nothing of it, whatever else it did.
 */
export type PolicyParts = (commit: string) => Promise<string>

interface Entry {
  readonly path: string
  readonly mode: string
  readonly type: string
  readonly sha: string
}

const REPO = '/repos/{owner}/{repo}'

/** Asks for each tree once. @throws ReleaseError too_large when GitHub does not list all of one */
export function policyPartsOf(client: GitHubClient, { owner, repo }: Repository, folder: string): PolicyParts {
  const trees = new Map<string, readonly Entry[]>()
  const entriesOf = async (sha: string): Promise<readonly Entry[]> => {
    const known = trees.get(sha)
    if (known !== undefined) return known
    const listed = await client.ask(`GET ${REPO}/git/trees/{tree_sha}`, { owner, repo, tree_sha: sha }, treeShape)
    if (listed.truncated) throw new ReleaseError('too_large', 'A folder has more files than GitHub lists at once')
    if (listed.sha !== sha)
      throw new ReleaseError('github_nonsense', 'GitHub answers with another tree than was asked for')
    trees.set(sha, listed.tree)
    return listed.tree
  }
  /** Up to where the path is a folder: a link on the way is what is there. */
  const at = async (root: string, path: string): Promise<string> => {
    let [entry, sha]: [string, string] = ['', root]
    for (const name of path.split('/')) {
      const found: Entry | undefined = (await entriesOf(sha)).find((one) => one.path === name)
      if (found === undefined) return 'nothing'
      entry = `${found.mode} ${found.type} ${found.sha}`
      if (found.type !== 'tree') return entry
      sha = found.sha
    }
    return entry
  }
  return async (commit) => {
    const of = { owner, repo, commit_sha: commit }
    const { tree } = await client.ask(`GET ${REPO}/git/commits/{commit_sha}`, of, gitCommit)
    const parts: string[] = []
    for (const path of [folder, ...CODE_OWNERS_PATHS]) parts.push(await at(tree.sha, path))
    return parts.join('\n')
  }
}
