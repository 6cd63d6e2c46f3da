import { CODE_OWNERS_PATHS } from '../../../policies/code-owners.ts'
import type { GitHubClient } from '../github/client.ts'
import { entriesOf, treeOf } from '../github/git-tree.ts'
import type { Repository } from './gather-pull.ts'

/**
 * What of a commit bears on a folder: it and who owns it, each by the name that git gives to its content.
 * Where these are the same before and after a merge, the merge changed nothing of it, whatever else it did.
 */
export type PolicyParts = (commit: string) => Promise<string>

type Entries = Awaited<ReturnType<typeof entriesOf>>

/** Asks for each tree once. @throws ReleaseError too_large when GitHub does not list all of one */
export function policyPartsOf(client: GitHubClient, where: Repository, folder: string): PolicyParts {
  const trees = new Map<string, Entries>()
  const listed = async (sha: string): Promise<Entries> => {
    const entries = trees.get(sha) ?? (await entriesOf(client, where, sha, 'this folder'))
    trees.set(sha, entries)
    return entries
  }
  /** Up to where the path is a folder: a link on the way is what is there. */
  const at = async (root: string, path: string): Promise<string> => {
    let [entry, sha]: [string, string] = ['', root]
    for (const name of path.split('/')) {
      const found: Entries[number] | undefined = (await listed(sha)).find((one) => one.path === name)
      if (found === undefined) return 'nothing'
      entry = `${found.mode} ${found.type} ${found.sha}`
      if (found.type !== 'tree') return entry
      sha = found.sha
    }
    return entry
  }
  return async (commit) => {
    const root = await treeOf(client, where, commit)
    const parts: string[] = []
    for (const path of [folder, ...CODE_OWNERS_PATHS]) parts.push(await at(root, path))
    return parts.join('\n')
  }
}
