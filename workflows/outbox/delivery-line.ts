import type pg from 'pg'
import type { Log } from '../../log.ts'
import { findHold } from '../holds/row.ts'
import type { NoticeDelivery } from './delivery.ts'
import { inTime } from './in-time.ts'
import { giveUp, hurry, leaseNext, markSent, type Notice, postpone } from './notice.ts'
import { CALL_MS_MAX, isFinal, isTooOld, retryInMs } from './retry.ts'

export interface LineOptions {
  readonly pool: pg.Pool
  readonly now: () => number
  readonly log: Pick<Log, 'warn' | 'error'>
  /** Another look at the line of this notice, later. */
  readonly again: (notice: string, inMs: number) => Promise<void>
  readonly callMsMax?: number
  /** Nothing new is begun afterwards. */
  readonly signal?: AbortSignal
}

/** So many notices of one delivery at a time: one that hangs leaves the workers to the others. */
export const PER_DELIVERY_MAX = 8

/** An outage that one notice has met so often may be its own: the next one is asked for a while. */
const OUTAGES_OF_ONE = 20

/**
 * What waits for one delivery, in this process. A job only says that there is something: whoever runs takes the oldest
 * that is due, then the next, until none is. So ten thousand jobs are not ten thousand tries.
 *
 *   works ──an outage──▶ rests, longer each time ──▶ one try ──▶ works, or rests again
 *
 * An outage is an error that says so: the way itself is closed, and not only to this notice. While it rests the other notices are left as they are: a Slack that is down is asked once a minute and not once for
 * each card. The oldest is what is tried, so the order they are in is the order in which they go when it is back.
 */
export class DeliveryLine {
  readonly #delivery: NoticeDelivery
  readonly #options: LineOptions
  #running = 0
  #more = false
  #outages = 0
  #restsUntil = 0

  constructor(delivery: NoticeDelivery, options: LineOptions) {
    this.#delivery = delivery
    this.#options = options
  }

  /** Resolves when nothing is due, or enough others are at it. */
  async run(): Promise<void> {
    this.#more = true
    const places = this.#delivery.inOrder === true || this.#outages > 0 ? 1 : PER_DELIVERY_MAX
    if (this.#running >= places) return
    this.#running++
    try {
      while (this.#more) {
        this.#more = false
        while (!this.#rests() && (await this.#next()));
      }
    } finally {
      this.#running--
    }
  }

  #rests(): boolean {
    return this.#options.signal?.aborted === true || this.#options.now() < this.#restsUntil
  }

  async #next(): Promise<boolean> {
    const { pool, now } = this.#options
    const notice = await leaseNext(pool, this.#delivery, new Date(now()))
    if (notice === null) return false
    try {
      await this.#deliver(notice)
    } catch (err) {
      await this.#failed(notice, err)
      return true
    }
    if (this.#outages > 0) await hurry(pool, notice.delivery, new Date(now()))
    this.#outages = 0
    await markSent(pool, notice.upTo, new Date(now()))
    return true
  }

  async #deliver({ hold: id, reason, delivery, id: number }: Notice): Promise<void> {
    const hold = await findHold(this.#options.pool, id)
    if (hold === null) throw new Error('no such hold')
    const delivering = this.#delivery.deliver(hold, reason, `${delivery}-${number}`)
    await inTime(delivering, this.#options.callMsMax ?? CALL_MS_MAX, 'the delivery took too long')
  }

  async #failed(notice: Notice, err: unknown): Promise<void> {
    const { pool, now, log, again } = this.#options
    const { id, hold, delivery, attempts } = notice
    if (isFinal(err) || isTooOld(notice.created_at, now())) {
      const others = await giveUp(pool, notice, err, new Date(now()))
      log.error({ err, hold, delivery, attempts }, 'a notice was given up')
      for (const other of others) await again(other, 0)
      return
    }
    const restMs = isOutage(err) ? retryInMs(++this.#outages, err) : 0
    this.#restsUntil = Math.max(this.#restsUntil, now() + restMs)
    const inMs =
      isOutage(err) && attempts % OUTAGES_OF_ONE > 0 ? restMs : Math.max(restMs * 2, retryInMs(attempts, err))
    await postpone(pool, id, new Date(now() + inMs))
    log.warn({ err, hold, delivery, attempts }, 'a notice could not be delivered and will be tried again')
    for (const ms of new Set([restMs, inMs])) if (ms > 0) await again(id, ms)
  }
}

function isOutage(err: unknown): boolean {
  return err instanceof Error && 'outage' in err && err.outage === true
}
