import type { Node } from 'libpg-query'
import { parseFirst, toSql } from 'pgsql-ast-parser'
import type { Facts } from '../../policies/input.ts'
import type { CatalogSnapshot } from '../catalog/snapshot.ts'
import { keptCell } from './example-cells.ts'
import { COLUMNS_MAX, type ExampleSources, ROWS_MAX, selected, type Taken } from './examples.ts'
import type { NamedTable } from './modification.ts'
import { canonical, onlyStatement } from './proven-expression.ts'
import { Reads } from './reads.ts'
import { type SideLane, taken } from './side-lane.ts'
import { columnsOf, type TableColumn } from './table-columns.ts'

/**
 * The first rows that INSERT … SELECT would make, as its SELECT gives them. Only where that SELECT reads nothing with a
 * label: where each of its values comes from is not followed here, so each counts as made of all that is read.
 */
export async function insertExamples({ text, facts, bound, lane, snapshot }: ExampleSources): Promise<Taken | null> {
  const written = facts.relations.filter(({ access, through }) => through.length === 0 && access.includes('insert'))
  const [target] = written
  const insert = readInsert(text)
  if (insert === null || target === undefined || written.length !== 1 || insert.query === null) return null
  if (facts.relations.some((one) => one !== target && one.labels.length > 0)) return null
  const reads = new Reads()
  const madeOf = sourcesOf(facts, snapshot, reads)
  const named = await columnsInto({ schema: target.schema, name: target.name }, insert.columns, lane, snapshot)
  const values = taken(bound, insert.parameters)
  if (madeOf === null || named === null || values === null) return null
  const shown = named.slice(0, COLUMNS_MAX)
  const found = await newRows(insert.query, { named, shown, values, lane })
  return {
    columns: shown.map(({ source }) => ({ at: reads.placeOf(source), written: true, madeOf })),
    reads: reads.all,
    rows: found.map((record) => ({
      before: null,
      after: shown.map((_, at) => keptCell(record[`v${at}`] ?? null)),
      changed: shown.map(() => true),
    })),
  }
}

interface NewRows {
  readonly named: readonly TableColumn[]
  readonly shown: readonly TableColumn[]
  readonly values: readonly (string | Buffer | null)[]
  readonly lane: SideLane
}

function newRows(query: string, { named, shown, values, lane }: NewRows) {
  const alias = named.map((_, at) => `c${at}`).join(', ')
  const asText = shown.map((column, at) =>
    column.builtin ? `CAST(q.c${at} AS pg_catalog.text)` : "'…'::pg_catalog.text",
  )
  const sql = `SELECT ${selected(asText)} FROM (${query}) AS q (${alias}) LIMIT ${ROWS_MAX}`
  return lane.askAsSession<Record<string, string | null>>(sql, values)
}

async function columnsInto(
  table: NamedTable,
  names: readonly string[] | null,
  lane: SideLane,
  snapshot: CatalogSnapshot,
): Promise<readonly TableColumn[] | null> {
  const all = await columnsOf(table, lane, snapshot)
  if (names === null) return null
  const into = names.map((name) => all.find((column) => column.name === name))
  return into.every((column): column is TableColumn => column !== undefined) ? into : null
}

/** @returns null: something of it has a label, or is not a column that the catalog knows */
function sourcesOf({ columns }: Facts, snapshot: CatalogSnapshot, reads: Reads): readonly number[] | null {
  const read = columns.filter(({ uses }) => uses.some((use) => use !== 'written'))
  if (read.some(({ labels }) => labels.length > 0)) return null
  const places: number[] = []
  for (const { schema, relation: name, column } of read) {
    const relation = snapshot.relation(schema, name)
    const source = relation && snapshot.sourcesOf(relation).find((one) => one.column === column)
    const type = relation?.attributes.find(({ number }) => number === source?.attribute)?.type
    if (source === undefined || type === undefined) return null
    places.push(reads.placeOf({ ...source, typeOid: type }))
  }
  return places
}

interface ReadInsert {
  /** null: all of the table's, in their order, which is left to the server. */
  readonly columns: readonly string[] | null
  readonly query: string | null
  readonly parameters: readonly number[]
}

function readInsert(text: string): ReadInsert | null {
  const node = onlyStatement(text)
  if (node === null || !('InsertStmt' in node)) return null
  const { selectStmt, withClause, onConflictClause, cols } = node.InsertStmt
  const isQuery =
    selectStmt !== undefined && 'SelectStmt' in selectStmt && selectStmt.SelectStmt.valuesLists === undefined
  if (!isQuery || withClause !== undefined || onConflictClause !== undefined) return null
  const query = printedQuery(text, selectStmt)
  const numbers = [...new Set([...(query ?? '').matchAll(/\$(\d+)/g)].map(([, number]) => Number(number)))]
  // Numbers are not moved here, so all up to the last have to be there.
  if (numbers.length !== Math.max(0, ...numbers)) return null
  return { columns: namesOf(cols), query, parameters: numbers.sort((a, b) => a - b) }
}

function namesOf(cols: readonly Node[] | undefined): readonly string[] | null {
  const names = (cols ?? []).map((node) => ('ResTarget' in node ? (node.ResTarget.name ?? null) : null))
  return names.length > 0 && names.every((name) => name !== null) ? names : null
}

function printedQuery(text: string, original: Node): string | null {
  try {
    const statement = parseFirst(text)
    if (statement.type !== 'insert' || statement.insert.type === 'values') return null
    const printed = toSql.statement(statement.insert)
    const read = onlyStatement(printed)
    return read !== null && canonical(read) === canonical(original) ? printed : null
  } catch {
    return null
  }
}
