import type { A_Expr, Node } from 'libpg-query'
import { stringsOf } from './tree.ts'

/** true: of every row; false: of none; null: it depends on the row. */
export type Verdict = boolean | null

const reflexive = new Set(['=', '<=', '>=', '~~', '~~*'])
const irreflexive = new Set(['<>', '<', '>', '!~~', '!~~*'])

/** @returns what a comparison says of every row whatever is in it; null: it depends. NULL aside, as in `id = id`. */
export function compared({ kind, name, lexpr, rexpr }: A_Expr): Verdict {
  if (lexpr === undefined || rexpr === undefined) return null
  const operator = stringsOf(name).at(-1) ?? ''
  const same = isSame(lexpr, rexpr)
  if (kind === 'AEXPR_NOT_DISTINCT' && same) return true
  if (kind === 'AEXPR_LIKE' && matchesAll(rexpr)) return !operator.startsWith('!')
  if (kind === 'AEXPR_IN' && 'List' in rexpr) return isListed(lexpr, rexpr.List.items ?? []) ? operator === '=' : null
  if (kind === 'AEXPR_BETWEEN' && 'List' in rexpr)
    return (rexpr.List.items ?? []).every((bound) => isSame(lexpr, bound)) ? true : null
  if (kind !== 'AEXPR_OP' && kind !== 'AEXPR_LIKE') return null
  const left = numberOf(lexpr)
  const right = numberOf(rexpr)
  if (left !== null && right !== null) return ordered(operator, left, right)
  if (!same) return areTexts(lexpr, rexpr) ? operator !== '=' : null
  return reflexive.has(operator) ? true : irreflexive.has(operator) ? false : null
}

function matchesAll(pattern: Node): boolean {
  return 'A_Const' in pattern && pattern.A_Const.sval !== undefined && /^%+$/.test(pattern.A_Const.sval.sval ?? '')
}

function isListed(value: Node, list: readonly Node[]): boolean {
  return list.some((each) => isSame(each, value))
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

/** A node without its places in the text, to see whether two say the same. */
export function shape(node: Node | undefined): string {
  return node === undefined ? '' : written(node)
}

/** By hand: JSON.stringify with a function that leaves places out took a third of all that a long WHERE costs. */
function written(value: unknown): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? ''
  let text = ''
  if (Array.isArray(value)) {
    for (const each of value) text += `${written(each)},`
    return `[${text}]`
  }
  for (const key in value) if (key !== 'location') text += `${key}:${written((value as Fields)[key])},`
  return `{${text}}`
}

type Fields = Readonly<Record<string, unknown>>

/** Whether two nodes have the same shape. */
function isAlike(a: unknown, b: unknown): boolean {
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return a === b
  if (Array.isArray(a) !== Array.isArray(b)) return false
  for (const key in a) if (key !== 'location' && !isAlike((a as Fields)[key], (b as Fields)[key])) return false
  for (const key in b) if (key !== 'location' && !(key in a)) return false
  return true
}

/** `id` and `payments.id` are one column: were there another `id`, the server would not know which is meant. */
function isSame(a: Node, b: Node): boolean {
  if (isAlike(a, b)) return true
  if (!('ColumnRef' in a) || !('ColumnRef' in b)) return false
  const [short = [], long = []] = [stringsOf(a.ColumnRef.fields), stringsOf(b.ColumnRef.fields)].sort(
    (one, other) => one.length - other.length,
  )
  return short.length > 0 && short.every((name, index) => name === long[long.length - short.length + index])
}

const opposites: Readonly<Record<string, string>> = { '=': '<>', '<>': '=', '<': '>=', '>=': '<', '>': '<=', '<=': '>' }

/** Whether one of these can be the opposite of another, told by their operators alone. */
export function mayHoldOpposites(nodes: readonly Node[]): boolean {
  const operators = new Set<string>()
  for (const node of nodes) {
    if ('BoolExpr' in node && node.BoolExpr.boolop === 'NOT_EXPR') return true
    if ('A_Expr' in node && node.A_Expr.kind === 'AEXPR_OP') operators.add(stringsOf(node.A_Expr.name).join('.'))
  }
  for (const operator of operators) if (operators.has(opposites[operator] ?? '')) return true
  return false
}

/** `a < 5` for `a >= 5`: the shape of what is true of just the rows of which this is not; null for other nodes. */
export function oppositeShape(node: Node): string | null {
  if ('BoolExpr' in node && node.BoolExpr.boolop === 'NOT_EXPR') return shape(node.BoolExpr.args?.[0])
  if (!('A_Expr' in node) || node.A_Expr.kind !== 'AEXPR_OP') return null
  const opposite = opposites[stringsOf(node.A_Expr.name).join('.')]
  return opposite === undefined ? null : shape({ A_Expr: { ...node.A_Expr, name: [{ String: { sval: opposite } }] } })
}
