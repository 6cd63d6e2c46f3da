import type { ReadColumn } from '../../workflows/holds/examples.ts'
import type { CatalogSnapshot } from '../catalog/snapshot.ts'
import type { NamedTable } from './modification.ts'
import type { SideLane } from './side-lane.ts'

/** A column as far as showing and computing its values goes. */
export interface TableColumn {
  readonly name: string
  /** As format_type gives it: `numeric(10,2)`. */
  readonly type: string
  readonly typeOid: number
  readonly typeName: string
  /** Shipped with the server: making text of it, or it of text, runs nobody else's code. */
  readonly builtin: boolean
  /** pg_type.typcategory: S for text, N for numbers. */
  readonly category: string
  readonly inKey: boolean
  readonly labels: readonly string[]
  /** What it is in the catalog. */
  readonly source: ReadColumn
}

const COLUMNS = `
  SELECT a.attname AS "name", pg_catalog.format_type(a.atttypid, a.atttypmod) AS "type", a.atttypid::int AS "typeOid",
         t.typname AS "typeName", tn.nspname = 'pg_catalog' AND t.typtype IN ('b', 'r', 'm') AS "builtin",
         t.typcategory AS "category", a.attnum = ANY (coalesce(i.indkey::int2[], '{}')) AS "inKey"
    FROM pg_catalog.pg_class c
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    JOIN pg_catalog.pg_type t ON t.oid = a.atttypid JOIN pg_catalog.pg_namespace tn ON tn.oid = t.typnamespace
    LEFT JOIN pg_catalog.pg_index i ON i.indrelid = c.oid AND i.indisprimary
   WHERE n.nspname = $1 AND c.relname = $2 AND c.relkind IN ('r', 'p')
   ORDER BY a.attnum`

/** In their order; none for what is not a table. */
export async function columnsOf(
  { schema, name }: NamedTable,
  lane: SideLane,
  snapshot: CatalogSnapshot,
): Promise<readonly TableColumn[]> {
  const relation = snapshot.relation(schema, name)
  if (relation === undefined) return []
  const known = new Map(snapshot.sourcesOf(relation).map((source) => [source.column, source]))
  const rows = await lane.ask<Omit<TableColumn, 'labels' | 'source'>>(COLUMNS, [schema, name])
  // A column the snapshot does not know yet: nobody knows whether its values may be shown.
  return rows.flatMap((row) => {
    const source = known.get(row.name)
    return source === undefined ? [] : [{ ...row, labels: source.labels, source: { ...source, typeOid: row.typeOid } }]
  })
}
