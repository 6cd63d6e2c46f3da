import { setTimeout as sleep } from 'node:timers/promises'
import type { Pool } from 'pg'
import type { Log } from '../../log.ts'
import { TrailError } from './errors.ts'
import { listJournals } from './journal-files.ts'
import type { Journal } from './journal-writer.ts'
import { drainTrailOutbox } from './outbox.ts'
import { JournalShipping } from './ship-journal.ts'

/**
 * Keeps the state database's copy of every journal in the folder up to date, and moves the database's own events into
 * this process's journal. It deletes nothing: while the database is away the files grow, and are shipped afterwards.
 */
export interface ShipperOptions {
  /** The trail's folder, `<data>/trail`. */
  readonly folder: string
  readonly pool: Pool
  readonly log: Pick<Log, 'info' | 'warn' | 'error'>
  /** Where the events of trail_outbox go; left out: they are not moved by this process. */
  readonly trail?: Journal | undefined
  readonly lastPassMsMax?: number
}

const INTERVAL_MS = 200
const BACK_OFF_MS_MAX = 30_000
/** Shipping is never urgent: after a batch it rests as long as the batch took, so that statements come first. */
const REST_MS_MAX = 1_000
/** What is not shipped by then is in files, and the next start goes on with it. */
const LAST_PASS_MS_MAX = 2_000

export function startShipper(options: ShipperOptions): Shipper {
  const shipper = new Shipper(options)
  shipper.start()
  return shipper
}

export class Shipper {
  readonly #options: ShipperOptions
  readonly #journals = new Map<string, JournalShipping>()
  /** Journals that do not continue what was shipped; said once, and left to people. */
  readonly #refused = new Set<string>()
  readonly #written = new Set<string>()
  readonly #stop = new AbortController()
  #running: Promise<void> = Promise.resolve()
  /** Everything that processes before this one wrote is in the database, so that its event ids are known. */
  #caughtUp = false
  #failures = 0
  /** When the last pass is given up; by the monotonic clock. */
  #until = Number.POSITIVE_INFINITY

  /** Use startShipper; without `start`, only `pass` ships. */
  constructor(options: ShipperOptions) {
    this.#options = options
  }

  start(): void {
    this.#running = this.#run()
  }

  /** Ends after a last pass, so that little waits for the next start if the database is there; of a backlog a part. */
  async close(): Promise<void> {
    this.#until = performance.now() + (this.#options.lastPassMsMax ?? LAST_PASS_MS_MAX)
    this.#stop.abort()
    await this.#running
    await this.pass().catch(() => undefined)
  }

  /** Ships all that is written, moves what the outbox has, and ships that. Rejects when the database is away. */
  async pass(): Promise<void> {
    await this.#shipAll()
    const { pool, trail } = this.#options
    if (trail === undefined || !this.#caughtUp) return
    while (!this.#late && (await drainTrailOutbox({ pool, trail, written: this.#written })) > 0) await this.#shipAll()
  }

  async #run(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      const pauseMs = await this.pass().then(
        () => this.#succeeded(),
        (error: unknown) => this.#failed(error),
      )
      await this.#rest(pauseMs)
    }
  }

  async #shipAll(): Promise<void> {
    for (const journal of listJournals(this.#options.folder).keys())
      if (!this.#refused.has(journal)) await this.#shipJournal(journal)
    if (this.#refused.size === 0) this.#caughtUp = true
  }

  async #shipJournal(journal: string): Promise<void> {
    const shipping = this.#shipping(journal)
    try {
      for (;;) {
        const start = performance.now()
        if (this.#late || (await shipping.shipSome()) === 0) return
        if (!this.#stop.signal.aborted) await this.#rest(Math.min(performance.now() - start, REST_MS_MAX))
      }
    } catch (error) {
      if (!(error instanceof TrailError) || error.code !== 'shipping_refused') throw error
      this.#refused.add(journal)
      this.#options.log.error({ journal, err: error }, 'the trail is not shipped any further: it is damaged')
    }
  }

  get #late(): boolean {
    return performance.now() > this.#until
  }

  #shipping(journal: string): JournalShipping {
    let shipping = this.#journals.get(journal)
    if (shipping === undefined) {
      shipping = new JournalShipping(this.#options.folder, journal, this.#options.pool)
      this.#journals.set(journal, shipping)
    }
    return shipping
  }

  #succeeded(): number {
    if (this.#failures > 0) this.#options.log.info({}, 'the trail is shipped again')
    this.#failures = 0
    return INTERVAL_MS
  }

  #failed(error: unknown): number {
    if (this.#failures === 0)
      this.#options.log.warn({ err: error }, 'the trail cannot be shipped now; it is kept in files')
    this.#failures++
    return Math.min(INTERVAL_MS * 2 ** this.#failures, BACK_OFF_MS_MAX)
  }

  async #rest(milliseconds: number): Promise<void> {
    // The only reason to reject is the signal, which the caller looks at.
    await sleep(milliseconds, undefined, { signal: this.#stop.signal }).catch(() => undefined)
  }
}
