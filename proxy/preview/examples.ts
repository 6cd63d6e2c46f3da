import type { Facts } from '../../policies/input.ts'
import type { KeptExamples } from '../../workflows/holds/examples.ts'
import type { CatalogSnapshot } from '../catalog/snapshot.ts'
import type { BoundParameters } from '../gate.ts'
import { type ChosenRows, chosenRows } from './chosen-rows.ts'
import { keptCell } from './example-cells.ts'
import { insertExamples } from './insert-examples.ts'
import { type Modification, type NamedTable, readModification } from './modification.ts'
import { columnsReadBy, newValues } from './new-values.ts'
import { Reads } from './reads.ts'
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
}

/** What is read, before it is said with which role. */
export type Taken = Omit<KeptExamples, 'role'>

export const ROWS_MAX = 3
export const COLUMNS_MAX = 8

/**
 * A few rows as they are and as they would be. Only for what is proven to run nothing but harmless functions; the
 * caller has asked that.
 * @returns null where it cannot be read, proven or asked
 */
export async function examplesOf(sources: ExampleSources): Promise<Taken | null> {
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
  sources: ExampleSources,
): Promise<Taken | null> {
  const rows = chosenRows(modification, target)
  const sets = modification.kind === 'update' ? modification.sets : []
  if (rows === null || sets === null) return null
  const shown = mostTelling(columns, new Set(sets.map(({ column }) => column)))
  const then = newValues(sets, shown, rows)
  if (then === null || shown.length === 0) return null
  const found = await readRows(shown, then, rows, sources)
  if (found === null) return null
  const gone = modification.kind === 'delete'
  const written = then.map((value) => !gone && value !== null)
  const reads = new Reads()
  return {
    columns: shown.map((column, at) => ({
      at: reads.placeOf(column.source),
      written: written[at] === true,
      madeOf: madeOf(sets.find((one) => one.column === column.name)?.value.original, columns, reads),
    })),
    reads: reads.all,
    rows: found.map(({ before, after }) => ({
      before: before.map(keptCell),
      after: gone ? null : shown.map((_, at) => keptCell((written[at] ? after[at] : before[at]) ?? null)),
      changed: shown.map((_, at) => written[at] === true && before[at] !== after[at]),
    })),
  }
}

interface FoundRow {
  readonly before: readonly (string | null)[]
  readonly after: readonly (string | null)[]
}

async function readRows(
  shown: readonly TableColumn[],
  then: readonly (string | null)[],
  rows: ChosenRows,
  { bound, lane }: ExampleSources,
): Promise<readonly FoundRow[] | null> {
  const values = taken(bound, rows.parameters)
  if (values === null) return null
  const now = shown.map((column) => asText(column, rows.alias))
  const sql = `SELECT ${selected([...now, ...then.map((value) => value ?? 'NULL')])} ${rows.from} LIMIT ${ROWS_MAX}`
  const found = await lane.askAsSession<Record<string, string | null>>(sql, values)
  return found.map((record) => ({
    before: shown.map((_, at) => record[`v${at}`] ?? null),
    after: shown.map((_, at) => record[`v${shown.length + at}`] ?? null),
  }))
}

/** @returns null: a whole row, or something that is not a column of the table */
function madeOf(
  value: Parameters<typeof columnsReadBy>[0] | undefined,
  columns: readonly TableColumn[],
  reads: Reads,
): readonly number[] | null {
  if (value === undefined) return []
  const read = columnsReadBy(value).map((name) => columns.find((column) => column.name === name))
  return read.every((column) => column !== undefined) ? read.map((column) => reads.placeOf(column.source)) : null
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
