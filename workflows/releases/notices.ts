import type pg from 'pg'
import type { Log } from '../../log.ts'
import { inTime } from '../outbox/in-time.ts'
import { CALL_MS_MAX, isTooOld, LEASE_MS, retryInMs } from '../outbox/retry.ts'
import { inTransaction, type Queryable, rowsOf } from '../state/transaction.ts'

/** What people are told of releases: written with the change itself, delivered by a worker until it has arrived. */
export interface ReleaseNotice {
  readonly kind: 'activated' | 'refused' | 'unreachable' | 'reachable' | 'pin_requested' | 'pinned' | 'unpinned'
  /** One sentence. */
  readonly title: string
  /** What changed, or which checks failed. */
  readonly lines: readonly string[]
  readonly commit: string | null
  /** Where more is to be seen. */
  readonly url: string | null
  /** The pin that is to be confirmed, or can be ended. */
  readonly pin?: string
}

/** One way in which notices of releases reach people. */
export interface ReleaseAnnouncer {
  /** A rejection is tried again later. `key` is the same for every attempt at one notice. */
  announce(notice: ReleaseNotice, key: string): Promise<void>
}

export async function writeReleaseNotice(client: Queryable, notice: ReleaseNotice, at: Date): Promise<void> {
  await rowsOf(client, 'INSERT INTO release_notice (notice, created_at, next_attempt_at) VALUES ($1, $2, $2)', [
    JSON.stringify(notice),
    at,
  ])
}

export interface NoticesOptions {
  readonly pool: pg.Pool
  readonly announcers: readonly ReleaseAnnouncer[]
  readonly now: () => number
  readonly log: Pick<Log, 'warn' | 'error'>
}

/** Delivers what is due, oldest first; one that fails keeps the others behind it, so that their order is kept. */
export async function deliverReleaseNotices(options: NoticesOptions): Promise<void> {
  while (await deliverNext(options));
}

interface NoticeRow {
  readonly id: string
  readonly notice: ReleaseNotice
  readonly attempts: number
  readonly created_at: Date
  readonly next_attempt_at: Date
}

async function deliverNext({ pool, announcers, now, log }: NoticesOptions): Promise<boolean> {
  const row = await lease(pool, now())
  if (row === null) return false
  try {
    for (const announcer of announcers)
      await inTime(announcer.announce(row.notice, `release-${row.id}`), CALL_MS_MAX, 'the announcement took too long')
    await rowsOf(pool, 'UPDATE release_notice SET sent_at = $2 WHERE id = $1', [row.id, new Date(now())])
    return true
  } catch (err) {
    const givenUp = isTooOld(row.created_at, now())
    const inMs = retryInMs(row.attempts + 1, err)
    const values = [row.id, new Date(now() + inMs), givenUp ? new Date(now()) : null]
    await rowsOf(pool, 'UPDATE release_notice SET next_attempt_at = $2, given_up_at = $3 WHERE id = $1', values)
    log.warn({ err, notice: row.id, givenUp }, 'a notice of a release could not be delivered')
    return givenUp
  }
}

/** Nobody else delivers it for as long as one attempt may take. */
function lease(pool: pg.Pool, at: number): Promise<NoticeRow | null> {
  return inTransaction(pool, async (client) => {
    const [row] = await rowsOf<NoticeRow>(
      client,
      `SELECT * FROM release_notice WHERE sent_at IS NULL AND given_up_at IS NULL ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED`,
    )
    if (row === undefined || row.next_attempt_at.getTime() > at) return null
    const until = new Date(at + LEASE_MS)
    await client.query('UPDATE release_notice SET attempts = attempts + 1, next_attempt_at = $2 WHERE id = $1', [
      row.id,
      until,
    ])
    return row
  })
}
