import { writeNotices, writeTrail } from '../outbox/outbox.ts'
import { type Queryable, rowsOf } from '../state/transaction.ts'
import { HoldError } from './errors.ts'
import type { Vote } from './hold.ts'
import type { PersonKey } from './identity-key.ts'
import { type Moved, move } from './moves.ts'
import { HOLD_COLUMNS, type HoldRow } from './row.ts'
import { voterOf } from './voter.ts'

/** Somebody who may answer the hold ends what its approval allows to others like it. */
export interface Undoing {
  readonly hold: string
  readonly by: PersonKey
  readonly via: Vote['via']
  readonly at: Date
}

export interface Undone {
  /** What it had let through and had not run yet. */
  readonly moved: readonly Moved[]
  readonly notices: readonly string[]
}

/**
 * Effective with the commit: no run is given out afterwards, and one that was and has not begun is taken back. The
 * approval's row is locked first, as by who takes a run of it, so a run is either given out before and found here, or
 * not at all. What has begun has begun.
 *
 * @throws HoldError not_found, nothing_to_undo, undone_already, and what a vote may be refused with
 */
export async function undoAlike(client: Queryable, { hold: id, by, via, at }: Undoing): Promise<Undone> {
  const [row] = await rowsOf<HoldRow>(client, `SELECT ${HOLD_COLUMNS} FROM hold WHERE id = $1`, [id])
  if (row === undefined) throw new HoldError('not_found', 'There is no such hold')
  const [approval] = await rowsOf<{ undone_at: Date | null; runs: number }>(
    client,
    'SELECT undone_at, runs FROM alike_approval WHERE hold = $1 FOR UPDATE',
    [id],
  )
  if (approval === undefined) throw new HoldError('nothing_to_undo', 'This approval counts for this statement alone')
  const voter = await voterOf(client, row, by, at)
  if (voter instanceof HoldError) throw voter
  if (approval.undone_at !== null) throw new HoldError('undone_already', 'This has been undone already')
  const { issuer, subject, name } = voter.person
  await rowsOf(
    client,
    'UPDATE alike_approval SET undone_at = $2, undone_issuer = $3, undone_subject = $4, undone_name = $5 WHERE hold = $1',
    [id, at, issuer, subject, name],
  )
  const moved = await takeBack(client, id, at)
  const revoked = moved.map((one) => one.row.id)
  await writeTrail(client, at, 'hold.alike_undone', { hold: id, by: { issuer, subject }, via, revoked })
  return { moved, notices: await writeNotices(client, { hold: id, reason: 'alike_undone', at }) }
}

async function takeBack(client: Queryable, approval: string, at: Date): Promise<readonly Moved[]> {
  const through = await rowsOf<{ id: string }>(
    client,
    "SELECT id FROM hold WHERE approved_through = $1 AND status = 'approved' ORDER BY id",
    [approval],
  )
  const moved: Moved[] = []
  for (const { id } of through) {
    const back = await move(client, 'revoke', { id, at })
    if (back !== null) moved.push(back)
  }
  return moved
}
