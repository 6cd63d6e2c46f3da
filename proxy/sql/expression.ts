import type { A_Expr, A_Indirection, ColumnRef, FuncCall, Node, NullTest, SubLink, WindowDef } from 'libpg-query'
import type { ColumnUse } from '../../policies/input.ts'
import type { Source } from '../catalog/snapshot.ts'
import { branches, coalesced, conjunction } from './branching.ts'
import { columnReference } from './column-reference.ts'
import { type Context, spend } from './context.ts'
import { functionCall } from './function-call.ts'
import { grammar } from './grammar.ts'
import { isAsItIs, isLookup } from './lookup.ts'
import { useType } from './names.ts'
import { operator } from './operator.ts'
import { isPreset } from './preset.ts'
import { innerScope, type Scope } from './scope.ts'
import { select } from './select.ts'
import { probe, probeByNode } from './steady.ts'
import { fieldsOf, type NodeFields, typeOf } from './tree.ts'
import { typeCast } from './type-cast.ts'
import { constant, derived, union, unionOf, type Value } from './value.ts'

/** Walks one expression: records every column by how it is used, and returns what its value is fed by. */
export function expression(context: Context, node: Node | undefined, scope: Scope, use: ColumnUse): Value {
  const type = typeOf(node)
  if (node === undefined || type === undefined) return constant
  spend(context)
  const handler = handlers[type]
  if (handler !== undefined) return handler(context, fieldsOf(node, type) as never, scope, use)
  const sources = children(context, type, fieldsOf(node, type), scope, use)
  probeByNode(context, type, sources)
  return derived(sources)
}

export function expressions(
  context: Context,
  nodes: readonly Node[] | undefined,
  scope: Scope,
  use: ColumnUse,
): Value[] {
  return nodes?.map((node) => expression(context, node, scope, use)) ?? []
}

/** Any other node: all its children, by the grammar list, feed it. */
export function children(
  context: Context,
  type: string,
  fields: NodeFields,
  scope: Scope,
  use: ColumnUse,
): readonly Source[] {
  const known = grammar[type]
  if (known === undefined) {
    context.record.effect('unknown')
    context.record.unresolved('node', type)
    return []
  }
  let sources: readonly Source[] = []
  for (const name in fields) {
    const kind = known[name]
    if (kind === 0) continue
    const value = fields[name]
    if (kind === 1) sources = union(sources, expression(context, value as Node, scope, use).sources)
    else if (kind === 2) sources = union(sources, unionOf(expressions(context, value as Node[], scope, use)))
    else if (kind !== undefined) sources = union(sources, unwrapped(context, kind, value as NodeFields, scope, use))
  }
  return sources
}

/** A child that is written without its type's name. */
function unwrapped(
  context: Context,
  type: string,
  fields: NodeFields,
  scope: Scope,
  use: ColumnUse,
): readonly Source[] {
  return expression(context, { [type]: fields } as unknown as Node, scope, use).sources
}

type Handler = (context: Context, fields: never, scope: Scope, use: ColumnUse) => Value

const handlers: Readonly<Record<string, Handler | undefined>> = Object.assign(Object.create(null), {
  ColumnRef: (context: Context, reference: ColumnRef, scope: Scope, use: ColumnUse) =>
    columnReference(context, reference, scope, use),
  ParamRef: (_: Context, { number = 0 }: { number?: number }, scope: Scope) =>
    scope.parameters?.positions[number - 1] ?? constant,
  A_Const: () => constant,
  A_Expr: (context: Context, fields: A_Expr, scope: Scope, use: ColumnUse) => {
    if (isPreset(context, { A_Expr: fields }, scope, use)) return operator(context, fields, scope, 'preset')
    return isLookup(context, fields, scope)
      ? context.record.plainly(() => operator(context, fields, scope, use))
      : operator(context, fields, scope, use)
  },
  NullTest: (context: Context, fields: NullTest, scope: Scope, use: ColumnUse) => {
    const used = isPreset(context, { NullTest: fields }, scope, use) ? 'preset' : use
    return derived(asItIs(context, fields.arg, scope, used).sources)
  },
  FuncCall: (context: Context, call: FuncCall, scope: Scope, use: ColumnUse) => functionCall(context, call, scope, use),
  TypeCast: typeCast,
  TypeName: (context: Context, typeName: never) => {
    useType(context, typeName)
    return constant
  },
  SubLink: subLink,
  A_Indirection: indirection,
  RowExpr: row,
  CaseExpr: branches,
  BoolExpr: conjunction,
  CoalesceExpr: coalesced,
  // What a window is made by feeds what is computed over it, and is judged there.
  WindowDef: (context: Context, window: WindowDef, scope: Scope, use: ColumnUse) =>
    context.record.plainly(() => windowOf(context, window, scope, use)),
  SortBy: (context: Context, { node }: { node?: Node }, scope: Scope) => asItIs(context, node, scope, 'sorted'),
  GroupingFunc: (context: Context, { args }: { args?: Node[] }, scope: Scope) => {
    expressions(context, args, scope, 'grouped')
    return constant
  },
  CollateClause: (context: Context, { arg }: { arg?: Node }, scope: Scope, use: ColumnUse) => {
    const { sources, type } = expression(context, arg, scope, use)
    return derived(sources, type)
  },
  SelectStmt: (context: Context, statement: never, scope: Scope, use: ColumnUse) =>
    derived(unionOf(select(context, statement, scope, use).columns.all())),
  MergeSupportFunc: () => constant,
  CurrentOfExpr: () => constant,
  SetToDefault: () => constant,
  // A statement or a relation has no place inside an expression; the walk that meets one there has lost its way.
  RangeVar: (context: Context, { relname = '' }: { relname?: string }) => {
    context.record.unresolved('node', `relation ${relname} inside an expression`)
    return constant
  },
})

