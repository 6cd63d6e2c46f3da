import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { temporaryFolder } from '../../harness/holdpoint.ts'
import { programPath } from '../../harness/machine.ts'

/** PostgreSQL's own regression files, by their names without .sql; null and why where the machine cannot get them. */
export type RegressionFiles =
  | { readonly files: ReadonlyMap<string, string>; readonly sha256: string }
  | { readonly files: null; readonly reason: string }

const PACKAGE = 'postgresql-15'
const DEBIAN = 'http://deb.debian.org/debian'
const KEYS = '/usr/share/keyrings/debian-archive-keyring.gpg'
const folder = join(homedir(), '.cache/holdpoint', `${PACKAGE}-regression`)

/**
 * They are Debian's, fetched through apt with folders of its own, so that neither root nor a line in the machine's
 * sources is needed; kept in the cache for the next run. They are PostgreSQL's and no part of this repository.
 */
export async function regressionFiles(): Promise<RegressionFiles> {
  try {
    if (!existsSync(folder)) await fetchSource()
  } catch (error) {
    return { files: null, reason: error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error) }
  }
  const names = readdirSync(folder).sort()
  const files = new Map(names.map((name) => [name.slice(0, -4), readFileSync(join(folder, name), 'utf8')]))
  const hash = createHash('sha256')
  for (const [name, text] of files) hash.update(`${name} ${text.length} ${text}`)
  return { files, sha256: hash.digest('hex') }
}

const FETCH_MS_MAX = 90_000

async function fetchSource(): Promise<void> {
  const missing = ['apt-get', 'tar', 'bzip2'].find((program) => programPath(program) === null)
  if (missing !== undefined) throw new Error(`there is no ${missing}`)
  if (!existsSync(KEYS)) throw new Error("there are no keys of Debian's archive")
  const work = temporaryFolder()
  try {
    for (const each of ['lists/partial', 'archives/partial', 'sources'])
      mkdirSync(join(work, each), { recursive: true })
    const source = ['Types: deb-src', `URIs: ${DEBIAN}`, 'Suites: bookworm', 'Components: main', `Signed-By: ${KEYS}`]
    writeFileSync(join(work, 'sources/debian.sources'), `${source.join('\n')}\n`)
    await apt(work, 'update')
    await apt(work, 'source', '--download-only', PACKAGE)
    await unpack(work)
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
}

function apt(work: string, ...words: readonly string[]): Promise<unknown> {
  const settings = [
    'Dir::Etc::sourcelist=/dev/null',
    `Dir::Etc::sourceparts=${join(work, 'sources')}`,
    `Dir::State::lists=${join(work, 'lists')}`,
    `Dir::Cache=${work}`,
    'APT::Sandbox::User=',
    'Acquire::Retries=0',
    'Acquire::http::Timeout=10',
  ].flatMap((setting) => ['-o', setting])
  return promisify(execFile)('apt-get', [...settings, ...words], { cwd: work, timeout: FETCH_MS_MAX })
}

async function unpack(work: string): Promise<void> {
  const archive = readdirSync(work).find((name) => name.endsWith('.orig.tar.bz2'))
  if (archive === undefined) throw new Error(`there is no source of ${PACKAGE}`)
  const found = ['--wildcards', '*/src/test/regress/sql/*.sql', '--strip-components=5']
  mkdirSync(join(work, 'files'))
  await promisify(execFile)('tar', ['-xjf', archive, '-C', 'files', ...found], { cwd: work, timeout: FETCH_MS_MAX })
  mkdirSync(join(folder, '..'), { recursive: true })
  renameSync(join(work, 'files'), folder)
}
