import type pg from 'pg'
import type { Log } from '../../log.ts'
import { rowsOf } from '../state/transaction.ts'
import { HoldError } from './errors.ts'
import type { Hold } from './hold.ts'
import { HOLD_COLUMNS, type HoldRow, holdsOf } from './row.ts'
import type { Wake } from './wake.ts'

/** How often rows are read although nobody said that they changed. */
const POLL_MS = 2_000
/** So many polls for one word that somebody waits. */
const STAMP_EVERY = 3
/** Rows read by one query. */
const BATCH = 1_000
/** Expiry is the jobs' work; what is done for them here must not keep others from their answer. */
const EXPIRED_AT_ONCE = 20
/** Polls that may fail in a row before those who wait are told that the state database is gone. */
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

/** There may be thousands, every few seconds: of what still waits nothing is read but that. */
interface Read {
  readonly id: string
  readonly moved: boolean
  readonly due: boolean
}

const READ = `
  SELECT id, status <> 'pending' AS moved, status = 'pending' AND expires_at <= $2 AS due FROM hold WHERE id = ANY($1)`

/**
 * Says, too, that somebody still waits: unwaited.ts ends what nobody has said that of for long. Beside the looks and
 * not in them, for it is a write, which nobody should wait for between an approval and its run.
 */
const STAMP = `
  UPDATE hold_waited SET waited_at = clock_timestamp()
  WHERE hold = ANY($1) AND waited_at < clock_timestamp() - make_interval(secs => $2::float8 / 1000)`

/** Unless one is overdue: what was approved is waited for until it has run. */
const MOVED = `WITH stamped AS (${STAMP}) SELECT ${HOLD_COLUMNS} FROM hold WHERE id = ANY($1)`

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
  #poll: NodeJS.Timeout | undefined
  #reading = false
  #failures = 0

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
    clearInterval(this.#poll)
    this.#rejectAll(new HoldError('shutting_down', 'Holdpoint is shutting down'))
    await this.#stamping
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
    if (this.#poll !== undefined) return
    const poll = (): void => {
      this.#look(null)
      this.#stamp([...this.#waiters.keys()])
    }
    this.#poll = setInterval(poll, this.#options.pollMs ?? POLL_MS)
    for (const wake of this.#options.wakes) wake.listen((hold) => this.#look(hold))
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
      this.#failures = 0
    } catch (cause) {
      this.#dirty.clear() // the next poll looks at all of them
      this.#fail(cause)
    } finally {
      this.#reading = false
    }
  }

  async #readBatch(ids: readonly string[]): Promise<void> {
    const { pool, now, expire, pollMs = POLL_MS } = this.#options
    const rows = await rowsOf<Read>(pool, READ, [ids, new Date(now())])
    const moved = rows.filter((row) => row.moved).map(({ id }) => id)
    const settled = moved.length === 0 ? [] : await rowsOf<HoldRow>(pool, MOVED, [moved, 2 * STAMP_EVERY * pollMs])
    for (const hold of await holdsOf(pool, settled)) for (const { resolve } of this.#take(hold.id)) resolve(hold)
    const known = new Set(rows.map(({ id }) => id))
    for (const id of ids) if (!known.has(id)) this.#reject(id, new HoldError('not_found', 'There is no such hold'))
    const due = rows.filter((row) => row.due)
    for (const { id } of due.slice(0, EXPIRED_AT_ONCE)) {
      await expire(id)
      this.#dirty.add(id) // read again as what it has become
    }
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
    this.#failures++
    this.#options.log.warn({ err: cause }, 'holds that clients wait for could not be read')
    if (this.#failures >= FAILED_POLLS_MAX) this.#rejectAll(cause)
  }
}
