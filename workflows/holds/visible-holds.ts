import type pg from 'pg'
import type { Owned } from '../directory/owned.ts'
import { rowsOf } from '../state/transaction.ts'
import type { Hold, HoldStatus } from './hold.ts'
import { type PersonKey, samePerson, shownKey } from './identity-key.ts'
import { HOLD_COLUMNS, type HoldRow, holdsOf } from './row.ts'

/** Which holds, for whom. What somebody may not see is left out by the database, before any limit. */
export interface VisibleFilter {
  readonly person: PersonKey & { readonly groups: readonly string[] }
  /** What is somebody's in the directory: theirs, and of others. */
  readonly owned: readonly Owned[]
  /** Sees the holds of all groups. */
  readonly everything: boolean
  /** Only what they asked for themselves or through an agent; only what may be theirs to answer, or to review. */
  readonly which: 'all' | 'asked' | 'to_answer' | 'to_review'
  readonly status?: HoldStatus | 'decided'
  /** Judges what groups alone cannot tell: whose shift it is, who stands in for whom, what has been escalated by now. */
  readonly only: ((hold: Hold) => boolean) | null
  readonly limit: number
}

/** So many whole holds are in memory at once while they are judged. */
const PAGE = 200

const SHOWN = `
  WITH theirs AS MATERIALIZED (
    SELECT array_agg(json_build_array(issuer, subject)::text)
    FROM unnest($3::text[], $8::text[]) AS one (issuer, subject))
  SELECT id FROM hold
  WHERE ($1::text IS NULL OR CASE WHEN $1 = 'decided' THEN status <> 'pending' ELSE status = $1 END)
    AND CASE $2
      WHEN 'asked' THEN askers && (TABLE theirs)
      WHEN 'to_answer' THEN status = 'pending' AND shown_to && $6::text[] AND NOT askers && (TABLE theirs)
        AND NOT EXISTS (SELECT FROM vote WHERE hold = hold.id AND issuer = $4 AND subject = $5)
      WHEN 'to_review' THEN shown_to && $6::text[] AND NOT askers && (TABLE theirs)
        AND EXISTS (SELECT FROM broken_glass WHERE hold = hold.id AND verdict IS NULL)
      ELSE $7 OR shown_to && $6::text[] OR askers && (TABLE theirs)
        OR EXISTS (SELECT FROM vote WHERE hold = hold.id AND issuer = $4 AND subject = $5)
    END
  ORDER BY CASE WHEN $1 = 'decided' THEN coalesce(decided_at, created_at) ELSE created_at END DESC, id
  LIMIT $9`

const LOADED = `SELECT ${HOLD_COLUMNS} FROM hold WHERE id = ANY($1) ORDER BY array_position($1::text[], id)`

function itsOwn({ person, owned }: VisibleFilter): readonly PersonKey[] {
  return owned.filter(({ owner }) => samePerson(owner, person)).map(({ it }) => it)
}

/** Newest first; what was decided, by when it was decided. */
export async function visibleHolds(pool: pg.Pool, filter: VisibleFilter): Promise<readonly Hold[]> {
  const { person, everything, which, status, only, limit } = filter
  const behind = [person, ...itsOwn(filter)]
  const rows = await rowsOf<{ id: string }>(pool, SHOWN, [
    status ?? null,
    which,
    behind.map((one) => one.issuer),
    person.issuer,
    person.subject,
    [...person.groups, shownKey(person)],
    everything,
    behind.map((one) => one.subject),
    only === null ? limit : null,
  ])
  const ids = rows.map(({ id }) => id)
  const found: Hold[] = []
  for (let from = 0; from < ids.length && found.length < limit; from += PAGE) {
    const holds = await holdsOf(pool, await rowsOf<HoldRow>(pool, LOADED, [ids.slice(from, from + PAGE)]))
    found.push(...(only === null ? holds : holds.filter(only)))
  }
  return found.slice(0, limit)
}
