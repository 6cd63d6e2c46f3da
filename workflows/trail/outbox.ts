import type { Pool, PoolClient } from 'pg'
import type { Journal } from './journal-writer.ts'

/**
 * What happens in the state database (a vote, an expiry) is recorded there in the same transaction, in `trail_outbox`,
 * and moved from there into a journal: exactly once, because the row is deleted only after the journal acknowledged it,
 * and what a killed process left in both is known again by its event id, which is unique among the shipped records.
 */
export interface DrainOptions {
  readonly pool: Pool
  readonly trail: Pick<Journal, 'appendOriginated' | 'whenWritten'>
  /**
   * Event ids that this process has written although their rows may still be there, as when the database went away in
   * between; kept by the caller from one call to the next. What processes before this one wrote must have been shipped.
   */
  readonly written: Set<string>
}

interface OutboxRow {
  readonly id: string
  readonly event_id: string
  readonly name: string
  readonly event: object
  readonly at: Date
}

const ROWS_MAX = 500
/** One process at a time moves rows. */
const LOCK = 7_406_514_920_021

/** @returns how many rows were moved; 0: there are none, or another process is moving them */
export async function drainTrailOutbox(options: DrainOptions): Promise<number> {
  const client = await options.pool.connect()
  try {
    await client.query('BEGIN')
    const moved = await move(client, options)
    await client.query('COMMIT')
    for (const id of moved) options.written.delete(id)
    client.release()
    return moved.length
  } catch (error) {
    // Not given back: whether its transaction ended is not known.
    client.release(true)
    throw error
  }
}

async function move(client: PoolClient, { trail, written }: DrainOptions): Promise<readonly string[]> {
  const lock = await client.query<{ taken: boolean }>('SELECT pg_try_advisory_xact_lock($1) AS taken', [LOCK])
  if (lock.rows[0]?.taken !== true) return []
  const { rows } = await client.query<OutboxRow>(
    'SELECT id, event_id, name, event, at FROM trail_outbox ORDER BY id LIMIT $1',
    [ROWS_MAX],
  )
  if (rows.length === 0) return []
  const ids = rows.map(({ event_id }) => event_id)
  const shipped = await client.query<{ event_id: string }>(
    'SELECT event_id FROM trail_origin WHERE event_id = ANY($1)',
    [ids],
  )
  const known = new Set(shipped.rows.map(({ event_id }) => event_id))
  for (const { event_id, name, event, at } of rows) {
    if (known.has(event_id) || written.has(event_id)) continue
    trail.appendOriginated(name, event, { id: event_id, at: at.toISOString() })
    written.add(event_id)
  }
  await acknowledged(trail)
  await client.query('DELETE FROM trail_outbox WHERE id = ANY($1::bigint[])', [rows.map(({ id }) => id)])
  return ids
}

function acknowledged(trail: DrainOptions['trail']): Promise<void> {
  return new Promise((resolve, reject) => trail.whenWritten((error) => (error === null ? resolve() : reject(error))))
}
