import type pg from 'pg'
import { HoldpointError } from '../../errors.ts'
import { inTransaction, rowsOf } from '../state/transaction.ts'
import type { NoticeDelivery } from './delivery.ts'
import { type NoticeReason, tellElsewhere, writeTrail } from './outbox.ts'
import { LEASE_MS } from './retry.ts'

/** A row of the outbox that is being delivered. */
export interface Notice {
  readonly id: string
  readonly hold: string
  readonly delivery: string
  readonly reason: NoticeReason
  readonly attempts: number
  readonly created_at: Date
  /** Set once it was given up; then it is tried again, and others have been told already. */
  readonly failure: string | null
  /** Itself, and those of the same hold and delivery that its delivery shows as well: they were there when it was taken. */
  readonly upTo: readonly string[]
}

/**
 * The oldest notice of a delivery that is due, leased; of one that waits for an answer or a review, if there is any. A
 * hold is the unit, not a row: a card must not go back to an older state because two changes were delivered side by side,
 * so what is behind an unsent one of its hold waits.
 */
export function leaseNext(
  pool: pg.Pool,
  { name: delivery, latestOnly }: Pick<NoticeDelivery, 'name' | 'latestOnly'>,
  at: Date,
): Promise<Notice | null> {
  return inTransaction(pool, async (client) => {
    const next = async (sql: string) => (await rowsOf<Omit<Notice, 'upTo'>>(client, sql, [delivery, at]))[0]
    const row = (await next(NEXT_ASKING)) ?? (await next(NEXT))
    if (row === undefined) return null
    const leased = 'UPDATE outbox SET leased_until = $2, attempts = attempts + 1 WHERE id = $1'
    await client.query(leased, [row.id, new Date(at.getTime() + LEASE_MS)])
    const unsent = await rowsOf<{ id: string }>(client, SHOWN_TOO, [row.hold, delivery, latestOnly ?? []])
    return { ...row, attempts: row.attempts + 1, upTo: [row.id, ...unsent.map(({ id }) => id)] }
  })
}

const DUE = `
  delivery = $1 AND sent_at IS NULL AND given_up_at IS NULL AND next_attempt_at <= $2
    AND (leased_until IS NULL OR leased_until <= $2)
    AND NOT EXISTS (
      SELECT FROM outbox AS earlier WHERE earlier.hold = next.hold AND earlier.delivery = next.delivery
        AND earlier.id < next.id AND earlier.sent_at IS NULL AND earlier.given_up_at IS NULL)`
const FIRST = 'ORDER BY next.id LIMIT 1 FOR UPDATE OF next SKIP LOCKED'

const NEXT = `SELECT * FROM outbox AS next WHERE ${DUE} ${FIRST}`

/**
 * Where somebody is asked comes before what is only brought up to date: when thousands have run out at once, or Slack
 * was away, a new hold does not wait for all of their cards, of which Slack takes about one a second.
 */
const NEXT_ASKING = `
  SELECT next.* FROM outbox AS next
  WHERE ${DUE} AND reason IN ('created', 'reasoned', 'reminded', 'escalated', 'told_elsewhere', 'glass_broken', 'review_overdue')
    AND (EXISTS (SELECT FROM hold WHERE hold.id = next.hold AND status = 'pending')
      OR EXISTS (SELECT FROM broken_glass WHERE broken_glass.hold = next.hold AND verdict IS NULL))
  ${FIRST}`

const SHOWN_TOO = `
  SELECT id FROM outbox
  WHERE hold = $1 AND delivery = $2 AND reason = ANY($3) AND sent_at IS NULL AND given_up_at IS NULL`

export async function markSent(pool: pg.Pool, ids: readonly string[], at: Date): Promise<void> {
  const sent = 'UPDATE outbox SET sent_at = $2, leased_until = NULL WHERE id = ANY($1) AND given_up_at IS NULL'
  await rowsOf(pool, sent, [ids, at])
}

export async function postpone(pool: pg.Pool, id: string, until: Date): Promise<void> {
  await rowsOf(pool, 'UPDATE outbox SET leased_until = NULL, next_attempt_at = $2 WHERE id = $1', [id, until])
}

/** It works again: whatever was put off is due. */
export async function hurry(pool: pg.Pool, delivery: string, at: Date): Promise<void> {
  await rowsOf(
    pool,
    `UPDATE outbox SET next_attempt_at = $2
     WHERE delivery = $1 AND sent_at IS NULL AND given_up_at IS NULL AND attempts > 0 AND next_attempt_at > $2`,
    [delivery, at],
  )
}

/** @returns the ids of the rows by which others are told instead; none when they have been */
export function giveUp(pool: pg.Pool, notice: Notice, err: unknown, at: Date): Promise<readonly string[]> {
  const { id, hold, delivery, reason, attempts } = notice
  const failure = err instanceof HoldpointError ? err.code : 'failed'
  return inTransaction(pool, async (client) => {
    const given = 'UPDATE outbox SET leased_until = NULL, given_up_at = $2, failure = $3 WHERE id = $1'
    await client.query(given, [id, at, failure])
    if (notice.failure !== null) return []
    await writeTrail(client, at, 'notice.given_up', { hold, delivery, reason, failure, attempts })
    return reason === 'told_elsewhere' ? [] : tellElsewhere(client, hold, delivery, at)
  })
}

/** What was given up may work again, unnoticed: the app was let into the channel, its token is valid again. */
const TRY_AGAIN_AFTER_MS = 10 * 60_000
/** The oldest, to find out whether it does… */
const PROBES = 5
/** …and so many a round once something of the delivery has arrived since; so their order is kept. */
const REVIVED = 500
const REVIVED_FOR_MS = 48 * 60 * 60_000

/**
 * Takes up what was given up a while ago, where a card that stands in place would be wrong for ever.
 * @param deliveries those that show a hold as it is
 */
export async function revive(pool: pg.Pool, deliveries: readonly string[], at: Date): Promise<void> {
  for (const delivery of deliveries)
    await rowsOf(pool, REVIVE, [
      delivery,
      at,
      new Date(at.getTime() - TRY_AGAIN_AFTER_MS),
      new Date(at.getTime() - REVIVED_FOR_MS),
    ])
}

const REVIVE = `
  UPDATE outbox SET given_up_at = NULL, next_attempt_at = $2 WHERE id IN (
    SELECT id FROM outbox AS last
    WHERE delivery = $1 AND given_up_at <= $3 AND created_at > $4
      AND NOT EXISTS (SELECT FROM outbox AS later
        WHERE later.hold = last.hold AND later.delivery = last.delivery AND later.id > last.id)
    ORDER BY id LIMIT (
      SELECT CASE WHEN max(sent_at) > max(given_up_at) THEN ${REVIVED} WHEN max(given_up_at) <= $3 THEN ${PROBES} ELSE 0 END
      FROM outbox WHERE delivery = $1))`
