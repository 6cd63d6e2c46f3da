import { type Queryable, rowsOf } from '../state/transaction.ts'
import type { AlikeApproval, BrokenGlass, Review } from './answering.ts'
import type { Vote } from './hold.ts'
import type { HoldRow } from './row.ts'

/** What only some holds have, in tables of their own: read for all of a list at once, and not at all where none has it. */
export interface AlikeRow {
  readonly gathering: string
  readonly pending: number
  /** The approval's own hold; null: none covers the gathering. */
  readonly hold: string | null
  readonly runs_max: number
  readonly runs: number
  readonly expires_at: Date
  readonly undone_at: Date | null
  readonly undone_name: string | null
}

/** Of the gatherings that the rows belong to: how many are pending, and approvals that cover more than their own hold. */
export async function alikeOf(
  on: Queryable,
  rows: readonly Pick<HoldRow, 'id' | 'gathering'>[],
): Promise<readonly AlikeRow[]> {
  const keys = [...new Set(rows.map(({ gathering }) => gathering).filter((key) => key !== null))]
  if (keys.length === 0) return []
  return rowsOf<AlikeRow>(
    on,
    `SELECT key AS gathering, approval.hold, runs_max, runs, expires_at, undone_at, undone_name, (
       SELECT count(*)::int FROM hold
       WHERE status = 'pending' AND hold.gathering IS NOT NULL AND hold.gathering = key) AS pending
     FROM unnest($1::text[]) AS key LEFT JOIN alike_approval AS approval
       ON approval.gathering = key AND approval.hold = ANY($2)`,
    [keys, rows.map(({ id }) => id)],
  )
}

export function alikeApprovalOf(row: AlikeRow): AlikeApproval {
  const { runs_max: runsMax, runs, expires_at, undone_at: at, undone_name: by } = row
  const undone = at === null ? null : { by: by ?? '', at: at.toISOString() }
  return { runsMax, runs, expiresAt: expires_at.toISOString(), undone }
}

interface GlassRow {
  readonly hold: string
  readonly reason: string
  readonly via: BrokenGlass['via']
  readonly at: Date
  readonly review_due_at: Date
  readonly overdue_told_at: Date | null
  readonly verdict: Review['verdict'] | null
  readonly reviewer_issuer: string
  readonly reviewer_subject: string
  readonly reviewer_name: string
  readonly review_reason: string | null
  readonly review_via: Vote['via']
  readonly reviewed_at: Date
}

export async function brokenGlassOf(
  on: Queryable,
  rows: readonly Pick<HoldRow, 'id' | 'glass'>[],
): Promise<ReadonlyMap<string, BrokenGlass>> {
  const ids = rows.filter(({ glass }) => glass).map(({ id }) => id)
  if (ids.length === 0) return new Map()
  const found = await rowsOf<GlassRow>(on, 'SELECT * FROM broken_glass WHERE hold = ANY($1)', [ids])
  return new Map(found.map((row) => [row.hold, toBrokenGlass(row)]))
}

function toBrokenGlass(row: GlassRow): BrokenGlass {
  const { reason, via, at, verdict } = row
  const reviewed = verdict === null ? null : reviewOf(row, verdict)
  return {
    reason,
    via,
    at: at.toISOString(),
    reviewDueAt: row.review_due_at.toISOString(),
    overdueToldAt: reviewed === null ? (row.overdue_told_at?.toISOString() ?? null) : null,
    review: reviewed,
  }
}

function reviewOf(row: GlassRow, verdict: Review['verdict']): Review {
  const by = { issuer: row.reviewer_issuer, subject: row.reviewer_subject, name: row.reviewer_name }
  return { verdict, by, reason: row.review_reason, via: row.review_via, at: row.reviewed_at.toISOString() }
}
