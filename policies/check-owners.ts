import { existsSync, readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { CODE_OWNERS_PATHS, parseCodeOwners } from './code-owners.ts'
import { PolicyError } from './errors.ts'

/**
 * Who owns the policies, read as a release reads it: in their folder, and at the root of the repository that it is in.
 * @returns what can never approve, one sentence each
 * @throws PolicyError policy_invalid for a line that cannot be read: once merged, no pull request would be verified
 */
export function checkOwners(path: string): readonly string[] {
  const folders = [...new Set([resolve(path), repositoryOf(resolve(path))])].filter((folder) => folder !== null)
  const files = folders.flatMap((folder) => {
    const file = CODE_OWNERS_PATHS.map((one) => join(folder, one)).find((one) => existsSync(one))
    return file ?? []
  })
  return files.flatMap((file) => {
    const parsed = parseCodeOwners(readFileSync(file, 'utf8'))
    if ('line' in parsed)
      throw new PolicyError('policy_invalid', `${file}:${parsed.line}: this line cannot be read: ${parsed.text}`, {
        hint: 'A pattern without `!` and `[ ]`, then @user or @org/team; or nobody',
      })
    return parsed.addresses.map(
      (address) => `${file} names ${address}: an address never approves a release; name @user or @org/team`,
    )
  })
}

function repositoryOf(path: string): string | null {
  for (let at = path; ; at = dirname(at)) {
    if (existsSync(join(at, '.git'))) return at
    if (dirname(at) === at) return null
  }
}
