import type { Identity } from '../../policies/input.ts'
import { type Queryable, rowsOf } from '../state/transaction.ts'
import type { Hold, HoldStatus } from './hold.ts'
import { identityKey } from './identity-key.ts'
import { findHold, HOLD_COLUMNS, type HoldRow, holdsOf } from './row.ts'

export interface AskedFilter {
  readonly status?: HoldStatus | undefined
  readonly limit: number
  /** Where the page before this one ended: the id of its last hold. */
  readonly after?: string | undefined
}

/** The holds of one asker, who sees no others: an agent not those of the person it acts for, nor the other way round. */
export async function holdsAskedBy(
  on: Queryable,
  identity: Identity,
  { status, limit, after }: AskedFilter,
): Promise<{ readonly holds: readonly Hold[]; readonly next: string | null }> {
  const values = [identityKey(identity), limit + 1, status ?? null, after ?? null]
  const rows = await rowsOf<HoldRow>(on, ASKED, values)
  const shown = rows.slice(0, limit)
  return { holds: await holdsOf(on, shown), next: rows.length > limit ? (shown.at(-1)?.id ?? null) : null }
}

/** A page that would begin after somebody else's hold is empty, as after one that is not there. */
const ASKED = `
  WITH ended AS MATERIALIZED (SELECT created_at AS at FROM hold WHERE id = $4 AND identity = $1)
  SELECT ${HOLD_COLUMNS} FROM hold WHERE identity = $1 AND ($3::text IS NULL OR status = $3)
    AND ($4::text IS NULL OR created_at <= (TABLE ended) AND (created_at < (TABLE ended) OR id > $4))
  ORDER BY created_at DESC, id LIMIT $2`

/** null as well when it is somebody else's: who may not see it does not learn that it is there. */
export async function holdAskedBy(on: Queryable, identity: Identity, id: string): Promise<Hold | null> {
  const hold = await findHold(on, id)
  return hold !== null && identityKey(hold.identity) === identityKey(identity) ? hold : null
}
