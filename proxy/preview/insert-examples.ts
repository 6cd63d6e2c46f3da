import type { Node } from 'libpg-query'
import { parseFirst, toSql } from 'pgsql-ast-parser'
import type { Examples } from '../../workflows/holds/consequences.ts'
import { cell } from './example-cells.ts'
import { COLUMNS_MAX, type ExampleSources, maskFor, ROWS_MAX, selected } from './examples.ts'
import type { NamedTable } from './modification.ts'
import { canonical, onlyStatement } from './proven-expression.ts'
import { taken } from './side-lane.ts'
import { columnsOf, type TableColumn } from './table-columns.ts'

/**
 * The first rows that INSERT … SELECT would make, as its SELECT gives them. Only where that SELECT reads nothing with a
 * label: where each of its values comes from is not followed here.
 */
export async function insertExamples(sources: ExampleSources): Promise<Examples | null> {
  const { text, facts, bound, lane, snapshot, labels } = sources
  const written = facts.relations.filter(({ access, through }) => through.length === 0 && access.includes('insert'))
  const [target] = written
  const insert = readInsert(text)
  if (insert === null || target === undefined || written.length !== 1 || insert.query === null) return null
  if (facts.columns.some(({ labels: of, uses }) => of.length > 0 && uses.some((use) => use !== 'written'))) return null
  const named = await columnsInto({ schema: target.schema, name: target.name }, insert.columns, sources)
  const values = taken(bound, insert.parameters)
  if (named === null || values === null || facts.relations.some((one) => one !== target && one.labels.length > 0))
    return null
  const shown = named.slice(0, COLUMNS_MAX)
  const alias = named.map((_, at) => `c${at}`).join(', ')
  const asText = shown.map((column, at) =>
    column.builtin ? `CAST(q.c${at} AS pg_catalog.text)` : "'…'::pg_catalog.text",
  )
  const sql = `SELECT ${selected(asText)} FROM (${insert.query}) AS q (${alias}) LIMIT ${ROWS_MAX}`
  const found = await lane.askAsSession<Record<string, string | null>>(sql, values)
  return {
    columns: shown.map(({ name, labels: of }) => ({ name, labels: of })),
    rows: found.map((record) => ({
      before: null,
      after: shown.map((column, at) => cell(record[`v${at}`] ?? null, maskFor(column, labels))),
      changed: shown.map(() => true),
    })),
  }

  async function columnsInto(table: NamedTable, names: readonly string[] | null, _: ExampleSources) {
    const all = await columnsOf(table, lane, snapshot)
    if (names === null) return null
    const into = names.map((name) => all.find((column) => column.name === name))
    return into.every((column): column is TableColumn => column !== undefined) ? into : null
  }
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
