import type { Deadline, Queues } from '../queues/queues.ts'
import type { HoldRow } from './row.ts'

/** The delayed jobs of a hold: made from its row, and made again from it when they are lost (reconcile.ts). */
export function announce(queues: Pick<Queues, 'announce'>, notices: readonly string[]): Promise<void> {
  return queues.announce(notices.map((notice) => ({ notice, inMs: 0 })))
}

export async function makeJobs(queues: Queues, row: HoldRow, notices: readonly string[], now: number): Promise<void> {
  await Promise.all([queues.scheduleExpiry(deadlinesOf(row, now)), announce(queues, notices)])
}

export async function rescheduleJobs(queues: Queues, row: DeadlineRow, now: number): Promise<void> {
  const obsolete = obsoleteOf(row)
  if (obsolete.length > 0) await queues.cancelExpiry(obsolete.map((of) => ({ hold: row.id, of })))
  const deadlines = deadlinesOf(row, now)
  if (deadlines.length > 0) await queues.scheduleExpiry(deadlines)
}

/** Made before its last move, and of no use any more. What has run out needs none taken away: their time has come, too. */
function obsoleteOf(row: DeadlineRow): readonly Deadline['of'][] {
  const { status } = row
  if (status === 'pending' || status === 'expired') return []
  if (status !== 'approved' && row.grant_expires_at !== null) return ['grant']
  const told = row.remind_at === null || row.reminded_at !== null
  const escalated = row.escalate_at === null || row.escalated_at !== null
  return ['hold', ...(told ? [] : (['reminder'] as const)), ...(escalated ? [] : (['escalation'] as const))]
}

/** Everything that the clock still has to do with it. */
export function deadlinesOf(row: DeadlineRow, now: number): readonly Deadline[] {
  const { id: hold, status } = row
  const at = (of: Deadline['of'], due: Date | null): readonly Deadline[] =>
    due === null ? [] : [{ hold, of, inMs: due.getTime() - now }]
  if (status === 'approved') return at('grant', row.grant_expires_at)
  if (status !== 'pending') return []
  return [
    ...at('hold', row.expires_at),
    ...at('reminder', row.reminded_at === null ? row.remind_at : null),
    ...at('escalation', row.escalated_at === null ? row.escalate_at : null),
  ]
}

export type DeadlineRow = Pick<
  HoldRow,
  'id' | 'status' | 'expires_at' | 'grant_expires_at' | 'remind_at' | 'reminded_at' | 'escalate_at' | 'escalated_at'
>
