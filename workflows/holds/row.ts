import { type Queryable, rowsOf } from '../state/transaction.ts'
import type { Hold, HoldOutcome, HoldRequest, HoldStatus, Vote } from './hold.ts'

/** A hold as the state database keeps it, and as everyone else reads it. */
export interface HoldRow {
  readonly id: string
  readonly status: HoldStatus
  readonly request: HoldRequest
  readonly created_at: Date
  readonly expires_at: Date
  readonly decided_at: Date | null
  readonly grant_expires_at: Date | null
  readonly outcome: HoldOutcome | null
}

export const HOLD_COLUMNS =
  'id, status, request, created_at, expires_at, decided_at, grant_expires_at, outcome' as const

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

/** Rows with their votes, in the order given. */
export async function holdsOf(on: Queryable, rows: readonly HoldRow[]): Promise<readonly Hold[]> {
  if (rows.length === 0) return []
  const votes = await rowsOf<VoteRow>(
    on,
    'SELECT hold, issuer, subject, name, groups, choice, reason, via, at FROM vote WHERE hold = ANY($1) ORDER BY number',
    [rows.map(({ id }) => id)],
  )
  const byHold = Map.groupBy(votes, ({ hold }) => hold)
  return rows.map((row) => toHold(row, (byHold.get(row.id) ?? []).map(toVote)))
}

export async function findHold(on: Queryable, id: string): Promise<Hold | null> {
  const rows = await rowsOf<HoldRow>(on, `SELECT ${HOLD_COLUMNS} FROM hold WHERE id = $1`, [id])
  return (await holdsOf(on, rows))[0] ?? null
}

function toHold(row: HoldRow, votes: readonly Vote[]): Hold {
  return {
    ...row.request,
    id: row.id,
    status: row.status,
    votes,
    createdAt: row.created_at.toISOString(),
    expiresAt: row.expires_at.toISOString(),
    grantExpiresAt: row.grant_expires_at?.toISOString() ?? null,
    decidedAt: row.decided_at?.toISOString() ?? null,
    outcome: row.outcome,
  }
}

function toVote(row: VoteRow): Vote {
  const { issuer, subject, name, groups, choice, reason, via } = row
  return { voter: { issuer, subject, name, groups: [...groups] }, choice, reason, via, at: row.at.toISOString() }
}
