import type pg from 'pg'
import { rowsOf } from '../state/transaction.ts'
import type { Hold, HoldStatus } from './hold.ts'
import { type PersonKey, shownKey } from './identity-key.ts'
import { HOLD_COLUMNS, type HoldRow, holdsOf } from './row.ts'

/** Which holds, for whom. What somebody may not see is left out by the database, before any limit. */
export interface VisibleFilter {
  readonly person: PersonKey & { readonly groups: readonly string[] }
  /** Sees the holds of all groups. */
  readonly everything: boolean
  /** Only what they asked for themselves or through an agent; only what their groups are asked about. */
  readonly which: 'all' | 'asked' | 'to_answer' | 'to_review'
  readonly status?: HoldStatus | 'decided'
  readonly limit: number
}

const SHOWN = `
  SELECT ${HOLD_COLUMNS} FROM hold
  WHERE ($1::text IS NULL OR CASE WHEN $1 = 'decided' THEN status <> 'pending' ELSE status = $1 END)
    AND CASE $2
      WHEN 'asked' THEN askers && ARRAY[json_build_array($3::text, $4::text)::text]
      WHEN 'to_answer' THEN shown_to && $5::text[] AND NOT askers && ARRAY[json_build_array($3::text, $4::text)::text]
        AND NOT EXISTS (SELECT FROM vote WHERE hold = hold.id AND issuer = $3 AND subject = $4)
      WHEN 'to_review' THEN shown_to && $5::text[] AND NOT askers && ARRAY[json_build_array($3::text, $4::text)::text]
        AND EXISTS (SELECT FROM broken_glass WHERE hold = hold.id AND verdict IS NULL)
      ELSE $6 OR shown_to && $5::text[] OR askers && ARRAY[json_build_array($3::text, $4::text)::text]
        OR EXISTS (SELECT FROM vote WHERE hold = hold.id AND issuer = $3 AND subject = $4)
    END
  ORDER BY CASE WHEN $1 = 'decided' THEN coalesce(decided_at, created_at) ELSE created_at END DESC, id
  LIMIT $7`

/** Newest first; what was decided, by when it was decided. */
export async function visibleHolds(pool: pg.Pool, filter: VisibleFilter): Promise<readonly Hold[]> {
  const { person, everything, which, status, limit } = filter
  const values = [
    status ?? null,
    which,
    person.issuer,
    person.subject,
    [...person.groups, shownKey(person)],
    everything,
    limit,
  ]
  return holdsOf(pool, await rowsOf<HoldRow>(pool, SHOWN, values))
}
