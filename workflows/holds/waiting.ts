import type pg from 'pg'
import type { Log } from '../../log.ts'
import { rowsOf } from '../state/transaction.ts'
import { HoldError } from './errors.ts'
import type { Hold } from './hold.ts'
import { holdsAtOnce } from './row.ts'
import { READ, type Read, STAMP } from './waited-rows.ts'
import type { Wake } from './wake.ts'

/** How often rows are read although nobody said that they changed: a wake-up that is lost is made up for within this. */
const POLL_MS = 2_000
/** The same while nobody listens, as between the end of the listening connection and the next one. */
const DEAF_POLL_MS = 100
/** So many polls for one word that somebody waits. */
const STAMP_EVERY = 3
/** Rows read by one query. */
const BATCH = 1_000
/** Expiry is the jobs' work; what is done for them here must not keep others from their answer. */
const EXPIRED_AT_ONCE = 20
/** So long may polls fail in a row, in polls, before those who wait are told that the state database is gone. */
const FAILED_POLLS_MAX = 15

export interface WaitingOptions {
  readonly pool: pg.Pool
  readonly wakes: readonly Wake[]
  readonly now: () => number
  /** Moves a hold whose time is up, in case its job has not. */
  readonly expire: (id: string) => Promise<void>
  readonly log: Pick<Log, 'warn'>
  readonly pollMs?: number
}

/** Often enough that one lost round, or several, are not taken for nobody waiting. */
export function pollMsFor(abandonedAfterMs: number): number {
  return Math.min(POLL_MS, abandonedAfterMs / 15)
}

interface Waiter {
  readonly resolve: (hold: Hold) => void
  readonly reject: (cause: unknown) => void
}

/**
 * Everyone in this process who waits for a hold. Ids that may have moved are collected while a query is under way and
 * read together by the next one: a thousand waiting clients cost one connection and a query every few seconds.
 */
export class Waiting implements AsyncDisposable {
  readonly #options: WaitingOptions
  readonly #waiters = new Map<string, Set<Waiter>>()
  readonly #dirty = new Set<string>()
  #stamping: Promise<void> | null = null
  #expiring: Promise<void> | null = null
  readonly #polls: NodeJS.Timeout[] = []
  #reading = false
  #failingSince: number | null = null

  constructor(options: WaitingOptions) {
    this.#options = options
  }

