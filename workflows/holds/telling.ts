import { writeNotices, writeTrail } from '../outbox/outbox.ts'
import { type Queryable, rowsOf } from '../state/transaction.ts'
import type { DeadlineRow } from './jobs.ts'
import { HOLD_COLUMNS, type HoldRow } from './row.ts'

/**
 * What happens to a pending hold while nobody answers. Each is a compare-and-set that is true once, by the clock:
 *
 *   remind    at remind_at      reviewers are told once more
 *   escalate  at escalate_at    people of another group may answer too, and are told
 */
export interface Told {
  readonly row: HoldRow
  readonly notices: readonly string[]
}

export async function remind(client: Queryable, id: string, at: Date): Promise<Told | null> {
  const [row] = await rowsOf<HoldRow>(
    client,
    `UPDATE hold SET reminded_at = $2 WHERE id = $1 AND status = 'pending' AND expires_at > $2
       AND remind_at <= $2 AND reminded_at IS NULL RETURNING ${HOLD_COLUMNS}`,
    [id, at],
  )
  if (row === undefined) return null
  await writeTrail(client, at, 'hold.reminded', { hold: id })
  return { row, notices: await writeNotices(client, { hold: id, reason: 'reminded', at }) }
}

export async function escalate(client: Queryable, id: string, at: Date): Promise<Told | null> {
  const [row] = await rowsOf<HoldRow>(
    client,
    `UPDATE hold SET escalated_at = $2 WHERE id = $1 AND status = 'pending' AND expires_at > $2
       AND escalate_at <= $2 AND escalated_at IS NULL RETURNING ${HOLD_COLUMNS}`,
    [id, at],
  )
  if (row === undefined) return null
  const group = row.request.decision.answering?.escalate?.group ?? ''
  await writeTrail(client, at, 'hold.escalated', { hold: id, group })
  return { row, notices: await writeNotices(client, { hold: id, reason: 'escalated', at }) }
}

/** By the row as it was read: most need not be asked about in a transaction of their own. */
export function isDueToEscalate({ status, escalate_at, escalated_at }: DeadlineRow, at: Date): boolean {
  return status === 'pending' && escalate_at !== null && escalate_at <= at && escalated_at === null
}

export function isDueToRemind({ status, remind_at, reminded_at }: DeadlineRow, at: Date): boolean {
  return status === 'pending' && remind_at !== null && remind_at <= at && reminded_at === null
}
