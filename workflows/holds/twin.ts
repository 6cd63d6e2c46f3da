import { writeTrail } from '../outbox/outbox.ts'
import { type Queryable, rowsOf } from '../state/transaction.ts'
import type { HoldRequest } from './hold.ts'
import { identityKey } from './identity-key.ts'
import { move } from './moves.ts'
import { HOLD_COLUMNS, type HoldRow } from './row.ts'

/** Whose alone the hold is: the session of a connection that waits, else nobody's. */
export function waitingSession({ mode, sessionId }: Pick<HoldRequest, 'mode' | 'sessionId'>): string {
  return mode === 'wait' ? sessionId : ''
}

export interface TwinOptions {
  readonly at: Date
  readonly abandonedAfterMs: number
}

/**
 * The hold that waits for the same answer already: of the same asker and the same digest. Retries share one, whatever
 * their door. A connection that waits has one of its own, unless the shared one is pending and no other connection
 * waits for it: then one card is enough, and the approval runs once, here or there.
 */
export async function pendingTwin(
  client: Queryable,
  request: HoldRequest,
  { at, abandonedAfterMs }: TwinOptions,
): Promise<HoldRow | null> {
  const own = waitingSession(request)
  const rows = await rowsOf<HoldRow>(
    client,
    `SELECT ${HOLD_COLUMNS} FROM hold
     WHERE identity = $1 AND digest = $2 AND waiting_session IN ('', $3) AND status = 'pending'
     ORDER BY waiting_session DESC FOR UPDATE`,
    [identityKey(request.identity), request.digest, own],
  )
  for (const row of rows) {
    if (row.expires_at <= at) await move(client, 'expire', { id: row.id, at })
    else if (request.mode !== 'wait') return asWanted(client, row, request, at)
    else if (row.mode === 'wait' || (await joined(client, row.id, abandonedAfterMs))) return row
  }
  return null
}

async function asWanted(client: Queryable, row: HoldRow, { mode }: HoldRequest, at: Date): Promise<HoldRow> {
  if (mode !== 'defer' || row.mode === 'defer') return row
  await client.query("UPDATE hold SET mode = 'defer' WHERE id = $1", [row.id])
  await writeTrail(client, at, 'hold.deferred', { hold: row.id })
  return { ...row, mode }
}

/** The row is locked, so of two connections one finds that the other waits. */
async function joined(client: Queryable, hold: string, abandonedAfterMs: number): Promise<boolean> {
  const rows = await rowsOf(
    client,
    `INSERT INTO hold_waited AS waited (hold) VALUES ($1) ON CONFLICT (hold) DO UPDATE SET waited_at = clock_timestamp()
     WHERE waited.waited_at < clock_timestamp() - make_interval(secs => $2::float8 / 1000) RETURNING hold`,
    [hold, abandonedAfterMs],
  )
  return rows.length > 0
}

export async function sayWaited(client: Queryable, hold: string): Promise<void> {
  await client.query('INSERT INTO hold_waited (hold) VALUES ($1)', [hold])
}

/** Who waited for a shared hold has gone; it stays, and the next may wait for it. */
export async function noLongerWaited(client: Queryable, hold: string): Promise<void> {
  await rowsOf(
    client,
    "DELETE FROM hold_waited USING hold WHERE hold_waited.hold = $1 AND hold.id = $1 AND hold.mode <> 'wait'",
    [hold],
  )
}
