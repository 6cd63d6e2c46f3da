import { type Queryable, rowsOf } from '../state/transaction.ts'
import type { Hold, HoldMode, HoldOutcome, HoldRequest, HoldStatus, Vote } from './hold.ts'

/** A hold as the state database keeps it, and as everyone else reads it. */
export interface HoldRow {
  readonly id: string
  readonly status: HoldStatus
  /** The request's, or `defer` when it was asked for again in that way. */
  readonly mode: HoldMode
  readonly request: HoldRequest
  readonly created_at: Date
  readonly expires_at: Date
  readonly decided_at: Date | null
  readonly grant_expires_at: Date | null
  readonly outcome: HoldOutcome | null
  readonly reason: string | null
  readonly reminded_at: Date | null
  readonly escalated_at: Date | null
  readonly gathering: string | null
}

/** All but the request, which can be large. */
export const LIGHT_HOLD_COLUMNS =
  `id, status, mode, created_at, expires_at, decided_at, grant_expires_at, outcome, reason, reminded_at, escalated_at, gathering` as const

export const HOLD_COLUMNS = `${LIGHT_HOLD_COLUMNS}, request` as const

interface VoteRow {
  readonly hold: string
  readonly issuer: string
  readonly subject: string
  readonly name: string
  readonly groups: readonly string[]
  readonly choice: Vote['choice']
  readonly reason: string | null
  readonly via: Vote['via']
  readonly at: Date
}

/** Rows with their votes and with how many are like them, in the order given. */
export async function holdsOf(on: Queryable, rows: readonly HoldRow[]): Promise<readonly Hold[]> {
  if (rows.length === 0) return []
  const votes = await rowsOf<VoteRow>(
    on,
    'SELECT hold, issuer, subject, name, groups, choice, reason, via, at FROM vote WHERE hold = ANY($1) ORDER BY number',
    [rows.map(({ id }) => id)],
  )
  const byHold = Map.groupBy(votes, ({ hold }) => hold)
  const alike = await pendingAlike(on, rows)
  return rows.map((row) => toHold(row, (byHold.get(row.id) ?? []).map(toVote), alike))
}

/** @returns how many are pending in each gathering that one of the rows belongs to */
async function pendingAlike(on: Queryable, rows: readonly HoldRow[]): Promise<ReadonlyMap<string, number>> {
  const keys = [...new Set(rows.map(({ gathering }) => gathering).filter((key) => key !== null))]
  if (keys.length === 0) return new Map()
  const counts = await rowsOf<{ gathering: string; pending: number }>(
    on,
    `SELECT gathering, count(*)::int AS pending FROM hold
     WHERE status = 'pending' AND gathering IS NOT NULL AND gathering = ANY($1) GROUP BY gathering`,
    [keys],
  )
  return new Map(counts.map(({ gathering, pending }) => [gathering, pending]))
}

export async function findHold(on: Queryable, id: string): Promise<Hold | null> {
  const rows = await rowsOf<HoldRow>(on, `SELECT ${HOLD_COLUMNS} FROM hold WHERE id = $1`, [id])
  return (await holdsOf(on, rows))[0] ?? null
}

function toHold(row: HoldRow, votes: readonly Vote[], alike: ReadonlyMap<string, number>): Hold {
  const reason = row.reason ?? row.request.reason
  return {
    ...row.request,
    mode: row.mode,
    reason,
    id: row.id,
    status: row.status,
    votes,
    createdAt: row.created_at.toISOString(),
    expiresAt: row.expires_at.toISOString(),
    grantExpiresAt: row.grant_expires_at?.toISOString() ?? null,
    decidedAt: row.decided_at?.toISOString() ?? null,
    outcome: row.outcome,
    needsReason: needsReason(row),
    remindedAt: row.reminded_at?.toISOString() ?? null,
    escalatedAt: row.escalated_at?.toISOString() ?? null,
    gathering: row.gathering === null ? null : { key: row.gathering, pending: alike.get(row.gathering) ?? 0 },
  }
}

export function needsReason({ reason, request }: Pick<HoldRow, 'reason' | 'request'>): boolean {
  return request.decision.answering?.reasonRequired === true && (reason ?? request.reason) === null
}

function toVote(row: VoteRow): Vote {
  const { issuer, subject, name, groups, choice, reason, via } = row
  return { voter: { issuer, subject, name, groups: [...groups] }, choice, reason, via, at: row.at.toISOString() }
}
