import { accessSync, constants } from 'node:fs'
import { delimiter, join, resolve } from 'node:path'
import { PolicyError } from './errors.ts'
import { oneAtATime } from './one-at-a-time.ts'
import { downloadOpa } from './opa-download.ts'
import { installOpaWithGo } from './opa-go-install.ts'
import { OPA_VERSION, opaBinary } from './opa-release.ts'
import { run } from './run.ts'

/**
 * Finds the pinned OPA, or gets it. In order: the configured one, one on PATH of the pinned version, the cache, the
 * official static binary (its SHA-256 is known here or it is not used), `go install` (Go checks its sums database).
 */
export interface OpaSearch {
  readonly config: { readonly path?: string | undefined; readonly mirror: string }
  /** The environment as the command line has it: PATH, HOME and what Go and proxies need. */
  readonly env: Readonly<Record<string, string | undefined>>
  /** Shared by all data folders of a user: see `opaCacheFolder`. */
  readonly cacheFolder: string
  readonly progress: (line: string) => void
  readonly platform?: string
  readonly architecture?: string
  readonly downloadTimeoutMs?: number
}

const MINUTE_MS = 60_000

/** $XDG_CACHE_HOME/holdpoint, else ~/.cache/holdpoint, else in the data folder. */
export function opaCacheFolder(env: Readonly<Record<string, string | undefined>>, dataFolder: string): string {
  if (env.XDG_CACHE_HOME) return join(env.XDG_CACHE_HOME, 'holdpoint')
  if (env.HOME) return join(env.HOME, '.cache', 'holdpoint')
  return join(dataFolder, 'cache')
}

/**
 * @returns the path of an executable OPA of the pinned version
 * @throws PolicyError opa_unavailable, with everything that was tried and why it failed
 */
export async function ensureOpa(search: OpaSearch): Promise<string> {
  if (search.config.path !== undefined) return configured(search.config.path)
  const tried: string[] = []
  const onPath = await firstOnPath(search, tried)
  if (onPath !== undefined) return onPath
  const cached = join(search.cacheFolder, `opa-${OPA_VERSION}-${platformOf(search)}`)
  if (isExecutable(cached)) return cached
  tried.push(`the cache: ${cached} does not exist`)
  return await withLock(search, async () => {
    if (isExecutable(cached)) return cached // made by another process meanwhile
    await obtain(search, cached, tried)
    return cached
  })
}

/** Whoever names an OPA means that one: falling back to another in silence would be a surprise. */
async function configured(path: string): Promise<string> {
  const problem = await whyNot(path)
  if (problem === null) return resolve(path)
  throw new PolicyError(
    'opa_unavailable',
    `The configured OPA (HOLDPOINT_OPA or opa.path) cannot be used: ${problem}.`,
    {
      hint: `Point it to OPA ${OPA_VERSION}, or leave it out`,
    },
  )
}

async function firstOnPath(search: OpaSearch, tried: string[]): Promise<string | undefined> {
  const folders = (search.env.PATH ?? '').split(delimiter).filter((folder) => folder !== '')
  const found = folders.map((folder) => join(folder, 'opa')).filter(isExecutable)
  for (const path of found) {
    const problem = await whyNot(path)
    if (problem === null) return path
    tried.push(`PATH: ${problem}`)
  }
  if (found.length === 0) tried.push('PATH: there is no opa on it')
  return undefined
}

async function obtain(search: OpaSearch, cached: string, tried: string[]): Promise<void> {
  const ways = [
    { name: 'download', get: () => downloadOpa(search, opaBinary(...platformParts(search)), cached) },
    { name: 'go install', get: () => installOpaWithGo(search, cached) },
  ]
  for (const way of ways) {
    try {
      await way.get()
      const problem = await whyNot(cached)
      if (problem === null) return
      tried.push(`${way.name}: ${problem}`)
    } catch (error) {
      tried.push(`${way.name}: ${error instanceof Error ? error.message : 'failed'}`)
    }
  }
  throw new PolicyError(
    'opa_unavailable',
    `OPA ${OPA_VERSION} compiles the policies, and could not be had:\n  ${tried.join('\n  ')}`,
    { hint: `Install OPA ${OPA_VERSION} and set HOLDPOINT_OPA to it, set HOLDPOINT_OPA_MIRROR, or install Go` },
  )
}

/** Why the file at this path is not the pinned OPA; null: it is. */
async function whyNot(path: string): Promise<string | null> {
  const result = await run(path, ['version'], { timeoutMs: MINUTE_MS }).catch((error: Error) => error)
  if (result instanceof Error) return `${path} does not run`
  const version = /^Version: (\S+)/m.exec(result.stdout)?.[1]
  if (version === OPA_VERSION) return null
  return `${path} is version ${version ?? 'unknown'}, not ${OPA_VERSION}`
}

/** The wait outlasts a build by another process. */
function withLock<T>({ cacheFolder, progress }: OpaSearch, work: () => Promise<T>): Promise<T> {
  const file = join(cacheFolder, 'opa')
  return oneAtATime({ file, waitMsMax: 10 * MINUTE_MS, what: 'OPA', progress }, work)
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

function platformParts(search: OpaSearch): [string, string] {
  return [search.platform ?? process.platform, search.architecture ?? process.arch]
}

function platformOf(search: OpaSearch): string {
  return platformParts(search).join('-')
}
