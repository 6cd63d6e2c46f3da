import type { A_Expr, BoolExpr, CaseExpr, Node } from 'libpg-query'
import type { Item, Scope } from './scope.ts'
import { itemsIn } from './select-flags.ts'
import { stringsOf } from './tree.ts'

/**
 * A WHERE that holds nothing back: `1 = 1`, `id = id`, `true OR …`, `NOT false`; and one that does not look at the row
 * at all (`$1`, `random() > 0`, `$1 IS NULL OR id = $1`), which is true of every row or of none. What is surely false
 * is not.
 */
export function isAlwaysTrue(condition: Node, target: Item, scope: Scope): boolean {
  return holdsNothingBack(condition, (node) => !itemsIn(node, scope).some((item) => item.name === target.name))
}

/** @param ignoresRow whether a part of the condition looks at no row */
export function holdsNothingBack(condition: Node, ignoresRow: (node: Node) => boolean): boolean {
  return holds(condition, ignoresRow) === true
}

type Verdict = boolean | null

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
  const all = new Set(args.map(shape))
  return args.some(
    (arg) => 'BoolExpr' in arg && arg.BoolExpr.boolop === 'NOT_EXPR' && all.has(shape(arg.BoolExpr.args?.[0])),
  )
}

/** A node without its places in the text, to see whether two say the same. */
function shape(node: Node | undefined): string {
  return JSON.stringify(node, (key, value) => (key === 'location' ? undefined : value)) ?? ''
}

function literal({ A_Const: constant }: Extract<Node, { A_Const: unknown }>): Verdict {
  if (constant.isnull === true) return false
  if (constant.boolval !== undefined) return constant.boolval.boolval === true
  if (constant.sval !== undefined) return /^\s*(t|tr|tru|true|y|ye|yes|on|1)\s*$/i.test(constant.sval.sval ?? '')
  return null
}

const reflexive = new Set(['=', '<=', '>=', '~~', '~~*'])
const irreflexive = new Set(['<>', '<', '>', '!~~', '!~~*'])

function compared({ kind, name, lexpr, rexpr }: A_Expr): Verdict {
  if (lexpr === undefined || rexpr === undefined) return null
  const operator = stringsOf(name).at(-1) ?? ''
  const same = shape(lexpr) === shape(rexpr)
  if (kind === 'AEXPR_NOT_DISTINCT' && same) return true
  if (kind === 'AEXPR_LIKE' && matchesAll(rexpr)) return !operator.startsWith('!')
  if (kind === 'AEXPR_IN' && 'List' in rexpr) return isListed(lexpr, rexpr.List.items ?? []) ? operator === '=' : null
  if (kind !== 'AEXPR_OP' && kind !== 'AEXPR_LIKE') return null
  const [left, right] = [numberOf(lexpr), numberOf(rexpr)]
  if (left !== null && right !== null) return ordered(operator, left, right)
  if (!same) return areTexts(lexpr, rexpr) ? operator !== '=' : null
  return reflexive.has(operator) ? true : irreflexive.has(operator) ? false : null
}

function matchesAll(pattern: Node): boolean {
  return 'A_Const' in pattern && pattern.A_Const.sval !== undefined && /^%+$/.test(pattern.A_Const.sval.sval ?? '')
}

function isListed(value: Node, list: readonly Node[]): boolean {
  return list.some((each) => shape(each) === shape(value))
}

function areTexts(a: Node, b: Node): boolean {
  if (!('A_Const' in a) || !('A_Const' in b)) return false
  return a.A_Const.sval !== undefined && b.A_Const.sval !== undefined
}

function numberOf(node: Node): number | null {
  if ('TypeCast' in node && node.TypeCast.arg !== undefined) return numberOf(node.TypeCast.arg)
  if (!('A_Const' in node)) return null
  if (node.A_Const.ival !== undefined) return node.A_Const.ival.ival ?? 0
  return node.A_Const.fval === undefined ? null : Number(node.A_Const.fval.fval)
}

function ordered(operator: string, left: number, right: number): Verdict {
  const results: Readonly<Record<string, boolean>> = {
    '=': left === right,
    '<>': left !== right,
    '!=': left !== right,
    '<': left < right,
    '>': left > right,
    '<=': left <= right,
    '>=': left >= right,
  }
  return results[operator] ?? null
}
