import { type Node, parseSync } from 'libpg-query'
import { astMapper, type Expr, parseFirst, type SelectStatement, type Statement, toSql } from 'pgsql-ast-parser'

/** A SELECT that counts the rows an UPDATE or DELETE would change. */
export interface CountQuery {
  readonly sql: string
  /** Which of the statement's parameters it takes, in its own order; from 1. */
  readonly parameters: readonly number[]
}

export interface CountTarget {
  readonly schema: string
  readonly name: string
}

/**
 * Rewrites `DELETE FROM t WHERE p` to `SELECT count(*) FROM s.t WHERE p`. The rewriting parser knows less of PostgreSQL
 * than the server and prints in its own way, so its work is used only when the server's grammar reads the same condition
 * in what came out as in what went in.
 *
 * @returns null where it cannot be done or not be proven
 */
export function countQuery(text: string, target: CountTarget): CountQuery | null {
  const parameters: number[] = []
  const rewritten = rewrite(text, target, parameters)
  if (rewritten === null) return null
  const before = modified(text)
  const after = counted(rewritten)
  if (before === null || after === null || after.schema !== target.schema || after.name !== target.name) return null
  const wanted = canonical(before.where)
  // A sub-select names relations that would be looked up with another search path here.
  if (wanted !== canonical(after.where) || wanted.includes('"SubLink"')) return null
  return before.alias === after.alias ? { sql: rewritten, parameters } : null
}

function rewrite(text: string, target: CountTarget, parameters: number[]): string | null {
  try {
    const statement = parseFirst(text)
    const from = rangeOf(statement)
    if (from === null) return null
    const where = 'where' in statement && statement.where ? renumbered(statement.where, parameters) : null
    const select: SelectStatement = {
      type: 'select',
      columns: [
        {
          expr: { type: 'call', function: { name: 'count', schema: 'pg_catalog' }, args: [{ type: 'ref', name: '*' }] },
        },
      ],
      from: [{ type: 'table', name: { ...target, ...(from.alias === undefined ? {} : { alias: from.alias }) } }],
      ...(where === null ? {} : { where }),
    }
    return toSql.statement(select)
  } catch {
    return null // it does not read this statement, or cannot print it
  }
}

function rangeOf(statement: Statement): { readonly alias?: string } | null {
  if (statement.type === 'delete') return statement.from
  return statement.type === 'update' && statement.from === undefined ? statement.table : null
}

/** $2 AND $5 → $1 AND $2: a parameter that is not used has no type. */
function renumbered(where: Expr, parameters: number[]): Expr {
  const mapped = astMapper(() => ({
    parameter: ({ name }) => {
      const number = Number(name.slice(1))
      if (!parameters.includes(number)) parameters.push(number)
      return { type: 'parameter', name: `$${parameters.indexOf(number) + 1}` }
    },
  })).expr(where)
  if (!mapped) throw new TypeError('a condition does not vanish')
  return mapped
}

interface Condition {
  readonly where: Node | undefined
  readonly alias: string | undefined
}

function modified(text: string): Condition | null {
  const node = onlyStatement(text)
  if (node === null) return null
  if ('DeleteStmt' in node && node.DeleteStmt.usingClause === undefined && node.DeleteStmt.withClause === undefined)
    return conditionOf(node.DeleteStmt)
  if ('UpdateStmt' in node && node.UpdateStmt.fromClause === undefined && node.UpdateStmt.withClause === undefined)
    return conditionOf(node.UpdateStmt)
  return null
}

function conditionOf(fields: {
  readonly whereClause?: Node
  readonly relation?: { readonly alias?: { readonly aliasname?: string }; readonly inh?: boolean }
}): Condition | null {
  // ONLY leaves the children of a relation out; the count would not.
  if (fields.relation?.inh !== true) return null
  return { where: fields.whereClause, alias: fields.relation.alias?.aliasname }
}

function counted(sql: string): (Condition & { readonly schema?: string; readonly name?: string }) | null {
  const node = onlyStatement(sql)
  if (node === null || !('SelectStmt' in node)) return null
  const range = node.SelectStmt.fromClause?.[0]
  if (range === undefined || !('RangeVar' in range)) return null
  const { schemaname, relname, alias } = range.RangeVar
  return {
    where: node.SelectStmt.whereClause,
    alias: alias?.aliasname,
    ...(schemaname === undefined ? {} : { schema: schemaname }),
    ...(relname === undefined ? {} : { name: relname }),
  }
}

function onlyStatement(sql: string): Node | null {
  try {
    const { stmts } = parseSync(sql) as { readonly stmts?: readonly { readonly stmt?: Node }[] }
    return stmts?.length === 1 ? (stmts[0]?.stmt ?? null) : null
  } catch {
    return null
  }
}

/** A condition as text without places, its parameters counted by their first appearance. */
function canonical(where: Node | undefined): string {
  const order: number[] = []
  return JSON.stringify(where ?? null, (key, value: unknown) => {
    if (
      key === 'location' ||
      key === 'rexpr_list_start' ||
      key === 'rexpr_list_end' ||
      key === 'list_start' ||
      key === 'list_end'
    )
      return undefined
    if (key !== 'ParamRef') return value
    const number = (value as { readonly number?: number }).number ?? 0
    if (!order.includes(number)) order.push(number)
    return { number: order.indexOf(number) }
  })
}
