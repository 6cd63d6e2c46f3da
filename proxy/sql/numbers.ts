import type { Node } from 'libpg-query'

/**
 * Statements that differ only in whole numbers, such as the keys that drivers without parameters write into the text,
 * mean the same to a policy: facts hold no constants. Such a text need not be parsed again, if three things are certain:
 *
 *   it is cut as the server cuts it    only texts without quotes, comments, dollars and other lexical surprises are
 *                                      looked at, and only numbers that stand alone and fit an int4
 *   the tree is the same               what is left of the text is the same to the byte
 *   no number matters                  each stands where the analysis does not read it; `1 = 1`, ORDER BY 1,
 *                                      float(24) and SET do not
 */
export interface NumberlessText {
  readonly shape: string
  readonly numbers: number
}

const CHARACTERS_MAX = 4_096
const PLAIN = /^[A-Za-z0-9_ \t\r\n=<>(),.;*+-]*$/
const NUMBER = /(?<![\w.])\d{1,9}(?![\w.])/g

/** @returns null for a text that is not plain enough, or has no number that stands alone */
export function withoutNumbers(text: string): NumberlessText | null {
  if (text.length > CHARACTERS_MAX || !PLAIN.test(text) || text.includes('--')) return null
  let numbers = 0
  const shape = text.replace(NUMBER, () => {
    numbers++
    return '#'
  })
  return numbers === 0 ? null : { shape, numbers }
}

const STATEMENTS: ReadonlySet<string> = new Set(['SelectStmt', 'InsertStmt', 'UpdateStmt', 'DeleteStmt'])

/** How many whole numbers stand where no fact depends on them; every other number makes the count fall short. */
export function inertNumbers(node: Node, text: string): number {
  const type = Object.keys(node)[0] as string
  return text.length <= CHARACTERS_MAX && STATEMENTS.has(type) ? countIn(node) : 0
}

type Fields = Readonly<Record<string, unknown>>

function countIn(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0
  let count = 0
  if (Array.isArray(value)) {
    for (const each of value) count += countIn(each)
    return count
  }
  for (const name in value) {
    const child = (value as Fields)[name]
    count += countAs(name, child) + countIn(child)
  }
  return count
}

/** What this very field holds; its depths are counted by the fields in them. */
function countAs(name: string, value: unknown): number {
  switch (name) {
    case 'whereClause':
    case 'quals':
      return inCondition(value as Node)
    case 'valuesLists':
      return inRows(value as readonly Node[])
    case 'UpdateStmt':
      return inAssignments((value as { targetList?: readonly Node[] }).targetList ?? [])
    case 'limitCount':
    case 'limitOffset':
      return isNumber(value) ? 1 : 0
    default:
      return 0
  }
}

const COMPARISONS: ReadonlySet<string> = new Set(['=', '<', '>', '<=', '>=', '<>'])
const SUMS: ReadonlySet<string> = new Set(['+', '-'])

/**
 * `column = 5`, `column IN (1, 2)`, `column BETWEEN 1 AND 9`, alone or tied by AND. Below OR and NOT a number can make
 * the difference between a condition and one that always holds: `id = 1 OR NOT id = 1`.
 */
function inCondition(node: Node): number {
  if ('BoolExpr' in node) {
    const { boolop, args = [] } = node.BoolExpr
    return boolop === 'AND_EXPR' ? args.reduce((sum, arg) => sum + inCondition(arg), 0) : 0
  }
  if (!('A_Expr' in node) || !isColumn(node.A_Expr.lexpr)) return 0
  const { kind, rexpr } = node.A_Expr
  if (kind === 'AEXPR_IN' || kind === 'AEXPR_BETWEEN') {
    return ((rexpr as { List?: { items?: readonly Node[] } }).List?.items ?? []).filter(isNumber).length
  }
  return isOperation(node.A_Expr, COMPARISONS) && isNumber(rexpr) ? 1 : 0
}

/** The rows of VALUES: each value goes to a column as it is. */
function inRows(rows: readonly Node[]): number {
  const items = rows.flatMap((row) => (row as { List?: { items?: readonly Node[] } }).List?.items ?? [])
  return items.filter(isNumber).length
}

/** `SET column = 5`, `SET column = column + 5`. */
function inAssignments(targets: readonly Node[]): number {
  const values = targets.map((target) => (target as { ResTarget?: { val?: Node } }).ResTarget?.val)
  return values.filter((value) => isNumber(value) || isSum(value)).length
}

function isSum(value: Node | undefined): boolean {
  if (value === undefined || !('A_Expr' in value)) return false
  return isOperation(value.A_Expr, SUMS) && isColumn(value.A_Expr.lexpr) && isNumber(value.A_Expr.rexpr)
}

function isOperation({ kind, name = [] }: { kind?: string; name?: readonly Node[] }, among: ReadonlySet<string>) {
  const operator = (name[0] as { String?: { sval?: string } } | undefined)?.String?.sval ?? ''
  return kind === 'AEXPR_OP' && name.length === 1 && among.has(operator)
}

const isColumn = (node: unknown): boolean => typeof node === 'object' && node !== null && 'ColumnRef' in node

function isNumber(node: unknown): boolean {
  return (node as { A_Const?: { ival?: Fields } } | undefined)?.A_Const?.ival !== undefined
}
