import { type Node, parseSync } from 'libpg-query'
import { astMapper, type Expr, toSql } from 'pgsql-ast-parser'
import { SMALL_CHARACTERS_MAX } from '../sql/parse.ts'

/**
 * Prints an expression that the rewriting parser read. It knows less of PostgreSQL than the server and prints in its
 * own way, so what comes out is used only when the server's grammar reads the same expression in it as in what the
 * client sent.
 *
 * @param parameters which of the statement's parameters the new query takes, in its own order; added to here, because a
 * parameter that is sent and not used has no type
 * @returns null where it cannot be printed, or not be proven
 */
export function provenExpression(expression: Expr, original: Node, parameters: number[]): string | null {
  try {
    const taken = [...parameters]
    const printed = toSql.expr(renumbered(expression, taken)).trim()
    if (!isSame(printed, original)) return null
    parameters.splice(0, parameters.length, ...taken)
    return printed
  } catch {
    return null // it cannot print this
  }
}

function isSame(printed: string, original: Node): boolean {
  const select = onlyStatement(`SELECT ${printed}`)
  const wanted = canonical({ SelectStmt: { targetList: [{ ResTarget: { val: original } }], ...EMPTY_SELECT } } as Node)
  return select !== null && canonical(select) === wanted
}

/** What the grammar adds to a SELECT that says nothing of it. */
const EMPTY_SELECT = { limitOption: 'LIMIT_OPTION_DEFAULT', op: 'SETOP_NONE' }

/** $2 AND $5 → $1 AND $2 */
function renumbered(expression: Expr, parameters: number[]): Expr {
  const mapped = astMapper(() => ({
    parameter: ({ name }) => {
      const number = Number(name.slice(1))
      if (!parameters.includes(number)) parameters.push(number)
      return { type: 'parameter', name: `$${parameters.indexOf(number) + 1}` }
    },
  })).expr(expression)
  if (!mapped) throw new TypeError('an expression does not vanish')
  return mapped
}

/** @returns null for several, for what is no SQL, and for what is too long to be read while others wait */
export function onlyStatement(sql: string): Node | null {
  if (sql.length > SMALL_CHARACTERS_MAX) return null
  try {
    const { stmts } = parseSync(sql) as { readonly stmts?: readonly { readonly stmt?: Node }[] }
    return stmts?.length === 1 ? (stmts[0]?.stmt ?? null) : null
  } catch {
    return null
  }
}

const PLACES = new Set([
  'location',
  'rexpr_list_start',
  'rexpr_list_end',
  'list_start',
  'list_end',
  'stmt_location',
  'stmt_len',
])

/** A tree as text without places, its parameters counted by their first appearance. */
export function canonical(node: Node | undefined): string {
  const order: number[] = []
  return JSON.stringify(node ?? null, (key, value: unknown) => {
    if (PLACES.has(key)) return undefined
    if (key !== 'ParamRef') return value
    const number = (value as { readonly number?: number }).number ?? 0
    if (!order.includes(number)) order.push(number)
    return { number: order.indexOf(number) }
  })
}
