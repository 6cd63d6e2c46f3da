import type { SideLane } from './side-lane.ts'

/** What a foreign key does: pg_constraint.confdeltype and confupdtype. */
export type KeyAction = 'a' | 'r' | 'c' | 'n' | 'd'

/** A foreign key that changes rows of `table` when rows of `of` go or change. */
export interface ForeignKey {
  readonly constraint: string
  readonly schema: string
  readonly table: string
  readonly columns: readonly string[]
  readonly ofSchema: string
  readonly of: string
  readonly ofColumns: readonly string[]
  readonly onDelete: KeyAction
  readonly onUpdate: KeyAction
}

const columnsOf = (relation: string, numbers: string): string => `
  (SELECT json_agg(a.attname ORDER BY o.place) FROM unnest(${numbers}) WITH ORDINALITY AS o (number, place)
    JOIN pg_catalog.pg_attribute a ON a.attrelid = ${relation} AND a.attnum = o.number)`

/** https://www.postgresql.org/docs/current/catalog-pg-constraint.html; the parts of a partitioned table follow their own. */
const CASCADING = `
  SELECT k.conname AS "constraint", n.nspname AS "schema", c.relname AS "table",
         ${columnsOf('k.conrelid', 'k.conkey')} AS "columns",
         rn.nspname AS "ofSchema", r.relname AS "of", ${columnsOf('k.confrelid', 'k.confkey')} AS "ofColumns",
         k.confdeltype AS "onDelete", k.confupdtype AS "onUpdate"
    FROM pg_catalog.pg_constraint k
    JOIN pg_catalog.pg_class c ON c.oid = k.conrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_catalog.pg_class r ON r.oid = k.confrelid JOIN pg_catalog.pg_namespace rn ON rn.oid = r.relnamespace
   WHERE k.contype = 'f' AND k.conparentid = 0
     AND (k.confdeltype IN ('c', 'n', 'd') OR k.confupdtype IN ('c', 'n', 'd'))
   ORDER BY 2, 3, 1`

export function cascadingKeys(lane: SideLane): Promise<readonly ForeignKey[]> {
  return lane.ask<ForeignKey>(CASCADING)
}
