import type pg from 'pg'
import { HoldpointError } from '../../errors.ts'
import type { Log } from '../../log.ts'
import { findHold } from '../holds/row.ts'
import { inTransaction, rowsOf } from '../state/transaction.ts'
import type { NoticeDelivery } from './delivery.ts'
import { inTime } from './in-time.ts'
import { type NoticeReason, tellElsewhere, writeTrail } from './outbox.ts'

/** While a delivery is called, nobody else may call it for this hold. It is cut off before that ends. */
const LEASE_MS = 60_000
const CALL_MS_MAX = 30_000
const RETRY_MS_MIN = 1_000
const RETRY_MS_MAX = 60_000
/** However long somebody asks us to wait. */
const RETRY_AFTER_MS_MAX = 60 * 60_000
/** A card nobody could be shown for two days helps no one. */
const GIVE_UP_MS = 48 * 60 * 60_000

interface Notice {
  readonly id: string
  readonly hold: string
  readonly delivery: string
  readonly reason: NoticeReason
  readonly attempts: number
  readonly created_at: Date
}

export interface DeliverOptions {
  readonly pool: pg.Pool
  readonly deliveries: readonly NoticeDelivery[]
  readonly now: () => number
  readonly log: Pick<Log, 'warn' | 'error'>
  /** Another job for the row, later. */
  readonly again: (notice: string, inMs: number) => Promise<void>
  readonly callMsMax?: number
}

/** So many notices of one delivery at a time: one that hangs leaves the workers to the others. */
export const PER_DELIVERY_MAX = 8

/**
 * Delivers the oldest unsent notice of the row's hold and delivery, then the next, until none is due. The hold is the
 * unit, not the row: a card must not go back to an older state because two changes were delivered side by side.
 */
export function createDeliver(options: DeliverOptions): (notice: string) => Promise<void> {
  const running = new Map<string, number>()
  const count = (delivery: string, by: number): void => void running.set(delivery, (running.get(delivery) ?? 0) + by)

  return async (id) => {
    for (;;) {
      const first = await firstUnsent(options, id, running)
      if (first === null) return
      if (first === 'busy') return options.again(id, RETRY_MS_MIN)
      count(first.delivery, 1)
      const delivered = await attempt(options, first).finally(() => count(first.delivery, -1))
      if (!delivered) return
    }
  }
}

/**
 * The first unsent row of the given row's hold and delivery, leased; null when there is none or it is not due yet.
 * `busy`: somebody delivers it, and may be past looking for more, so look again soon rather than leave a row behind.
 */
function firstUnsent(
  { pool, now }: DeliverOptions,
  id: string,
  running: ReadonlyMap<string, number>,
): Promise<Notice | 'busy' | null> {
  const at = new Date(now())
  return inTransaction(pool, async (client) => {
    const [first] = await rowsOf<Notice & { leased_until: Date | null; next_attempt_at: Date }>(client, FIRST_UNSENT, [
      id,
    ])
    if (first === undefined || first.next_attempt_at > at) return null
    if (first.leased_until !== null && first.leased_until > at) return 'busy'
    if ((running.get(first.delivery) ?? 0) >= PER_DELIVERY_MAX) return 'busy'
    await client.query('UPDATE outbox SET leased_until = $2, attempts = attempts + 1 WHERE id = $1', [
      first.id,
      new Date(at.getTime() + LEASE_MS),
    ])
    return { ...first, attempts: first.attempts + 1 }
  })
}

const FIRST_UNSENT = `
  SELECT first.* FROM outbox AS given JOIN outbox AS first USING (hold, delivery)
  WHERE given.id = $1 AND first.sent_at IS NULL AND first.given_up_at IS NULL
  ORDER BY first.id LIMIT 1 FOR UPDATE OF first`

async function attempt(options: DeliverOptions, notice: Notice): Promise<boolean> {
  const delivery = options.deliveries.find(({ name }) => name === notice.delivery)
  try {
    const hold = await findHold(options.pool, notice.hold)
    if (delivery === undefined || hold === null) throw new Error('no such delivery in this process')
    const delivering = delivery.deliver(hold, notice.reason, `${notice.delivery}-${notice.id}`)
    await inTime(delivering, options.callMsMax ?? CALL_MS_MAX, 'the delivery took too long')
  } catch (err) {
    if (isFinal(err) || options.now() - notice.created_at.getTime() > GIVE_UP_MS) return giveUp(options, notice, err)
    await postpone(options, notice, err)
    return false
  }
  await rowsOf(options.pool, 'UPDATE outbox SET sent_at = $2, leased_until = NULL WHERE id = $1', [
    notice.id,
    new Date(options.now()),
  ])
  return true
}

async function postpone(options: DeliverOptions, notice: Notice, err: unknown): Promise<void> {
  const { pool, now, log, again } = options
  const usualMs = Math.min(RETRY_MS_MAX, RETRY_MS_MIN * 2 ** (notice.attempts - 1))
  const inMs = Math.min(RETRY_AFTER_MS_MAX, Math.max(usualMs, retryAfterMs(err)))
  await rowsOf(pool, 'UPDATE outbox SET leased_until = NULL, next_attempt_at = $2 WHERE id = $1', [
    notice.id,
    new Date(now() + inMs),
  ])
  const about = { err, hold: notice.hold, delivery: notice.delivery, attempts: notice.attempts }
  log.warn(about, 'a notice could not be delivered and will be tried again')
  await again(notice.id, inMs)
}

/** @returns true: the next notice of the hold may fare better */
async function giveUp(options: DeliverOptions, notice: Notice, err: unknown): Promise<boolean> {
  const { pool, now, log, again } = options
  const at = new Date(now())
  const { id, hold, delivery, reason, attempts } = notice
  const failure = err instanceof HoldpointError ? err.code : 'failed'
  const others = await inTransaction(pool, async (client) => {
    await client.query('UPDATE outbox SET leased_until = NULL, given_up_at = $2, failure = $3 WHERE id = $1', [
      id,
      at,
      failure,
    ])
    await writeTrail(client, at, 'notice.given_up', { hold, delivery, reason, failure, attempts })
    return reason === 'told_elsewhere' ? [] : tellElsewhere(client, hold, delivery, at)
  })
  log.error({ err, hold, delivery, attempts }, 'a notice was given up')
  for (const other of others) await again(other, 0)
  return true
}

/** Whatever says by its own account that trying again is of no use. */
function isFinal(err: unknown): boolean {
  return err instanceof Error && 'retryable' in err && err.retryable === false
}

function retryAfterMs(err: unknown): number {
  return err instanceof Error && 'retryAfterMs' in err && typeof err.retryAfterMs === 'number' ? err.retryAfterMs : 0
}
