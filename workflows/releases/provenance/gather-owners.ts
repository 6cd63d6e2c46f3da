import { CODE_OWNERS_BYTES_MAX, CODE_OWNERS_PATHS, parseCodeOwners } from '../../../policies/code-owners.ts'
import { ReleaseError } from '../errors.ts'
import { blob, membership } from '../github/answers.ts'
import type { GitHubClient } from '../github/client.ts'
import { gitName } from '../policy-tree.ts'
import type { PullEvidence } from './evidence.ts'
import type { At } from './gather-pull.ts'
import type { Tree } from './tree-changes.ts'

const REPO = '/repos/{owner}/{repo}'

/** @returns null: there is none. @throws ReleaseError when it is no plain file, or not the one that the tree names */
export async function codeOwnersIn(client: GitHubClient, at: At, tree: Tree): Promise<string | null> {
  const path = CODE_OWNERS_PATHS.find((one) => tree.has(one))
  const [mode, , sha] = (path === undefined ? undefined : tree.get(path))?.split(' ') ?? []
  if (sha === undefined) return null
  if (mode !== '100644' && mode !== '100755') throw new ReleaseError('tree_unusable', `${path} is no plain file`)
  const { content, size } = await client.ask(`GET ${REPO}/git/blobs/{file_sha}`, { ...at, file_sha: sha }, blob)
  if ((size ?? 0) > CODE_OWNERS_BYTES_MAX) throw new ReleaseError('too_large', 'CODEOWNERS is larger than GitHub reads')
  const bytes = Buffer.from(content, 'base64')
  if (gitName(bytes, sha.length) !== sha)
    throw new ReleaseError('github_nonsense', 'GitHub answered with another file than was asked for')
  return bytes.toString('utf8')
}

export function sameOwnersFile(one: Tree, other: Tree): boolean {
  return CODE_OWNERS_PATHS.every((path) => one.get(path) === other.get(path))
}

/** Only those who approved are looked up, and only in teams of this organisation: GitHub takes no others as owners. */
export async function teamsAmong(client: GitHubClient, codeOwners: string | null, pull: PullEvidence) {
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
