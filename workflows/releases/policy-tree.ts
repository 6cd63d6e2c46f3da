import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { plainFolder } from '../../release-settings.ts'
import { ReleaseError } from './errors.ts'
import { blob } from './github/answers.ts'
import type { GitHubClient } from './github/client.ts'
import { entriesOf, treeOf } from './github/git-tree.ts'
import type { Repository } from './provenance/gather-pull.ts'

/**
 * The folder of the policies at one commit, written to a temporary folder. Whoever opens a pull request decides what is
 * in it: so only plain files with plain names, few and small, each with the content that its name in git stands for.
 */
export interface FetchedPolicies extends Disposable {
  readonly path: string
  readonly files: ReadonlyMap<string, string>
}

export interface BlobCache {
  get(sha: string): Buffer | undefined
  set(sha: string, bytes: Buffer, weight: number): void
}

const FILES_MAX = 2_000
const FILE_BYTES_MAX = 1024 * 1024
const ALL_BYTES_MAX = 16 * 1024 * 1024
const PLAIN = new Set(['100644', '100755'])
const NAME = /^[\w-][\w.-]*$/
const REPO = '/repos/{owner}/{repo}'

/** @throws ReleaseError tree_unusable, too_large */
export async function fetchPolicies(
  client: GitHubClient,
  { id: _, ...at }: Repository,
  { commit, folder, blobs }: { readonly commit: string; readonly folder: string; readonly blobs: BlobCache },
): Promise<FetchedPolicies> {
  const wanted = filesBelow(await entriesOf(client, at, await treeOf(client, at, commit), 'all below'), folder)
  const path = mkdtempSync(join(tmpdir(), 'holdpoint-release-'))
  const remove = (): void => rmSync(path, { recursive: true, force: true })
  try {
    const files = new Map<string, string>()
    for (const { name, sha } of wanted) {
      const bytes = blobs.get(sha) ?? (await fetchBlob(client, at, sha))
      blobs.set(sha, bytes, bytes.length + 100)
      const file = join(path, name)
      mkdirSync(dirname(file), { recursive: true })
      writeFileSync(file, bytes, { mode: 0o600, flag: 'wx' })
      files.set(name, sha)
    }
    return { path, files, [Symbol.dispose]: remove }
  } catch (error) {
    remove()
    throw error
  }
}

interface Entry {
  readonly path: string
  readonly mode: string
  readonly type: string
  readonly sha: string
  readonly size?: number | undefined
}

export function filesBelow(
  entries: readonly Entry[],
  folder: string,
): readonly { readonly name: string; readonly sha: string }[] {
  const prefix = plainFolder(folder)
  const below = entries.filter(({ path, type }) => type !== 'tree' && (prefix === '' || path.startsWith(`${prefix}/`)))
  if (below.length === 0)
    throw new ReleaseError('tree_unusable', `There is nothing in the folder ${folder} of the repository`)
  if (below.length > FILES_MAX) throw new ReleaseError('too_large', `The policies have more than ${FILES_MAX} files`)
  let bytes = 0
  const names = new Set<string>()
  const files: { readonly name: string; readonly sha: string }[] = []
  for (const { path, mode, sha, size } of below) {
    const name = prefix === '' ? path : path.slice(prefix.length + 1)
    // Beside the policies a repository may have .github and the like: not looked at, and not written anywhere.
    if (name.split('/').some((part) => part.startsWith('.') && part !== '.' && part !== '..')) continue
    if (!PLAIN.has(mode)) throw new ReleaseError('tree_unusable', `${path} is no plain file`)
    if (!name.split('/').every((part) => NAME.test(part)))
      throw new ReleaseError(
        'tree_unusable',
        `${path} is no name for a file of policies: letters, digits, dots and dashes`,
      )
    if (names.has(name.toLowerCase()))
      throw new ReleaseError('tree_unusable', `${path} differs from another file in case only`)
    names.add(name.toLowerCase())
    bytes += size ?? 0
    if ((size ?? 0) > FILE_BYTES_MAX || bytes > ALL_BYTES_MAX)
      throw new ReleaseError('too_large', `${path} makes the policies larger than they may be`)
    files.push({ name, sha })
  }
  return files
}

async function fetchBlob(client: GitHubClient, at: Omit<Repository, 'id'>, sha: string): Promise<Buffer> {
  const { content } = await client.ask(`GET ${REPO}/git/blobs/{file_sha}`, { ...at, file_sha: sha }, blob)
  const bytes = Buffer.from(content, 'base64')
  if (bytes.length > FILE_BYTES_MAX)
    throw new ReleaseError('too_large', 'A file of the policies is larger than it may be')
  if (gitName(bytes, sha.length) !== sha)
    throw new ReleaseError('github_nonsense', 'GitHub answered with another file than was asked for')
  return bytes
}

/** https://git-scm.com/book/en/v2/Git-Internals-Git-Objects; repositories with SHA-256 have the longer names. */
export function gitName(bytes: Buffer, length: number): string {
  return createHash(length === 64 ? 'sha256' : 'sha1')
    .update(`blob ${bytes.length}\0`)
    .update(bytes)
    .digest('hex')
}