  settled(id: string, signal: AbortSignal): Promise<Hold> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason)
      const onAbort = (): void => {
        this.#forget(id, waiter)
        reject(signal.reason)
      }
      const leave = (): void => signal.removeEventListener('abort', onAbort)
      const waiter: Waiter = {
        resolve(hold) {
          leave()
          resolve(hold)
        },
        reject(cause) {
          leave()
          reject(cause)
        },
      }
      signal.addEventListener('abort', onAbort, { once: true })
      this.#remember(id, waiter)
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const poll of this.#polls) clearInterval(poll)
    this.#rejectAll(new HoldError('shutting_down', 'Holdpoint is shutting down'))
    await Promise.all([this.#stamping, this.#expiring])
    await Promise.all(this.#options.wakes.map((wake) => wake.close()))
  }

  #remember(id: string, waiter: Waiter): void {
    this.#start()
    const waiters = this.#waiters.get(id)
    if (waiters === undefined) this.#waiters.set(id, new Set([waiter]))
    else waiters.add(waiter)
    this.#look(id)
  }

  #forget(id: string, waiter: Waiter): void {
    const waiters = this.#waiters.get(id)
    if (waiters?.delete(waiter) && waiters.size === 0) this.#waiters.delete(id)
  }

  /** A process that never waits never listens. */
  #start(): void {
    if (this.#polls.length > 0) return
    const { wakes, pollMs = POLL_MS } = this.#options
    const poll = (): void => {
      this.#look(null)
      this.#stamp([...this.#waiters.keys()])
    }
    const deaf = (): boolean => !wakes.some(({ listens }) => listens)
    this.#polls.push(setInterval(poll, pollMs))
    this.#polls.push(setInterval(() => deaf() && this.#look(null), Math.min(DEAF_POLL_MS, pollMs)))
    for (const wake of wakes) wake.listen((hold) => this.#look(hold))
  }

  #look(id: string | null): void {
    if (id === null) for (const waiting of this.#waiters.keys()) this.#dirty.add(waiting)
    else if (this.#waiters.has(id)) this.#dirty.add(id)
    if (!this.#reading && this.#dirty.size > 0) void this.#read()
  }

  async #read(): Promise<void> {
    this.#reading = true
    try {
      while (this.#dirty.size > 0) {
        const ids = [...this.#dirty].slice(0, BATCH)
        for (const id of ids) this.#dirty.delete(id)
        await this.#readBatch(ids)
      }
      this.#failingSince = null
    } catch (cause) {
      this.#dirty.clear() // the next poll looks at all of them
      this.#fail(cause)
    } finally {
      this.#reading = false
    }
  }

  async #readBatch(ids: readonly string[]): Promise<void> {
    const { pool, now, pollMs = POLL_MS } = this.#options
    // Who comes while it is read may have seen a later change, and is read for anew.
    const waiting = new Map(ids.map((id) => [id, [...(this.#waiters.get(id) ?? [])]]))
    const rows = await rowsOf<Read>(pool, READ, [ids, new Date(now()), 2 * STAMP_EVERY * pollMs])
    const moved = rows.filter((row) => row.id !== null)
    for (const hold of await holdsAtOnce(pool, moved)) this.#settle(hold, waiting.get(hold.id) ?? [])
    const known = new Set(rows.map(({ asked }) => asked))
    for (const id of ids) if (!known.has(id)) this.#reject(id, new HoldError('not_found', 'There is no such hold'))
    this.#expire(rows.filter(({ due }) => due).map(({ asked }) => asked))
  }

  /** Nobody's answer stands behind it; what is more is found again by the next poll. */
  #expire(ids: readonly string[]): void {
    if (this.#expiring !== null || ids.length === 0) return
    const { expire, log } = this.#options
    const expired = (async () => {
      for (const id of ids.slice(0, EXPIRED_AT_ONCE)) {
        await expire(id)
        this.#look(id) // read again as what it has become
      }
    })().catch((err: unknown) => log.warn({ err }, 'what has run out could not be ended'))
    this.#expiring = expired.finally(() => {
      this.#expiring = null
    })
  }

  /** What is missed while another one is under way is said at the next poll. */
  #stamp(ids: readonly string[]): void {
    if (this.#stamping !== null || ids.length === 0) return
    const { pool, pollMs = POLL_MS, log } = this.#options
    const stamped = rowsOf(pool, STAMP, [ids, STAMP_EVERY * pollMs]).then(
      () => undefined,
      (err: unknown) => log.warn({ err }, 'it could not be said that clients still wait'),
    )
    this.#stamping = stamped.finally(() => {
      this.#stamping = null
    })
  }

  #settle(hold: Hold, waiters: readonly Waiter[]): void {
    for (const waiter of waiters) {
      this.#forget(hold.id, waiter)
      waiter.resolve(hold)
    }
  }

  #take(id: string): Iterable<Waiter> {
    const waiters = this.#waiters.get(id) ?? []
    this.#waiters.delete(id)
    return waiters
  }

  #reject(id: string, cause: unknown): void {
    for (const { reject } of this.#take(id)) reject(cause)
  }

  #rejectAll(cause: unknown): void {
    for (const id of [...this.#waiters.keys()]) this.#reject(id, cause)
  }

  #fail(cause: unknown): void {
    const { log, pollMs = POLL_MS } = this.#options
    if (this.#failingSince === null) log.warn({ err: cause }, 'holds that clients wait for could not be read')
    this.#failingSince ??= performance.now()
    if (performance.now() - this.#failingSince >= FAILED_POLLS_MAX * pollMs) this.#rejectAll(cause)
  }
}
