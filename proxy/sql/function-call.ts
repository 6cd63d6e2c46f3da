import type { FuncCall, Node } from 'libpg-query'
import type { ColumnUse } from '../../policies/input.ts'
import type { Routine } from '../catalog/definitions.ts'
import { recordUse } from './column-reference.ts'
import type { Context } from './context.ts'
import { expression, expressions, fieldOf } from './expression.ts'
import { functionMissing } from './missing-names.ts'
import { lookUpType, type QualifiedName, qualifiedName } from './names.ts'
import { callRoutine, candidates, recordSequence } from './routines.ts'
import type { Scope } from './scope.ts'
import { stringsOf } from './tree.ts'
import { castTo } from './type-cast.ts'
import { uncommittedOf } from './uncommitted-changes.ts'
import { constant, derived, union, unionOf, type Value } from './value.ts'

export interface Called {
  readonly value: Value
  /** The functions that it can be. */
  readonly routines: readonly Routine[]
}

export function functionCall(context: Context, call: FuncCall, scope: Scope, use: ColumnUse): Value {
  return calledFunction(context, call, scope, use).value
}

/** A call with its arguments, FILTER, ORDER BY and OVER. */
export function calledFunction(context: Context, call: FuncCall, scope: Scope, use: ColumnUse): Called {
  context.seen.add(call)
  const written = expressions(context, call.args, scope, use)
  // WITHIN GROUP (ORDER BY x) aggregates x; any other order only arranges.
  const isWithin = call.agg_within_group === true
  const ordered = expressions(
    context,
    isWithin ? sortedBy(call.agg_order) : call.agg_order,
    scope,
    isWithin ? use : 'sorted',
  )
  const values = isWithin ? [...written, ...ordered] : written
  expression(context, call.agg_filter, scope, 'filtered')
  const window = call.over === undefined ? constant : expression(context, { WindowDef: call.over }, scope, use)
  const name = qualifiedName(call.funcname)
  const routines = candidates(context, name, values)
  if (uncommittedOf(context.names.uncommitted).changesRoutine(name.name)) {
    context.record.effect('unknown')
    context.record.unresolved('function', `${name.name}, changed in this transaction`)
  }
  if (routines.some(({ returnsSet }) => returnsSet)) decideRows(context, values)
  const field = fieldCalled(context, name, values, routines)
  const value =
    field ?? (routines.length === 0 ? notAFunction(context, name, call, values) : callAll(context, routines, values))
  recordSpecial(context, name, call.args ?? [], scope)
  return { value: window.sources.length === 0 ? value : derived(union(value.sources, window.sources)), routines }
}

function sortedBy(nodes: readonly Node[] | undefined): readonly Node[] {
  return (nodes ?? []).flatMap((node) =>
    'SortBy' in node && node.SortBy.node !== undefined ? [node.SortBy.node] : [node],
  )
}

/** How many rows a function returns depends on what it is given. */
export function decideRows(context: Context, values: readonly Value[]): void {
  for (const value of values) {
    if (value.exact) context.record.plainly(() => recordUse(context, value, 'filtered'))
    else recordUse(context, value, 'filtered')
  }
}

function callAll(context: Context, routines: readonly Routine[], values: readonly Value[]): Value {
  const results = routines.map((routine) => callRoutine(context, routine, values))
  const [first] = results
  if (first !== undefined && results.every((result) => result.type === first.type))
    return derived(unionOf(results), polymorphic(context, first.type) ? 0 : first.type)
  return derived(unionOf(results))
}

function polymorphic(context: Context, type: number): boolean {
  return context.snapshot.typeByOid(type)?.kind === 'pseudo'
}

/** `email(u)` is `u.email`, unless a function of that name takes a row. */
function fieldCalled(
  context: Context,
  { schema, name }: QualifiedName,
  values: readonly Value[],
  routines: readonly Routine[],
): Value | null {
  const [value] = values
  if (schema !== null || values.length !== 1 || value === undefined || value.row === null) return null
  if (!value.row.some((column) => column.name === name)) return null
  const takesRow = routines.some(({ argumentTypes: [type = 0] }) => {
    const kind = context.snapshot.typeByOid(type)?.kind
    return type === value.type || kind === 'pseudo' || kind === 'composite' || kind === undefined
  })
  return takesRow ? null : fieldOf(context, value, name)
}

/** `text(x)` is `x::text`. */
function notAFunction(context: Context, name: QualifiedName, call: FuncCall, values: readonly Value[]): Value {
  const [value] = values
  if (value !== undefined && values.length === 1) {
    const type = lookUpType(context, name)
    if (type !== null) return castTo(context, value, type.oid, type)
  }
  functionMissing(context, name, call, values)
  return derived(unionOf(values))
}

/** Functions whose arguments say what they touch. */
function recordSpecial(context: Context, { schema, name }: QualifiedName, args: readonly Node[], scope: Scope): void {
  if (schema !== null && schema !== 'pg_catalog') return
  if (name === 'set_config') recordSetting(context, args, scope)
  else if (name === 'nextval' || name === 'setval') recordSequence(context, textOf(args[0]) ?? '')
}

function recordSetting(context: Context, [name, value, isLocal]: readonly Node[], from: Scope): void {
  const setting = textOf(name) ?? fixedText(name, from.condition)
  if (setting === null) {
    context.record.effect('unknown')
    context.record.unresolved('function', 'set_config of a setting that is not a constant')
    return
  }
  const scope = booleanOf(isLocal) === true ? 'transaction' : 'session'
  context.record.setting({ name: setting.toLowerCase(), value: textOf(value), scope })
}

/** The constant that a column must equal for the row to be there: pg_dump sets what pg_settings WHERE name = … has. */
function fixedText(column: Node | undefined, condition: Node | undefined): string | null {
  if (column === undefined || condition === undefined || !('ColumnRef' in column)) return null
  if ('BoolExpr' in condition && condition.BoolExpr.boolop === 'AND_EXPR') {
    for (const arg of condition.BoolExpr.args ?? []) {
      const text = fixedText(column, arg)
      if (text !== null) return text
    }
  }
  if (!('A_Expr' in condition) || condition.A_Expr.kind !== 'AEXPR_OP') return null
  const { lexpr, rexpr, name } = condition.A_Expr
  if (stringsOf(name).join() !== '=' || lexpr === undefined || !('ColumnRef' in lexpr)) return null
  const same = stringsOf(lexpr.ColumnRef.fields).join('.') === stringsOf(column.ColumnRef.fields).join('.')
  return same ? textOf(rexpr) : null
}

/** The text of a string constant, a cast of it to anything included. */
export function textOf(node: Node | undefined): string | null {
  if (node === undefined) return null
  if ('TypeCast' in node) return textOf(node.TypeCast.arg)
  return 'A_Const' in node ? (node.A_Const.sval?.sval ?? (node.A_Const.sval === undefined ? null : '')) : null
}

function booleanOf(node: Node | undefined): boolean | null {
  if (node === undefined || !('A_Const' in node)) return null
  return node.A_Const.boolval === undefined ? null : (node.A_Const.boolval.boolval ?? false)
}