/** A column that stands alone only puts rows in order or into groups. */
export function asItIs(context: Context, node: Node | undefined, scope: Scope, use: ColumnUse): Value {
  if (!isAsItIs(context, node, scope)) return expression(context, node, scope, use)
  return context.record.plainly(() => expression(context, node, scope, use))
}

function subLink(context: Context, fields: SubLink, scope: Scope, use: ColumnUse): Value {
  context.seen.add(fields)
  const test = expression(context, fields.testexpr, scope, use)
  const subselect = fields.subselect
  if (subselect === undefined || !('SelectStmt' in subselect)) {
    context.record.unresolved('node', 'subquery')
    return constant
  }
  const result = select(context, subselect.SelectStmt, innerScope(scope, []), use)
  // Whether there is a row says nothing about what is in its columns; the conditions are recorded as such.
  if (fields.subLinkType === 'EXISTS_SUBLINK') return constant
  const columns = result.columns.all()
  const single = fields.subLinkType === 'EXPR_SUBLINK' ? (columns[0]?.type ?? 0) : 0
  return derived(union(test.sources, union(unionOf(columns), result.columns.open ?? [])), single)
}

/** `(row).field`, `array[i]`, `(row).*` */
function indirection(context: Context, fields: A_Indirection, scope: Scope, use: ColumnUse): Value {
  let value = expression(context, fields.arg, scope, use)
  for (const step of fields.indirection ?? []) {
    if ('String' in step) value = fieldOf(context, value, step.String.sval ?? '')
    else if ('A_Indices' in step) {
      const bounds = expressions(
        context,
        [step.A_Indices.lidx, step.A_Indices.uidx].filter((it) => it !== undefined),
        scope,
        use,
      )
      // Of slices of unlike sizes no array can be made.
      probe(context, unionOf(bounds))
      value = derived(unionOf([value, ...bounds]))
    }
  }
  return value
}

/** One field of a row. Of a row whose fields are not known, all that feeds it. */
export function fieldOf(context: Context, value: Value, name: string): Value {
  const field = value.row?.find((column) => column.name === name)
  if (field !== undefined) return field
  const relation = context.snapshot.relationByRowType(context.snapshot.baseType(value.type))
  const attribute = relation?.attributes.find((each) => each.name === name)
  return derived(value.sources, attribute?.type ?? 0)
}

function row(context: Context, { args }: { args?: Node[] }, scope: Scope, use: ColumnUse): Value {
  const values = expressions(context, args, scope, use)
  const fields = values.map((value, index) => ({ ...value, name: `f${index + 1}`, self: null }))
  return { sources: unionOf(values), exact: false, type: 0, row: fields }
}

/** A window's partition and order decide what a window function returns, so they feed it. */
function windowOf(context: Context, window: WindowDef, scope: Scope, use: ColumnUse): Value {
  const groups = expressions(context, window.partitionClause, scope, 'grouped')
  const orders = expressions(context, window.orderClause, scope, 'sorted')
  const bounds = [
    expression(context, window.startOffset, scope, use),
    expression(context, window.endOffset, scope, use),
  ]
  const referred = scope.windows.get(window.refname ?? '') ?? scope.windows.get(window.name ?? '') ?? []
  return derived(union(referred, unionOf([...groups, ...orders, ...bounds])))
}
