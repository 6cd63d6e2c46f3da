import type pg from 'pg'
import { forgetLooks } from '../holds/example-looks.ts'
import { forgetExamples } from '../holds/examples.ts'
import { type DeadlineRow, deadlinesOf } from '../holds/jobs.ts'
import { NEXT_TELLING } from '../holds/review.ts'
import { revive } from '../outbox/notice.ts'
import { rowsOf } from '../state/transaction.ts'
import type { Queues } from './queues.ts'

/**
 * Jobs come from rows, not the other way round: whatever the queue lost, or nobody lived to put there, is made again
 * from what is open. Making a job that is there already changes nothing.
 */
export interface ReconcileOptions {
  readonly pool: pg.Pool
  readonly queues: Pick<Queues, 'scheduleExpiry' | 'announce'>
  readonly now: () => number
  /** Only what is due within this time needs a job now: a later round comes before the rest is due. */
  readonly withinMs: number
  /** Deliveries whose notices are tried again some time after they were given up. */
  readonly revived?: readonly string[]
}

const BATCH = 500
/** Notices that are announced in one round for each delivery. Who delivers one looks for the next. */
const ANNOUNCED_MAX = 20
/** What a fresh change may take to make its own jobs. */
const GRACE_MS = 5_000
/** Delivered notices are of no use after this. */
const SENT_KEPT_MS = 7 * 24 * 60 * 60_000

/** @returns how many rows were found to need a job */
export async function reconcile(
  options: ReconcileOptions,
): Promise<{ readonly holds: number; readonly notices: number }> {
  const { pool, now } = options
  const holds = await scheduleOpenHolds(options)
  await revive(pool, options.revived ?? [], new Date(now()))
  const notices = await announceUnsent(options)
  await forgetExamples(pool, new Date(now()))
  await forgetLooks(pool, new Date(now()))
  await rowsOf(pool, 'DELETE FROM outbox WHERE sent_at < $1', [new Date(now() - SENT_KEPT_MS)])
  return { holds, notices }
}

async function scheduleOpenHolds({ pool, queues, now, withinMs }: ReconcileOptions): Promise<number> {
  const at = now()
  const rows = await rowsOf<DeadlineRow>(
    pool,
    `SELECT id, status, expires_at, grant_expires_at, remind_at, reminded_at, escalate_at, escalated_at FROM hold
     WHERE status IN ('pending', 'approved') AND (coalesce(grant_expires_at, expires_at) <= $1
       OR remind_at <= $1 AND reminded_at IS NULL OR escalate_at <= $1 AND escalated_at IS NULL)`,
    [new Date(Math.min(at + withinMs, MAX_DATE_MS))],
  )
  const reviews = await rowsOf<{ hold: string; due: Date }>(
    pool,
    `SELECT hold, ${NEXT_TELLING} AS due FROM broken_glass WHERE verdict IS NULL AND ${NEXT_TELLING} <= $1`,
    [new Date(Math.min(at + withinMs, MAX_DATE_MS))],
  )
  const deadlines = [
    ...rows.flatMap((row) => deadlinesOf(row, at)).filter(({ inMs }) => inMs <= withinMs),
    ...reviews.map(({ hold, due }) => ({ hold, of: 'review' as const, inMs: due.getTime() - at })),
  ]
  for (const batch of batchesOf(deadlines)) await queues.scheduleExpiry(batch)
  return rows.length
}

async function announceUnsent({ pool, queues, now }: ReconcileOptions): Promise<number> {
  const at = now()
  const rows = await rowsOf<{ id: string }>(
    pool,
    `SELECT due.id FROM delivery CROSS JOIN LATERAL (
       SELECT id FROM outbox
       WHERE delivery = delivery.name AND sent_at IS NULL AND given_up_at IS NULL AND next_attempt_at <= $1
         AND (leased_until IS NULL OR leased_until <= $2) ORDER BY id LIMIT ${ANNOUNCED_MAX}) AS due
     WHERE delivery.active ORDER BY due.id`,
    [new Date(at - GRACE_MS), new Date(at)],
  )
  await queues.announce(rows.map(({ id }) => ({ notice: id, inMs: 0 })))
  return rows.length
}

/** The last year that PostgreSQL and JavaScript both read without ado. */
const MAX_DATE_MS = Date.UTC(9999, 0)

function* batchesOf<T>(all: readonly T[]): Generator<readonly T[]> {
  for (let start = 0; start < all.length; start += BATCH) yield all.slice(start, start + BATCH)
}
