import { join } from 'node:path'
import type pg from 'pg'
import type { Config } from '../config.ts'
import type { Log } from '../log.ts'
import { compilePolicies } from '../policies/compile.ts'
import { PolicyError } from '../policies/errors.ts'
import { loadPolicy, type Policy } from '../policies/evaluate.ts'
import { type LabelRules, labelsIn } from '../policies/labels.ts'
import { listenForReleases, RELEASE_CHANNEL } from '../workflows/releases/listen.ts'
import { loadRelease } from '../workflows/releases/load-release.ts'
import { packageOf, releaseInForce } from '../workflows/releases/store.ts'
import { usesReleases } from '../workflows/releases/uses-releases.ts'

/**
 * The policy that this process judges by, and where it came from. A newer release is loaded and warmed beside the one
 * that is in force and takes its place between two statements; what was judged before finishes as it was judged.
 */
export interface ActivePolicy {
  readonly policy: Policy
  readonly labels: LabelRules
  /** Labels are the same as long as this is. */
  readonly labelsKey: string
  /** For the trail: a folder, or `github:owner/name@commit`. */
  readonly source: string
  readonly reviewed: boolean
}

export interface ActivePolicies extends AsyncDisposable {
  /** null: there is no release yet that could be in force, and nothing runs. */
  readonly now: ActivePolicy | null
  /** Called at every swap, in the same turn of the event loop as the swap itself. */
  onSwap(listener: (active: ActivePolicy) => void): void
}

export interface ActivePoliciesOptions {
  readonly config: Config
  readonly pool: pg.Pool
  readonly opa: () => Promise<string>
  readonly log: Log
  readonly now: () => number
  /** How often it looks for itself: NOTIFY may be lost, and a pin may run out. */
  readonly pollMs?: number
}

const POLL_MS = 5_000

/** @throws PolicyError when the local policies cannot be compiled; StateError when no release can be asked for */
export async function openActivePolicies(options: ActivePoliciesOptions): Promise<ActivePolicies> {
  if (!usesReleases(options.config)) return localPolicies(options)
  const released = new ReleasedPolicies(options)
  await released.start()
  return released
}

/** Files of this machine, which nobody reviewed: for development, and for whoever has no repository yet. */
async function localPolicies({ config, opa, log }: ActivePoliciesOptions): Promise<ActivePolicies> {
  const { path } = config.policies
  const progress = (line: string): void => log.info(line)
  const compiled = await compilePolicies({ path, opa, cacheFolder: join(config.data, 'cache'), progress })
  const policy = await loadPolicy(compiled, { reviewed: false })
  const now = { policy, labels: labelsIn(compiled), labelsKey: '', source: path, reviewed: false }
  return { now, onSwap: () => undefined, [Symbol.asyncDispose]: async () => undefined }
}

class ReleasedPolicies implements ActivePolicies {
  readonly #options: ActivePoliciesOptions
  readonly #listeners: ((active: ActivePolicy) => void)[] = []
  #now: (ActivePolicy & { readonly commit: string }) | null = null
  #looking: Promise<void> = Promise.resolve()
  #again = false
  #stop: () => Promise<void> = async () => undefined

  constructor(options: ActivePoliciesOptions) {
    this.#options = options
  }

  get now(): ActivePolicy | null {
    return this.#now
  }

  onSwap(listener: (active: ActivePolicy) => void): void {
    this.#listeners.push(listener)
  }

  async start(): Promise<void> {
    const { pool, log, pollMs = POLL_MS } = this.#options
    await this.#load()
    if (this.#now === null)
      log.warn('no release of the policies has been verified yet: every statement is denied until one is')
    const listening = listenForReleases(pool, RELEASE_CHANNEL, () => this.#look(), log)
    const timer = setInterval(() => this.#look(), pollMs)
    timer.unref()
    this.#stop = async () => {
      clearInterval(timer)
      await listening.close()
    }
  }

  /** One look at a time; what is said while one goes on is looked for after it. */
  #look(): void {
    if (this.#again) return
    this.#again = true
    this.#looking = this.#looking.then(async () => {
      this.#again = false
      await this.#load().catch((err: unknown) =>
        this.#options.log.error({ err }, 'the release in force cannot be loaded; this process goes on with its own'),
      )
    })
  }

  async #load(): Promise<void> {
    const { pool, now, log } = this.#options
    const release = await releaseInForce(pool, new Date(now()))
    if (release === null || release.commit === this.#now?.commit) return
    const bytes = await packageOf(pool, release.commit)
    if (bytes === null) throw new PolicyError('module_unusable', `The release ${release.commit} has no policy.`)
    const { compiled, policy } = await loadRelease(bytes, release.digest)
    const { repository, commit } = release
    const labelsKey = labelsKeyOf(compiled.data)
    const labels = labelsIn(compiled)
    const next = { policy, labels, labelsKey, source: `github:${repository}@${commit}`, reviewed: true, commit }
    this.#now = next
    for (const listener of this.#listeners) listener(next)
    log.info({ commit, policy: policy.digest }, 'another release of the policies is in force')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stop()
    await this.#looking
  }
}

function labelsKeyOf(data: Buffer): string {
  const { labels, columns, patterns, cleared } = JSON.parse(data.toString('utf8')) as Record<string, unknown>
  return JSON.stringify([labels, columns, patterns, cleared])
}
