import type { Facts } from '../../policies/input.ts'
import type { LabelTreatment } from '../../policies/label-treatment.ts'
import type { ExampleRow, Examples } from '../../workflows/holds/consequences.ts'
import type { CatalogSnapshot } from '../catalog/snapshot.ts'
import type { BoundParameters } from '../gate.ts'
import { chosenRows } from './chosen-rows.ts'
import { cell } from './example-cells.ts'
import { insertExamples } from './insert-examples.ts'
import { type Modification, type NamedTable, readModification } from './modification.ts'
import { newValues, readsLabelled } from './new-values.ts'
import { modifiedTable } from './rows.ts'
import { type SideLane, taken } from './side-lane.ts'
import { columnsOf, type TableColumn } from './table-columns.ts'
import { asText } from './typed-sql.ts'

export interface ExampleSources {
  readonly text: string
  readonly facts: Facts
  readonly bound: BoundParameters
  readonly lane: SideLane
  readonly snapshot: CatalogSnapshot
  readonly labels: LabelTreatment
}

export const ROWS_MAX = 3
export const COLUMNS_MAX = 8

/**
 * A few rows as they are and as they would be. Only for what is proven to run nothing but harmless functions; the
 * caller has asked that.
 * @returns null where it cannot be read, proven or asked
 */
export async function examplesOf(sources: ExampleSources): Promise<Examples | null> {
  if (sources.facts.kind === 'insert') return insertExamples(sources)
  const target = modifiedTable(sources.facts)
  const modification = target === null ? null : readModification(sources.text)
  if (target === null || modification === null) return null
  const columns = await columnsOf(target, sources.lane, sources.snapshot)
  return columns.length === 0 ? null : changedRows(modification, target, columns, sources)
}

async function changedRows(
  modification: Modification,
  target: NamedTable,
  columns: readonly TableColumn[],
  { bound, lane, labels }: ExampleSources,
): Promise<Examples | null> {
  const rows = chosenRows(modification, target)
  const sets = modification.kind === 'update' ? modification.sets : []
  if (rows === null || sets === null) return null
  const shown = mostTelling(columns, new Set(sets.map(({ column }) => column)))
  const now = shown.map((column) => asText(column, rows.alias))
  const then = newValues(sets, shown, rows)
  if (then === null) return null
  const values = taken(bound, rows.parameters)
  if (values === null || shown.length === 0) return null
  const sql = `SELECT ${selected([...now, ...then.map((value) => value ?? 'NULL')])} ${rows.from} LIMIT ${ROWS_MAX}`
  const found = await lane.askAsSession<Record<string, string | null>>(sql, values)
  const carries = shown.map((column) => {
    const set = sets.find((one) => one.column === column.name)
    return set !== undefined && readsLabelled(set.value.original, columns)
  })
  const maskOf = shown.map((column) => maskFor(column, labels))
  const row = (record: Record<string, string | null>): ExampleRow => {
    const before = shown.map((_, at) => record[`v${at}`] ?? null)
    const next = shown.map((_, at) => record[`v${shown.length + at}`] ?? null)
    const gone = modification.kind === 'delete'
    const written = (at: number): boolean => !gone && then[at] != null
    return {
      before: before.map((value, at) => cell(value, maskOf[at] ?? null)),
      after: gone
        ? null
        : shown.map((_, at) =>
            written(at)
              ? cell(next[at] ?? null, maskOf[at] ?? (carries[at] === true ? CARRIED : null))
              : cell(before[at] ?? null, maskOf[at] ?? null),
          ),
      changed: shown.map(
        (_, at) => written(at) && (maskOf[at] !== null || carries[at] === true || before[at] !== next[at]),
      ),
    }
  }
  return { columns: shown.map(({ name, labels: of }) => ({ name, labels: of })), rows: found.map(row) }
}

/** Made of a labelled column's value, in a column without a label: nothing of it is kept. */
const CARRIED = { method: 'null', typeOid: 25 } as const

export function maskFor({ labels: own, typeOid }: TableColumn, labels: LabelTreatment) {
  return own.length === 0 ? null : { method: labels.methodFor(own), typeOid }
}

/** The key, what is written, and then the others in their order, as many as fit on a page. */
function mostTelling(columns: readonly TableColumn[], written: ReadonlySet<string>): readonly TableColumn[] {
  const rank = ({ name, inKey }: TableColumn): number => (inKey ? 0 : written.has(name) ? 1 : 2)
  const some = [...columns].sort((a, b) => rank(a) - rank(b)).slice(0, Math.max(COLUMNS_MAX, written.size + 1))
  return columns.filter((column) => some.includes(column))
}

export function selected(expressions: readonly string[]): string {
  return expressions.map((expression, at) => `${expression} AS v${at}`).join(', ')
}
