import { randomBytes } from 'node:crypto'
import { writeNotices, writeTrail } from '../outbox/outbox.ts'
import { type Queryable, rowsOf } from '../state/transaction.ts'
import { HoldError } from './errors.ts'
import type { HoldRequest } from './hold.ts'
import { identityKey } from './identity-key.ts'
import { move } from './moves.ts'
import { HOLD_COLUMNS, type HoldRow } from './row.ts'

export interface Created {
  readonly row: HoldRow
  /** False: the hold was there already. */
  readonly isNew: boolean
  readonly notices: readonly string[]
}

/**
 * Makes the row, or finds the one that waits for the same answer already. Two sessions that *wait* for the same
 * statement have a hold each, since each approval runs one statement once; retries in the modes `error` and `defer`
 * find the hold of the first.
 *
 * @throws HoldError no_reviewers, too_many
 */
export async function createRow(
  client: Queryable,
  request: HoldRequest,
  { at, pendingMax }: { readonly at: Date; readonly pendingMax: number },
): Promise<Created> {
  const existing = await pendingTwin(client, request, at)
  if (existing !== undefined) return { row: existing, isNew: false, notices: [] }
  if (request.decision.reviewers.length === 0) {
    throw new HoldError('no_reviewers', 'The policy holds this statement but names nobody who could approve it')
  }
  await refuseWhenFull(client, pendingMax)
  const row = await insert(client, request, at)
  // Somebody made the same hold since we looked; by now it can be seen.
  if (row === undefined) return createRow(client, request, { at, pendingMax })
  if (request.mode === 'wait') await client.query('INSERT INTO hold_waited (hold) VALUES ($1)', [row.id])
  await writeTrail(client, at, 'hold.created', createdEvent(row))
  return { row, isNew: true, notices: await writeNotices(client, { hold: row.id, reason: 'created', at }) }
}

function uniqueKey(request: HoldRequest): readonly [string, string, string, string] {
  const waitingSession = request.mode === 'wait' ? request.sessionId : ''
  return [identityKey(request.identity), request.digest, request.mode, waitingSession]
}

async function pendingTwin(client: Queryable, request: HoldRequest, at: Date): Promise<HoldRow | undefined> {
  const [row] = await rowsOf<HoldRow>(
    client,
    `SELECT ${HOLD_COLUMNS} FROM hold
     WHERE identity = $1 AND digest = $2 AND mode = $3 AND waiting_session = $4 AND status = 'pending' FOR UPDATE`,
    uniqueKey(request),
  )
  if (row === undefined || row.expires_at > at) return row
  await move(client, 'expire', { id: row.id, at })
  return undefined
}

async function refuseWhenFull(client: Queryable, pendingMax: number): Promise<void> {
  const [row] = await rowsOf<{ pending: number }>(
    client,
    "SELECT count(*)::int AS pending FROM (SELECT FROM hold WHERE status = 'pending' LIMIT $1) AS bounded",
    [pendingMax],
  )
  if (row !== undefined && row.pending < pendingMax) return
  throw new HoldError('too_many', 'Too many statements are held already', {
    hint: 'Try again when some of them have been answered',
  })
}

async function insert(client: Queryable, request: HoldRequest, at: Date): Promise<HoldRow | undefined> {
  const expiryMs = Math.min(request.expiryMs, request.decision.expiryMs ?? request.expiryMs)
  const [row] = await rowsOf<HoldRow>(
    client,
    `INSERT INTO hold (identity, digest, mode, waiting_session, id, status, request, created_at, expires_at)
     VALUES ($1, $2, $3, $4, $5, 'pending', $6, $7, $8)
     ON CONFLICT (identity, digest, mode, waiting_session) WHERE status = 'pending' DO NOTHING
     RETURNING ${HOLD_COLUMNS}`,
    [
      ...uniqueKey(request),
      `hold_${randomBytes(16).toString('base64url')}`,
      JSON.stringify(request),
      at,
      new Date(at.getTime() + expiryMs),
    ],
  )
  return row
}

function createdEvent({ id, request }: HoldRow) {
  const { mode, digest, statement, identity, target } = request
  return {
    hold: id,
    mode,
    session: request.sessionId,
    digest,
    statement,
    identity,
    target,
    rules: request.decision.rules.map((rule) => rule.id),
    policy: request.policyDigest,
  }
}
