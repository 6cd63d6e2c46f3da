import type pg from 'pg'
import { rowsOf } from '../state/transaction.ts'

/** Of several workers one follows the branch, until it has said nothing for so long. */
const LEASE_MS = 10 * 60_000

export async function leaseBranch(pool: pg.Pool, follower: string, at: number): Promise<boolean> {
  const rows = await rowsOf(
    pool,
    `UPDATE followed_branch SET follower = $1, leased_until = $2
     WHERE follower = $1 OR leased_until IS NULL OR leased_until < $3 RETURNING follower`,
    [follower, new Date(at + LEASE_MS), new Date(at)],
  )
  return rows.length > 0
}

export async function giveUpLease(pool: pg.Pool, follower: string): Promise<void> {
  await rowsOf(pool, 'UPDATE followed_branch SET leased_until = NULL WHERE follower = $1', [follower])
}
