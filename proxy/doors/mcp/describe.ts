import pg from 'pg'
import type { Answer } from '../answer.ts'
import type { Caller } from './caller.ts'
import { said, type ToolResult, toolResult } from './tool-result.ts'

/** What there is to read. Asked with SQL through the same session as anything else, so it shows no more than that would. */
const RELATIONS = `
  SELECT n.nspname AS schema, c.relname AS name,
         CASE c.relkind WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized view' WHEN 'f' THEN 'foreign table' ELSE 'table' END AS kind
  FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
  WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'
    AND pg_catalog.has_table_privilege(c.oid, 'SELECT')
  ORDER BY 1, 2`

const COLUMNS = `
  SELECT a.attname AS name, pg_catalog.format_type(a.atttypid, a.atttypmod) AS type, a.attnotnull AS not_null
  FROM pg_catalog.pg_attribute AS a JOIN pg_catalog.pg_class AS c ON c.oid = a.attrelid
       JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
  WHERE n.nspname = $1 AND c.relname = $2 AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum`
const SAMPLE_ROWS = 3

export async function listRelations(caller: Caller, target: string | undefined): Promise<ToolResult> {
  const answer = await caller.query({ sql: RELATIONS, target })
  return answer.kind === 'completed' ? said({ relations: objects(answer) }) : refused(answer)
}

export async function describeTable(caller: Caller, relation: string, target: string | undefined): Promise<ToolResult> {
  const [name = '', schema = 'public'] = relation.split('.').reverse()
  const columns = await caller.query({ sql: COLUMNS, target, parameters: [schema, name] })
  if (columns.kind !== 'completed') return refused(columns)
  if (columns.rows.length === 0)
    return said({ status: 'refused', message: `There is no ${schema}.${name} here.` }, true)
  const from = `${pg.escapeIdentifier(schema)}.${pg.escapeIdentifier(name)}`
  const sample = await caller.query({ sql: `SELECT * FROM ${from} LIMIT ${SAMPLE_ROWS}`, target })
  const described = { relation: `${schema}.${name}`, columns: objects(columns) }
  if (sample.kind === 'completed') {
    const masked = sample.columns.filter((column) => column.masked !== null).map((column) => column.name)
    return said({ ...described, masked, sample: objects(sample) })
  }
  // Nobody is to be asked for a look at a few rows.
  if (sample.kind === 'held') await caller.withdraw(sample.hold.id)
  return said({
    ...described,
    sample: null,
    why: sample.kind === 'held' ? 'Reading it needs an approval.' : sample.message,
  })
}

function objects({ columns, rows }: Extract<Answer, { kind: 'completed' }>): readonly Record<string, unknown>[] {
  return rows.map((row) => Object.fromEntries(row.map((value, at) => [columns[at]?.name ?? `${at}`, value])))
}

function refused(answer: Exclude<Answer, { kind: 'completed' }>): ToolResult {
  if (answer.kind !== 'held') return toolResult(answer)
  return said({ status: 'held', message: 'Reading the catalog needs an approval here.', hold: answer.hold.id })
}
