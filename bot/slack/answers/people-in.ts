import type { Pool } from 'pg'
import { rowsOf } from '../../../workflows/state/transaction.ts'

const NAMED_MAX = 10

/** Active people of a group, as the directory has them now. */
export async function peopleIn(
  pool: Pool,
  group: string,
): Promise<{ readonly names: readonly string[]; readonly more: number }> {
  const rows = await rowsOf<{ name: string; all: number }>(
    pool,
    `SELECT name, count(*) OVER ()::int AS all FROM person
     WHERE active AND kind = 'human' AND groups @> ARRAY[$1] ORDER BY name LIMIT ${NAMED_MAX}`,
    [group],
  )
  return { names: rows.map(({ name }) => name), more: Math.max(0, (rows[0]?.all ?? 0) - rows.length) }
}
