import { writeTrail } from '../outbox/outbox.ts'
import { type Queryable, rowsOf } from '../state/transaction.ts'
import type { Hold, HoldRequest } from './hold.ts'
import { type Moved, move } from './moves.ts'
import { HOLD_COLUMNS, type HoldRow, holdsOf, needsReason } from './row.ts'

/**
 * Approvals that count for more than one statement: for those of the same asker that differ from the approved one in
 * constants only. Each such run is a hold of its own, approved through the first one, and takes one of the runs that the
 * approval has left, by compare-and-set.
 */
const GRANT_MS = 10 * 60_000

/** After the hold was approved by people who all meant it so: also lets through what waits already. */
export async function approveAlike(client: Queryable, row: HoldRow, at: Date): Promise<readonly Moved[]> {
  const allowed = row.request.decision.answering?.sameShape ?? null
  if (allowed === null || row.gathering === null) return []
  const until = new Date(at.getTime() + allowed.ms)
  await rowsOf(client, 'SELECT pg_advisory_xact_lock(hashtextextended($1, 1))', [row.gathering])
  await rowsOf(client, 'INSERT INTO alike_approval (hold, gathering, runs_max, expires_at) VALUES ($1, $2, $3, $4)', [
    row.id,
    row.gathering,
    allowed.runs,
    until,
  ])
  await writeTrail(client, at, 'hold.alike_approved', { hold: row.id, runs: allowed.runs, until: until.toISOString() })
  return approveWaiting(client, row.gathering, at)
}

/**
 * A new hold that an approval could cover is made before that approval and found by it, or after it and finds it: never
 * beside it, where neither would know of the other. Those that are made do not wait for each other.
 */
export async function besideNoApproval(client: Queryable, { shape, decision, gathering }: Joining): Promise<void> {
  if (shape == null || gathering === null || (decision.answering?.sameShape ?? null) === null) return
  await rowsOf(client, 'SELECT pg_advisory_xact_lock_shared(hashtextextended($1, 1))', [gathering])
}

type Joining = Pick<HoldRequest, 'shape' | 'decision'> & { readonly gathering: string | null }

/** What an approval of this hold that counts for others would let through at once, oldest first. */
export async function waitingAlike(on: Queryable, hold: Hold, at: Date): Promise<readonly Hold[]> {
  return letThroughBy(hold, await pendingAlike(on, hold, at))
}

/** All that differ from it in constants only and wait, too, oldest first. */
export async function pendingAlike(on: Queryable, hold: Hold, at: Date): Promise<readonly Hold[]> {
  const rows = await rowsOf<HoldRow>(on, `${WAITING} LIMIT 1000`, [hold.gathering?.key ?? null, at])
  return (await holdsOf(on, rows)).filter(({ id }) => id !== hold.id)
}

/** Of those, what an approval that counts for others would let through. */
export function letThroughBy({ decision }: Hold, pending: readonly Hold[]): readonly Hold[] {
  return pending.filter(({ needsReason: needs }) => !needs).slice(0, decision.answering?.sameShape?.runs ?? 0)
}

const WAITING = `
  SELECT ${HOLD_COLUMNS} FROM hold WHERE gathering = $1 AND status = 'pending' AND expires_at > $2
  ORDER BY created_at, id`

/** Oldest first. One that somebody else has locked is left to them. */
async function approveWaiting(client: Queryable, gathering: string, at: Date): Promise<readonly Moved[]> {
  const waiting = await rowsOf<HoldRow>(client, `${WAITING} LIMIT 1000 FOR UPDATE SKIP LOCKED`, [gathering, at])
  const moved: Moved[] = []
  for (const row of waiting) {
    const through = await approveThrough(client, row, at)
    if (through !== null) moved.push(through)
  }
  return moved
}

/** @returns null when nothing that was approved covers this hold, or no run of it is left */
export async function approveThrough(client: Queryable, row: HoldRow, at: Date): Promise<Moved | null> {
  if (row.gathering === null || needsReason(row)) return null
  const run = await takeRun(client, row.gathering, at)
  if (run === null) return null
  await client.query('UPDATE hold SET approved_through = $2, approved_run = $3 WHERE id = $1', [
    row.id,
    run.hold,
    run.runs,
  ])
  await writeTrail(client, at, 'hold.approved_through', { hold: row.id, approval: run.hold, run: run.runs })
  // What has not begun by the end of the approval does not begin.
  const leftMs = run.expires_at.getTime() - at.getTime()
  const grantMs = Math.min(leftMs, row.request.decision.grantMs ?? GRANT_MS)
  return move(client, 'approve', { id: row.id, at, grantMs })
}

interface Run {
  readonly hold: string
  readonly runs: number
  readonly expires_at: Date
}

/**
 * Of two that want the last run, one gets it: the other waits for the row and then does not match. None is given out on
 * the word of somebody who has been deactivated since, or for whom that was said.
 */
async function takeRun(client: Queryable, gathering: string, at: Date): Promise<Run | null> {
  const [run] = await rowsOf<Run>(client, TAKE_RUN, [gathering, at])
  return run ?? null
}

const TAKE_RUN = `
  UPDATE alike_approval SET runs = runs + 1 WHERE hold = (
    SELECT hold FROM alike_approval AS approval
    WHERE gathering = $1 AND runs < runs_max AND expires_at > $2 AND undone_at IS NULL
      AND NOT EXISTS (
        SELECT FROM vote JOIN person ON (person.issuer, person.subject) IN
          ((vote.issuer, vote.subject), (vote.for_issuer, vote.for_subject))
        WHERE vote.hold = approval.hold AND vote.choice = 'approve' AND NOT person.active)
    ORDER BY expires_at LIMIT 1 FOR UPDATE)
  RETURNING hold, runs, expires_at`
