import pg from 'pg'
import type { TableColumn } from './table-columns.ts'

const quoted = pg.escapeIdentifier

/** A column's value as text. Of a type that was not shipped with the server only that there is one. */
export function asText({ name, builtin }: TableColumn, alias: string): string {
  const column = `${alias}.${quoted(name)}`
  return builtin
    ? `CAST(${column} AS pg_catalog.text)`
    : `CASE WHEN ${column} IS NULL THEN NULL ELSE '…'::pg_catalog.text END`
}

/**
 * An expression as text, as the column would have it. Numbers are rounded as the column rounds them; a text is left as
 * it is, for a cast would cut in silence what an assignment refuses.
 */
export function assigned(expression: string, column: TableColumn): string {
  const { type, typeName, builtin, category } = column
  if (!builtin) return "'…'::pg_catalog.text"
  if (category === 'S') return `CAST((${expression}) AS pg_catalog.text)`
  // The grammar's own word for a type cannot be another schema's type; any other is named with its schema.
  const as = /^numeric\(\d+,-?\d+\)$/.test(type) ? type : `pg_catalog.${quoted(typeName)}`
  return `CAST(CAST((${expression}) AS ${as}) AS pg_catalog.text)`
}
