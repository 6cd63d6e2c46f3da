import type pg from 'pg'
import type { Owned } from '../directory/owned.ts'
import { rowsOf } from '../state/transaction.ts'
import type { Hold, HoldStatus } from './hold.ts'
import { askersOf, type PersonKey, samePerson, shownKey } from './identity-key.ts'
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
  /** Where the page before this one ended. */
  readonly after?: string | null
}

export interface VisiblePage {
  readonly holds: readonly Hold[]
  /** Where the next page goes on; null: there is none. There may be one behind a page that is not full. */
  readonly next: string | null
}

/** So many whole holds are in memory at once while they are judged… */
const PAGE = 200
/** …and so many are judged for one page: of ten thousand that are somebody else's shift nobody waits for the end. */
const JUDGED_MAX = 2_000

/** Newest first; what was decided, by when it was decided. Only seen from where a page ended does a list go on. */
const MOMENT = "CASE WHEN $1 = 'decided' THEN coalesce(decided_at, created_at) ELSE created_at END"

const SHOWN = `
  WITH theirs AS MATERIALIZED (${askersOf('$3', '$8')}),
    ended AS MATERIALIZED (SELECT ${MOMENT} AS at FROM hold WHERE id = $10)
  SELECT id FROM hold
  WHERE ($1::text IS NULL OR CASE WHEN $1 = 'decided' THEN status <> 'pending' ELSE status = $1 END)
    AND ($10::text IS NULL
      OR ${MOMENT} <= (TABLE ended) AND (${MOMENT} < (TABLE ended) OR id > $10))
    AND CASE $2
      WHEN 'asked' THEN askers && (TABLE theirs)
      WHEN 'to_answer' THEN status = 'pending' AND shown_to && $6::text[] AND NOT askers && (TABLE theirs)
        AND NOT EXISTS (SELECT FROM vote WHERE hold = hold.id AND issuer = $4 AND subject = $5)
      WHEN 'to_review' THEN shown_to && $6::text[] AND NOT askers && (TABLE theirs)
        AND EXISTS (SELECT FROM broken_glass WHERE hold = hold.id AND verdict IS NULL)
      ELSE $7 OR shown_to && $6::text[] OR askers && (TABLE theirs)
        OR EXISTS (SELECT FROM vote WHERE hold = hold.id AND issuer = $4 AND subject = $5)
    END
  ORDER BY ${MOMENT} DESC, id
  LIMIT $9`

const LOADED = `SELECT ${HOLD_COLUMNS} FROM hold WHERE id = ANY($1) ORDER BY array_position($1::text[], id)`

function itsOwn({ person, owned }: VisibleFilter): readonly PersonKey[] {
  return owned.filter(({ owner }) => samePerson(owner, person)).map(({ it }) => it)
}

/** Some of them, and where the others are. */
export async function visibleHolds(pool: pg.Pool, filter: VisibleFilter): Promise<VisiblePage> {
  const { only, limit } = filter
  const found: Hold[] = []
  let after = filter.after ?? null
  for (let judged = 0; judged < JUDGED_MAX; judged += PAGE) {
    const wanted = only === null ? limit - found.length : PAGE
    const ids = await idsAfter(pool, filter, after, Math.min(PAGE, wanted) + 1)
    const read = ids.slice(0, Math.min(PAGE, wanted))
    const holds = await holdsOf(pool, await rowsOf<HoldRow>(pool, LOADED, [read]))
    for (const hold of holds) {
      after = hold.id
      if (only === null || only(hold)) found.push(hold)
      if (found.length === limit) break
    }
    if (ids.length === read.length && (read.length === 0 || after === read.at(-1))) return { holds: found, next: null }
    if (found.length === limit) break
  }
  return { holds: found, next: after }
}

async function idsAfter(
  pool: pg.Pool,
  filter: VisibleFilter,
  after: string | null,
  limit: number,
): Promise<readonly string[]> {
  const { person, everything, which, status } = filter
  const behind = [person, ...itsOwn(filter)]
  const rows = await rowsOf<{ id: string }>(pool, SHOWN, [
    ...[status ?? null, which],
    behind.map((one) => one.issuer),
    ...[person.issuer, person.subject, [...person.groups, shownKey(person)], everything],
    behind.map((one) => one.subject),
    ...[limit, after],
  ])
  return rows.map(({ id }) => id)
}
