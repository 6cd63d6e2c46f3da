import type { Identity } from '../../policies/input.ts'
import { type Queryable, rowsOf } from '../state/transaction.ts'
import type { Hold, HoldStatus } from './hold.ts'
import { identityKey } from './identity-key.ts'
import { findHold, HOLD_COLUMNS, type HoldRow, holdsOf } from './row.ts'

/** The holds of one asker, who sees no others: an agent not those of the person it acts for, nor the other way round. */
export async function holdsAskedBy(
  on: Queryable,
  identity: Identity,
  { status, limit }: { readonly status?: HoldStatus | undefined; readonly limit: number },
): Promise<readonly Hold[]> {
  const rows = await rowsOf<HoldRow>(
    on,
    `SELECT ${HOLD_COLUMNS} FROM hold WHERE identity = $1 ${status === undefined ? '' : 'AND status = $3'}
     ORDER BY created_at DESC, id LIMIT $2`,
    [identityKey(identity), limit, ...(status === undefined ? [] : [status])],
  )
  return holdsOf(on, rows)
}

/** null as well when it is somebody else's: who may not see it does not learn that it is there. */
export async function holdAskedBy(on: Queryable, identity: Identity, id: string): Promise<Hold | null> {
  const hold = await findHold(on, id)
  return hold !== null && identityKey(hold.identity) === identityKey(identity) ? hold : null
}
