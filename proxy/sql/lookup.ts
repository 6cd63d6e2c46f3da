import type { A_Expr, ColumnRef, FuncCall, Node } from 'libpg-query'
import type { Source } from '../catalog/snapshot.ts'
import { resolveReference } from './column-reference.ts'
import type { Context } from './context.ts'
import type { Scope } from './scope.ts'
import { stringsOf } from './tree.ts'
import { noSources } from './value.ts'

/**
 * A comparison that tells of a column no more than whether it is a value that the asker knows already: `email = $1`,
 * `lower(email) IN ('a', 'b')`, or whether it equals another labelled column. Whatever else decides by a column (a part
 * of it, an order, a pattern, rows to compare it with) can be made to spell it out, in one statement.
 */
export function isLookup(context: Context, { kind, name, lexpr, rexpr }: A_Expr, scope: Scope): boolean {
  if (kind === undefined || !kinds.has(kind) || !equalities.has(stringsOf(name).at(-1) ?? '')) return false
  if (lexpr === undefined || rexpr === undefined) return false
  const [left, right] = [isWhole(context, lexpr, scope), isWhole(context, rexpr, scope)]
  if (left === null || right === null)
    return (left ?? right) !== null && isKnown(context, left === null ? lexpr : rexpr, scope)
  return left === 'labelled' && right === 'labelled'
}

const kinds: ReadonlySet<string> = new Set([
  'AEXPR_OP',
  'AEXPR_OP_ANY',
  'AEXPR_IN',
  'AEXPR_DISTINCT',
  'AEXPR_NOT_DISTINCT',
])
const equalities: ReadonlySet<string> = new Set(['=', '<>'])

/** A column as it is, or without regard to case; null for anything else. */
function isWhole(context: Context, node: Node, scope: Scope): 'labelled' | 'plain' | null {
  if ('FuncCall' in node) {
    const arg = folded(context, node.FuncCall)
    return arg === null ? null : isWhole(context, arg, scope)
  }
  if (!('ColumnRef' in node)) return null
  const { exact, sources } = resolveReference(context, node.ColumnRef, scope)
  if (!exact || sources.length !== 1) return null
  return (sources[0]?.labels.length ?? 0) > 0 ? 'labelled' : 'plain'
}

/**
 * The columns that a value is moved from as it is, or without regard to case, or in place of NULL; null: it is computed.
 * A cast may leave a part of it. What is computed of labelled columns meets the table's own constraints, which fail for some values and not for others.
 */
export function movedFrom(
  context: Context,
  node: Node | undefined,
  scope: Scope,
  cast: 'cast' | 'as it is' = 'cast',
): readonly Source[] | null {
  if (node === undefined || 'A_Const' in node || 'ParamRef' in node || 'SetToDefault' in node) return noSources
  if ('ColumnRef' in node) return ofColumn(node)
  if ('TypeCast' in node) return cast === 'cast' ? movedFrom(context, node.TypeCast.arg, scope, cast) : null
  const folds = 'FuncCall' in node ? folded(context, node.FuncCall) : null
  if (folds !== null) return movedFrom(context, folds, scope, cast)
  if (!('CoalesceExpr' in node)) return null
  const parts = (node.CoalesceExpr.args ?? []).map((arg) => movedFrom(context, arg, scope, cast))
  return parts.every((part) => part !== null) ? parts.flat() : null

  function ofColumn({ ColumnRef: reference }: { readonly ColumnRef: ColumnRef }): readonly Source[] | null {
    const { exact, sources } = resolveReference(context, reference, scope)
    return exact || sources.length === 0 ? sources : null
  }
}

/** A constant, or a parameter that the client gives: of a function's own parameter that is not known. */
function isKnown(context: Context, node: Node, scope: Scope): boolean {
  if ('A_Const' in node) return true
  if ('ParamRef' in node) return scope.parameters === null
  if ('TypeCast' in node) return node.TypeCast.arg !== undefined && isKnown(context, node.TypeCast.arg, scope)
  if ('List' in node) return (node.List.items ?? []).every((item) => isKnown(context, item, scope))
  if ('A_ArrayExpr' in node) return (node.A_ArrayExpr.elements ?? []).every((item) => isKnown(context, item, scope))
  const arg = 'FuncCall' in node ? folded(context, node.FuncCall) : null
  return arg !== null && isKnown(context, arg, scope)
}

/** The argument of the server's own lower or upper. */
function folded(context: Context, { funcname, args = [] }: FuncCall): Node | null {
  const name = stringsOf(funcname).at(-1) ?? ''
  if ((name !== 'lower' && name !== 'upper') || args.length !== 1) return null
  return context.snapshot.routines(name).every(({ builtin }) => builtin) ? (args[0] ?? null) : null
}

/** What is sorted or grouped by a column as it is puts its rows beside each other, and says no more of them. */
export function isAsItIs(context: Context, node: Node | undefined, scope: Scope): boolean {
  return node !== undefined && 'ColumnRef' in node && resolveReference(context, node.ColumnRef, scope).exact
}
