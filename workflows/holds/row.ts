import type pg from 'pg'
import { type Queryable, rowsOf } from '../state/transaction.ts'
import type { AskerGone, BrokenGlass } from './answering.ts'
import type { Hold, HoldMode, HoldOutcome, HoldRequest, HoldStatus, Holds, Vote } from './hold.ts'
import { type AlikeRow, alikeApprovalOf, alikeOf, brokenGlassOf } from './row-parts.ts'

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
  readonly remind_at: Date | null
  readonly reminded_at: Date | null
  readonly escalate_at: Date | null
  readonly escalated_at: Date | null
  readonly gathering: string | null
  readonly approved_through: string | null
  readonly approved_run: number | null
  /** Whether the asker ran it without an approval. */
  readonly glass: boolean
  readonly not_told: readonly string[]
  /** The newest that was made because an approval of this one did not count any more. */
  readonly anew_as: string | null
  readonly asker_gone: AskerGone | null
}

/** All but the request, which can be large. */
export const LIGHT_HOLD_COLUMNS =
  `id, status, mode, created_at, expires_at, decided_at, grant_expires_at, outcome, reason, remind_at, reminded_at, escalate_at, escalated_at, gathering, approved_through, approved_run, asker_gone,
  EXISTS (SELECT FROM broken_glass WHERE broken_glass.hold = hold.id) AS glass,
  (SELECT later.id FROM hold AS later WHERE later.anew_of = hold.id ORDER BY later.created_at DESC LIMIT 1) AS anew_as,
  ARRAY(SELECT DISTINCT delivery FROM outbox AS given_up WHERE given_up.hold = hold.id AND given_up_at IS NOT NULL
    AND NOT EXISTS (SELECT FROM outbox AS later WHERE later.hold = given_up.hold AND later.delivery = given_up.delivery
      AND later.id > given_up.id AND later.sent_at IS NOT NULL) ORDER BY delivery) AS not_told` as const

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
  readonly alike: boolean
  readonly fills: readonly string[] | null
  readonly for_issuer: string | null
  readonly for_subject: string | null
  readonly for_name: string | null
}

/** Rows with their votes and with how many are like them, in the order given. */
export async function holdsOf(on: Queryable, rows: readonly HoldRow[]): Promise<readonly Hold[]> {
  if (rows.length === 0) return []
  const votes = await votesOf(on, rows)
  return assembled(rows, votes, { alike: await alikeOf(on, rows), glass: await brokenGlassOf(on, rows) })
}

/** The same on several connections at once, for whoever is waited for. */
export async function holdsAtOnce(pool: pg.Pool, rows: readonly HoldRow[]): Promise<readonly Hold[]> {
  if (rows.length === 0) return []
  const [votes, alike, glass] = await Promise.all([votesOf(pool, rows), alikeOf(pool, rows), brokenGlassOf(pool, rows)])
  return assembled(rows, votes, { alike, glass })
}

function votesOf(on: Queryable, rows: readonly HoldRow[]): Promise<readonly VoteRow[]> {
  return rowsOf<VoteRow>(
    on,
    `SELECT hold, issuer, subject, name, groups, choice, reason, via, at, alike, fills, for_issuer, for_subject, for_name
     FROM vote WHERE hold = ANY($1) ORDER BY number`,
    [rows.map(({ id }) => id)],
  )
}

function assembled(rows: readonly HoldRow[], votes: readonly VoteRow[], more: More): readonly Hold[] {
  const byHold = Map.groupBy(votes, ({ hold }) => hold)
  return rows.map((row) => toHold(row, (byHold.get(row.id) ?? []).map(toVote), more))
}

interface More {
  readonly alike: readonly AlikeRow[]
  readonly glass: ReadonlyMap<string, BrokenGlass>
}

export async function findHold(on: Queryable, id: string): Promise<Hold | null> {
  const rows = await rowsOf<HoldRow>(on, `SELECT ${HOLD_COLUMNS} FROM hold WHERE id = $1`, [id])
  return (await holdsOf(on, rows))[0] ?? null
}

const LIST_MAX = 1_000

/** Newest first. */
export async function listHolds(
  on: Queryable,
  { status, limit }: Parameters<Holds['list']>[0],
): Promise<readonly Hold[]> {
  const rows = await rowsOf<HoldRow>(
    on,
    `SELECT ${HOLD_COLUMNS} FROM hold ${status === undefined ? '' : 'WHERE status = $2'}
     ORDER BY created_at DESC, id LIMIT $1`,
    [Math.min(limit ?? 100, LIST_MAX), ...(status === undefined ? [] : [status])],
  )
  return holdsOf(on, rows)
}

function toHold(row: HoldRow, votes: readonly Vote[], { alike, glass }: More): Hold {
  const own = alike.find(({ hold }) => hold === row.id)
  const pending = alike.find(({ gathering }) => gathering === row.gathering)?.pending ?? 0
  const { approved_through: hold, approved_run: run } = row
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
    gathering: row.gathering === null ? null : { key: row.gathering, pending },
    alikeApproval: own === undefined ? null : alikeApprovalOf(own),
    notTold: row.not_told,
    anewAs: row.anew_as,
    askerGone: row.asker_gone,
    brokenGlass: glass.get(row.id) ?? null,
    approvedThrough: hold === null || run === null ? null : { hold, run },
  }
}

export function needsReason({ reason, request }: Pick<HoldRow, 'reason' | 'request'>): boolean {
  return request.decision.answering?.reasonRequired === true && (reason ?? request.reason) === null
}

function toVote(row: VoteRow): Vote {
  const { issuer, subject, name, groups, choice, reason, via } = row
  const { alike, fills, for_issuer, for_subject, for_name } = row
  const away = for_issuer !== null && for_subject !== null && for_name !== null
  const insteadOf = away ? { issuer: for_issuer, subject: for_subject, name: for_name } : null
  const voter = { issuer, subject, name, groups: [...groups] }
  return { voter, choice, reason, via, at: row.at.toISOString(), insteadOf, alike, fills: fills ?? [...groups] }
}
