import type { A_Expr, ColumnRef, FuncCall, Node } from 'libpg-query'
import type { ColumnUse } from '../../policies/input.ts'
import type { Source } from '../catalog/snapshot.ts'
import { TEMPORARY_SCHEMA } from '../catalog/temporaries.ts'
import { resolveReference } from './column-reference.ts'
import type { Context } from './context.ts'
import type { Scope } from './scope.ts'
import { stringsOf } from './tree.ts'

/**
 * `WHERE email LIKE '%@example.org'` in the query of a view is not the asker's condition. Where it compares one column
 * with constants and with nothing else, it is true or false of a row whatever the asker does, so that they can ask
 * nothing by it: not with rows or settings of theirs, nor with another column of the same row that they may write.
 * Whoever made the view was asked when it was made.
 */
export function isPreset(context: Context, node: Node, scope: Scope, use: ColumnUse): boolean {
  if ((use !== 'filtered' && use !== 'joined') || !isInLastingView(context)) return false
  const columns = new Set<Source>()
  if (!isOfColumnAndConstants(context, node, scope, columns)) return false
  const [column, ...others] = columns
  return others.length === 0 && (column?.labels.length ?? 0) > 0
}

/** A temporary one is the session's own, made by whoever asks. */
function isInLastingView({ inside, snapshot }: Context): boolean {
  const oid = /^view (\d+)$/.exec(inside.at(-1) ?? '')?.[1]
  const view = oid === undefined ? undefined : snapshot.relationByOid(Number(oid))
  return view !== undefined && view.schema !== TEMPORARY_SCHEMA
}

type Part = (context: Context, fields: never, scope: Scope, columns: Set<Source>) => boolean

const parts: Readonly<Record<string, Part | undefined>> = Object.assign(Object.create(null), {
  A_Const: () => true,
  ColumnRef: (context: Context, reference: ColumnRef, scope: Scope, columns: Set<Source>) => {
    const { sources, exact } = resolveReference(context, reference, scope)
    for (const source of sources) columns.add(source)
    return exact && sources.length === 1
  },
  TypeCast: (context: Context, { arg }: { arg?: Node }, scope: Scope, columns: Set<Source>) =>
    all(context, [arg], scope, columns),
  NullTest: (context: Context, { arg }: { arg?: Node }, scope: Scope, columns: Set<Source>) =>
    all(context, [arg], scope, columns),
  List: (context: Context, { items }: { items?: Node[] }, scope: Scope, columns: Set<Source>) =>
    all(context, items ?? [], scope, columns),
  A_ArrayExpr: (context: Context, { elements }: { elements?: Node[] }, scope: Scope, columns: Set<Source>) =>
    all(context, elements ?? [], scope, columns),
  A_Expr: (context: Context, { name, lexpr, rexpr }: A_Expr, scope: Scope, columns: Set<Source>) =>
    context.snapshot.operators(stringsOf(name).at(-1) ?? '').length === 0 &&
    all(context, lexpr === undefined ? [rexpr] : [lexpr, rexpr], scope, columns),
  FuncCall: (context: Context, { funcname, args, over, agg_filter }: FuncCall, scope: Scope, columns: Set<Source>) => {
    const routines = context.snapshot.routines(stringsOf(funcname).at(-1) ?? '')
    const computes = routines.length > 0 && routines.every(isShippedAndImmutable)
    return computes && over === undefined && agg_filter === undefined && all(context, args ?? [], scope, columns)
  },
})

function isShippedAndImmutable({
  builtin,
  kind,
  volatility,
}: {
  readonly builtin: boolean
  readonly kind: string
  readonly volatility: string
}): boolean {
  return builtin && kind === 'function' && volatility === 'immutable'
}

function all(context: Context, nodes: readonly (Node | undefined)[], scope: Scope, columns: Set<Source>): boolean {
  return nodes.every((node) => node !== undefined && isOfColumnAndConstants(context, node, scope, columns))
}

function isOfColumnAndConstants(context: Context, node: Node, scope: Scope, columns: Set<Source>): boolean {
  const [type = ''] = Object.keys(node)
  const part = parts[type]
  return part?.(context, (node as unknown as Record<string, never>)[type] as never, scope, columns) === true
}
