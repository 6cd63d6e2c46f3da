import type { Node } from 'libpg-query'
import type { ChosenRows } from './chosen-rows.ts'
import type { Modification } from './modification.ts'
import { provenExpression } from './proven-expression.ts'
import type { TableColumn } from './table-columns.ts'
import { assigned } from './typed-sql.ts'

/**
 * What UPDATE would write into each of the given columns, as SQL; null for a column that stays.
 * @returns null where one of them is not proven to be what the statement says
 */
export function newValues(
  sets: NonNullable<Modification['sets']>,
  columns: readonly TableColumn[],
  { parameters }: ChosenRows,
): readonly (string | null)[] | null {
  const values: (string | null)[] = []
  for (const column of columns) {
    const set = sets.find((one) => one.column === column.name)
    if (set === undefined) {
      values.push(null)
      continue
    }
    const { readable, original } = set.value
    const printed = containsQuery(original) ? null : provenExpression(readable, original, parameters)
    if (printed === null) return null
    values.push(assigned(printed, column))
  }
  return values
}

/** A sub-select reads tables of its own, whose labels are not looked at here. */
function containsQuery(node: Node): boolean {
  return JSON.stringify(node).includes('"SubLink"')
}

/** The last name of every column reference, once; null where it is a star or something else. */
export function columnsReadBy(node: Node): readonly (string | null)[] {
  return [...new Set(referencesOf(node))]
}

function referencesOf(value: unknown): readonly (string | null)[] {
  if (Array.isArray(value)) return value.flatMap(referencesOf)
  if (typeof value !== 'object' || value === null) return []
  if ('ColumnRef' in value) {
    const { fields = [] } = value.ColumnRef as { readonly fields?: readonly Node[] }
    const last = fields.at(-1)
    return [last !== undefined && 'String' in last ? (last.String.sval ?? null) : null]
  }
  return Object.values(value).flatMap(referencesOf)
}
