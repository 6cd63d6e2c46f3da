import type { Pool } from 'pg'
import { rowsOf } from '../state/transaction.ts'

/** Where the policy that held a statement came from. */
export interface RuleSource {
  /** false: local files, as in development; nobody reviewed them. */
  readonly reviewed: boolean
  /** null: local files, which have no address. */
  readonly release: Release | null
}

interface Release {
  /** owner/name */
  readonly repository: string
  readonly commit: string
  /** Of the policies, in the repository. */
  readonly folder: string
}

/** The release of this digest, the newest if several commits compiled to it. */
export async function ruleSourceOf(pool: Pool, policyDigest: string): Promise<RuleSource> {
  const [release] = await rowsOf<Release>(
    pool,
    `SELECT repository_name AS repository, commit, folder FROM release WHERE digest = $1 ORDER BY number DESC LIMIT 1`,
    [policyDigest],
  )
  return { reviewed: release !== undefined, release: release ?? null }
}

const REPOSITORY = /^[\w.-]+\/[\w.-]+$/
const COMMIT = /^[0-9a-f]{40,64}$/

/** On GitHub; null for a name that is none, which a link could be made to lead elsewhere with. */
export function commitUrl(repository: string, commit: string): string | null {
  return REPOSITORY.test(repository) && COMMIT.test(commit) ? `https://github.com/${repository}/commit/${commit}` : null
}

export function pullUrl(repository: string, number: number): string | null {
  return REPOSITORY.test(repository) ? `https://github.com/${repository}/pull/${number}` : null
}

/** A link to a rule's line at that commit, as GitHub has them; null where there is nothing to link to. */
export function ruleUrl(
  { release }: RuleSource,
  place: { readonly file: string; readonly line: number },
): string | null {
  if (release === null || !REPOSITORY.test(release.repository) || !COMMIT.test(release.commit)) return null
  const names = `${release.folder}/${place.file}`.split('/').filter((name) => name !== '' && name !== '.')
  const path = names.map(encodeURIComponent).join('/')
  return `https://github.com/${release.repository}/blob/${release.commit}/${path}#L${place.line}`
}
