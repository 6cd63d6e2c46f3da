import { randomUUID } from 'node:crypto'
import type pg from 'pg'
import type { Config } from '../../config.ts'
import { GenerationalCache } from '../../generational-cache.ts'
import type { Log } from '../../log.ts'
import type { Toolchain } from '../../policies/compile.ts'
import { ReleaseError } from './errors.ts'
import { endFailure, keepFailure } from './failing.ts'
import { createGitHubClient, type GitHubConfig } from './github/client.ts'
import { giveUpLease, leaseBranch } from './lease.ts'
import { HINT_CHANNEL, listenForReleases } from './listen.ts'
import { type BranchLook, lookAtBranch } from './look-at-branch.ts'
import { deliverReleaseNotices, type ReleaseAnnouncer } from './notices.ts'
import { endPin } from './pins.ts'

/**
 * Follows the branch for as long as a worker runs. It looks every `pollMs`, at once after a hint, and not before the
 * time that GitHub gave when a limit is used up. Of several workers one follows, by a lease in the state database.
 */
export interface FollowerOptions {
  readonly config: Pick<Config, 'releases' | 'console'>
  readonly pool: pg.Pool
  readonly tools: Toolchain
  readonly announcers: readonly ReleaseAnnouncer[]
  readonly log: Pick<Log, 'info' | 'warn' | 'error'>
  readonly now: () => number
  /** What else is done in every round, as answering pull requests. */
  readonly also?: readonly ((look: BranchLook) => Promise<void>)[]
  readonly retries?: number
}

export interface Follower {
  /** One round now, whoever has the lease. */
  round(anew?: boolean): Promise<void>
  close(): Promise<void>
}

const RECHECK_MS = 10 * 60_000
const BLOB_BYTES_MAX = 32 * 1024 * 1024
/** Hints come in bursts, and a forged one costs no more than one of these. */
const HINT_MS_MIN = 2_000
const NOTICES_MS = 2_000

/** @throws ReleaseError not_configured */
export function startFollower(options: FollowerOptions): Follower {
  const follower = new BranchFollower(options)
  follower.start()
  return follower
}

class BranchFollower implements Follower {
  readonly #options: FollowerOptions
  readonly #config: GitHubConfig
  readonly #look: BranchLook
  readonly #id = randomUUID()
  readonly #ending: (() => Promise<unknown>)[] = []
  #running: Promise<void> = Promise.resolve()
  #alsoRunning: Promise<void> | null = null
  #timer: NodeJS.Timeout | undefined
  /** When the next round is due. */
  #due: number | null = null
  #notBefore = 0
  #lookedAt = 0
  #recheckedAt = 0
  #closed = false

  constructor(options: FollowerOptions) {
    const { config, now, pool, tools } = options
    this.#options = options
    this.#config = config.releases.github
    const client = createGitHubClient({
      config: this.#config,
      now,
      ...(options.retries === undefined ? {} : { retries: options.retries }),
    })
    const { publicUrl, host, port } = config.console
    const console = publicUrl ?? `http://${host}:${port}`
    this.#look = {
      pool,
      client,
      config: this.#config,
      tools,
      blobs: new GenerationalCache(BLOB_BYTES_MAX),
      now,
      releaseUrl: (commit) => `${console}/releases/${commit}`,
    }
  }

  start(): void {
    const { pool, log } = this.#options
    const listening = listenForReleases(pool, HINT_CHANNEL, () => this.#schedule(HINT_MS_MIN), log)
    const notices = setInterval(() => void this.#deliver(), NOTICES_MS)
    this.#ending.push(
      () => listening.close(),
      async () => clearInterval(notices),
    )
  }

  async round(anew = true): Promise<void> {
    await this.#branch(anew)
    await this.#others()
  }

  #branch(anew: boolean): Promise<void> {
    this.#running = this.#running.then(() => this.#round(anew))
    return this.#running
  }

  /** Beside the branch and never before it: answering pull requests may take long, and anybody can open one. */
  #others(): Promise<void> {
    const { also = [], log } = this.#options
    this.#alsoRunning ??= (async () => {
      for (const work of also) await work(this.#look)
    })()
      .catch((err: unknown) => {
        if (err instanceof ReleaseError && err.retryAt !== null) this.#notBefore = err.retryAt
        log.warn({ err }, 'pull requests of the policies could not be answered; the next round tries again')
      })
      .finally(() => {
        this.#alsoRunning = null
      })
    return this.#alsoRunning
  }

  async close(): Promise<void> {
    this.#closed = true
    clearTimeout(this.#timer)
    await Promise.all(this.#ending.map((end) => end()))
    await this.#running
    await this.#alsoRunning
    const { pool } = this.#options
    await giveUpLease(pool, this.#id).catch(() => undefined)
  }

  /** Sooner than planned, but never sooner than GitHub allows, nor more often than hints are worth. */
  #schedule(inMs: number): void {
    if (this.#closed) return
    const now = this.#options.now()
    const wanted = this.#lookedAt === 0 ? now : Math.min(now + inMs, this.#lookedAt + this.#config.pollMs)
    const at = Math.max(wanted, this.#notBefore)
    // What was heard while a round ran is not forgotten by the end of that round.
    if (this.#due !== null && this.#due <= at) return
    this.#due = at
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => void this.#leasedRound(), Math.max(0, at - now))
    this.#timer.unref()
  }

  async #leasedRound(): Promise<void> {
    this.#due = null
    const leased = await leaseBranch(this.#options.pool, this.#id, this.#options.now()).catch(() => false)
    const anew = this.#options.now() - this.#recheckedAt > RECHECK_MS
    if (leased) await this.#branch(anew).then(() => void this.#others())
    else this.#lookedAt = this.#options.now()
    this.#schedule(this.#config.pollMs)
  }

  async #round(anew: boolean): Promise<void> {
    const { log, now } = this.#options
    this.#lookedAt = now()
    if (anew) this.#recheckedAt = now()
    try {
      const outcome = await lookAtBranch(this.#look, anew)
      if (outcome !== 'same') log.info({ outcome, branch: this.#config.branch }, 'the branch of the policies moved')
      await endFailure(this.#options.pool, now())
    } catch (err) {
      await this.#failed(err).catch((error: unknown) => log.error({ err: error }, 'a failure could not be told'))
    }
    await this.#deliver()
  }

  async #failed(err: unknown): Promise<void> {
    const { log, now, pool } = this.#options
    if (err instanceof ReleaseError && err.retryAt !== null) this.#notBefore = err.retryAt
    log.warn({ err }, 'the branch of the policies could not be looked at; the release in force stays')
    await keepFailure(pool, err, now())
  }

  /** Pins end by the clock, and notices are delivered, whoever has the lease. */
  async #deliver(): Promise<void> {
    const { pool, announcers, now, log } = this.#options
    await endPin(pool, new Date(now()), null).catch((err: unknown) => log.warn({ err }, 'a pin could not be ended'))
    if (announcers.length === 0) return
    await deliverReleaseNotices({ pool, announcers, now, log }).catch((err: unknown) =>
      log.warn({ err }, 'notices of releases could not be delivered'),
    )
  }
}
