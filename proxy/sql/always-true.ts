import type { BoolExpr, BooleanTest, CaseExpr, Node } from 'libpg-query'
import { compared, mayHoldOpposites, oppositeShape, shape, type Verdict } from './comparison.ts'
import type { Item, Scope } from './scope.ts'
import { namesSome } from './select-flags.ts'

/**
 * A WHERE that holds nothing back: `1 = 1`, `id = id`, `true OR …`, `NOT false`; and one that does not look at the row
 * at all (`$1`, `random() > 0`, `$1 IS NULL OR id = $1`), which is true of every row or of none. What is surely false
 * is not.
 */
export function isAlwaysTrue(condition: Node, target: Item, scope: Scope): boolean {
  return holdsNothingBack(condition, (node) => !namesSome(node, scope, (item) => item.name === target.name))
}

/** @param ignoresRow whether a part of the condition looks at no row */
export function holdsNothingBack(condition: Node, ignoresRow: (node: Node) => boolean): boolean {
  return holds(condition, ignoresRow) === true
}

/** @returns true: cannot hold a row back; false: surely holds all back; null: depends on the row */
function holds(node: Node, ignoresRow: (node: Node) => boolean): Verdict {
  if ('BoolExpr' in node) return combined(node.BoolExpr, ignoresRow)
  if ('A_Const' in node) return literal(node)
  if ('CaseExpr' in node && !ignoresRow(node)) return chosen(node.CaseExpr, ignoresRow)
  if ('TypeCast' in node && node.TypeCast.arg !== undefined) {
    const inner = holds(node.TypeCast.arg, ignoresRow)
    if (inner !== null) return inner
  }
  if ('A_Expr' in node) {
    const verdict = compared(node.A_Expr)
    if (verdict !== null) return verdict
  }
  if ('BooleanTest' in node && !ignoresRow(node)) return tested(node.BooleanTest, ignoresRow)
  if ('CoalesceExpr' in node && node.CoalesceExpr.args?.[0] !== undefined && !ignoresRow(node))
    return holds(node.CoalesceExpr.args[0], ignoresRow) === true ? true : null
  if ('CurrentOfExpr' in node) return null
  return ignoresRow(node) ? true : null
}

/** CASE holds nothing back when no branch that can be reached does. */
function chosen({ arg, args = [], defresult }: CaseExpr, ignoresRow: (node: Node) => boolean): Verdict {
  for (const branch of args) {
    if (!('CaseWhen' in branch)) return null
    const { expr, result } = branch.CaseWhen
    if (expr === undefined || result === undefined) return null
    const reached = arg === undefined ? holds(expr, ignoresRow) : null
    if (reached === false) continue
    if (holds(result, ignoresRow) !== true) return null
    if (reached === true) return true
  }
  return defresult !== undefined && holds(defresult, ignoresRow) === true ? true : null
}

function combined({ boolop, args = [] }: BoolExpr, ignoresRow: (node: Node) => boolean): Verdict {
  const verdicts = args.map((arg) => holds(arg, ignoresRow))
  if (boolop === 'NOT_EXPR') return negated(args[0], verdicts[0] ?? null)
  if (boolop === 'AND_EXPR') {
    if (verdicts.includes(false)) return false
    return verdicts.every((verdict) => verdict === true) ? true : null
  }
  if (verdicts.includes(true) || hasOpposites(args)) return true
  return verdicts.every((verdict) => verdict === false) ? false : null
}

/** NOT of what does not look at the row is again such a thing, and not a surely false one. */
function negated(arg: Node | undefined, verdict: Verdict): Verdict {
  if (verdict === null) return null
  const constant =
    arg !== undefined &&
    ('A_Const' in arg || ('TypeCast' in arg && arg.TypeCast.arg !== undefined && 'A_Const' in arg.TypeCast.arg))
  if (verdict && constant) return false
  if (verdict && arg !== undefined && 'A_Expr' in arg && compared(arg.A_Expr) === true) return false
  return true
}

function hasOpposites(args: readonly Node[]): boolean {
  if (!mayHoldOpposites(args)) return false
  const all = new Set(args.map(shape))
  return args.some((arg) => all.has(oppositeShape(arg) ?? ''))
}

/** IS TRUE and its like say of no row more than what they test. */
function tested({ arg, booltesttype }: BooleanTest, ignoresRow: (node: Node) => boolean): Verdict {
  if (arg === undefined || (booltesttype !== 'IS_TRUE' && booltesttype !== 'IS_NOT_FALSE')) return null
  return holds(arg, ignoresRow)
}

function literal({ A_Const: constant }: Extract<Node, { A_Const: unknown }>): Verdict {
  if (constant.isnull === true) return false
  if (constant.boolval !== undefined) return constant.boolval.boolval === true
  if (constant.sval !== undefined) return /^\s*(t|tr|tru|true|y|ye|yes|on|1)\s*$/i.test(constant.sval.sval ?? '')
  return null
}
