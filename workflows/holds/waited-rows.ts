import { HOLD_COLUMNS, type HoldRow } from './row.ts'

/** There may be thousands, every few seconds: of what still waits nothing is read but that. */
export type Read = { readonly asked: string; readonly due: boolean } & (HoldRow | { readonly id: null })

/**
 * Says, too, that somebody still waits: unwaited.ts ends what nobody has said that of for long. Beside the looks and
 * not in them, for it is a write, which nobody should wait for between an approval and its run…
 */
export const STAMP = `
  UPDATE hold_waited SET waited_at = clock_timestamp()
  WHERE hold = ANY($1) AND waited_at < clock_timestamp() - make_interval(secs => $2::float8 / 1000)`

/** …unless one is overdue: what was approved is waited for until it has run. One round trip from the wake-up to the row. */
export const READ = `
  WITH looked AS (
      SELECT id, status <> 'pending' AS moved, status = 'pending' AND expires_at <= $2 AS due FROM hold WHERE id = ANY($1)),
    stamped AS (
      UPDATE hold_waited SET waited_at = clock_timestamp() FROM looked
      WHERE hold = looked.id AND moved AND waited_at < clock_timestamp() - make_interval(secs => $3::float8 / 1000))
  SELECT looked.id AS asked, due, found.* FROM looked
    LEFT JOIN LATERAL (SELECT ${HOLD_COLUMNS} FROM hold WHERE hold.id = looked.id AND moved) AS found ON true`
