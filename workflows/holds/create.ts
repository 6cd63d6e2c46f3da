import { randomBytes } from 'node:crypto'
import { writeNotices, writeTrail } from '../outbox/outbox.ts'
import type { Seal } from '../results/seal.ts'
import { type Queryable, rowsOf } from '../state/transaction.ts'
import { approveThrough, besideNoApproval } from './alike.ts'
import { HoldError } from './errors.ts'
import { type KeptExamples, keepExamples } from './examples.ts'
import { gatheringKey } from './gathering.ts'
import type { HoldRequest } from './hold.ts'
import { identityKey, shownKey } from './identity-key.ts'
import { giveReason } from './reason.ts'
import { assertRoom, type Room } from './room.ts'
import { HOLD_COLUMNS, type HoldRow } from './row.ts'
import { pendingTwin, sayWaited, waitingSession } from './twin.ts'

export interface Created {
  readonly row: HoldRow
  /** False: the hold was there already. */
  readonly isNew: boolean
  readonly notices: readonly string[]
}

export interface CreateOptions {
  readonly at: Date
  readonly room: Room
  /** Who has not said for this long that they wait, does not. */
  readonly abandonedAfterMs: number
  /** Rows for its reviewers, and what seals them; null: there are none. */
  readonly examples: { readonly examples: KeptExamples; readonly seal: Seal } | null
}

/**
 * Makes the row, or finds the one that waits for the same answer already (twin.ts).
 *
 * @throws HoldError no_reviewers, too_many, too_many_of_asker
 */
export async function createRow(client: Queryable, request: HoldRequest, options: CreateOptions): Promise<Created> {
  const { at, room } = options
  const existing = await pendingTwin(client, request, options)
  if (existing !== null) return { isNew: false, ...(await withReason(client, existing, request, at)) }
  if (request.decision.reviewers.length === 0) {
    throw new HoldError('no_reviewers', 'The policy holds this statement but names nobody who could approve it')
  }
  await assertRoom(client, request.identity, room)
  const gathering = gatheringKey(request)
  await besideNoApproval(client, { ...request, gathering })
  const row = await insert(client, request, gathering, at)
  // Somebody made the same hold since we looked; by now it can be seen.
  if (row === undefined) return createRow(client, request, options)
  if (request.mode === 'wait') await sayWaited(client, row.id)
  await showToOthers(client, row)
  if (options.examples !== null) await keepExamples(client, row, options.examples)
  await writeTrail(client, at, 'hold.created', createdEvent(row))
  const former = await tellOfFormer(client, request, at)
  const through = await approveThrough(client, row, at)
  if (through !== null) return { ...through, isNew: true, notices: [...former, ...through.notices] }
  const notices = await writeNotices(client, { hold: row.id, reason: 'created', at })
  return { row, isNew: true, notices: [...former, ...notices] }
}

/** Whoever was asked before is told by what it is asked anew. */
async function tellOfFormer(client: Queryable, { anewOf }: HoldRequest, at: Date): Promise<readonly string[]> {
  if (anewOf === undefined) return []
  const known = await rowsOf(client, 'SELECT FROM hold WHERE id = $1', [anewOf])
  return known.length === 0 ? [] : writeNotices(client, { hold: anewOf, reason: 'asked_anew', at })
}

/** Who asks again may say now what was not said before. */
async function withReason(
  client: Queryable,
  row: HoldRow,
  { reason }: HoldRequest,
  at: Date,
): Promise<{ readonly row: HoldRow; readonly notices: readonly string[] }> {
  if (reason === null || reason.trim() === '' || (row.reason ?? row.request.reason) !== null)
    return { row, notices: [] }
  const by = row.request.identity
  return { row, ...(await giveReason(client, { hold: row.id, by, reason, at })) }
}

async function insert(
  client: Queryable,
  request: HoldRequest,
  gathering: string | null,
  at: Date,
): Promise<HoldRow | undefined> {
  const expiryMs = Math.min(request.expiryMs, request.decision.expiryMs ?? request.expiryMs)
  const { answering } = request.decision
  const expiresAt = new Date(at.getTime() + expiryMs)
  /** Of use only before it is over. */
  const within = (ms: number | null): Date | null =>
    ms === null || ms >= expiryMs ? null : new Date(at.getTime() + ms)
  const [row] = await rowsOf<HoldRow>(
    client,
    `INSERT INTO hold
       (identity, digest, waiting_session, mode, id, status, request, created_at, expires_at, gathering,
        remind_at, escalate_at, anew_of)
     VALUES ($1, $2, $3, $4, $5, 'pending', $6, $7, $8, $9, $10, $11, $12)
     ON CONFLICT (identity, digest, waiting_session) WHERE status = 'pending' DO NOTHING
     RETURNING ${HOLD_COLUMNS}`,
    [
      identityKey(request.identity),
      request.digest,
      waitingSession(request),
      request.mode,
      `hold_${randomBytes(16).toString('base64url')}`,
      JSON.stringify(request),
      at,
      expiresAt,
      gathering,
      within(answering?.remindMs ?? null),
      within(answering?.escalate?.afterMs ?? null),
      request.anewOf ?? null,
    ],
  )
  return row
}

/** People of a schedule need not be in the group that it stands for; and who may have to review it. */
async function showToOthers(client: Queryable, { id, request }: HoldRow): Promise<void> {
  const { onCall = [], breakGlass } = request.decision.answering ?? {}
  const people = onCall.flatMap(({ shifts }) => shifts.flat().map(shownKey))
  const others = breakGlass?.escalateTo == null ? people : [...people, breakGlass.escalateTo]
  if (others.length > 0) await client.query('UPDATE hold SET shown_to = shown_to || $2 WHERE id = $1', [id, others])
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
    ...(request.inputs === undefined ? {} : { inputs: request.inputs }),
    ...(request.anewOf === undefined ? {} : { anewOf: request.anewOf }),
  }
}
