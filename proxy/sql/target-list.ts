import type { ColumnRef, Node, ResTarget } from 'libpg-query'
import type { ColumnUse } from '../../policies/input.ts'
import { arrange } from './arrange.ts'
import { columnName } from './column-name.ts'
import { findItem, resolveReference } from './column-reference.ts'
import { type ColumnSet, ListedColumns } from './column-set.ts'
import { type Context, spend } from './context.ts'
import { asItIs, expression } from './expression.ts'
import { rowMissing } from './missing-names.ts'
import type { Scope } from './scope.ts'
import { stringsOf } from './tree.ts'
import { type Column, derived, named, union, unionOf, type Value } from './value.ts'

/**
 * How a query's own columns are used: as the statement's result or a subquery's value, or `derived`: only by being
 * named further out, so that a column which nobody names is not counted as read.
 */
export type TargetUse = ColumnUse | 'derived'

/** The output columns of a SELECT or RETURNING list, stars spelt out. */
export function targetList(
  context: Context,
  nodes: readonly Node[] | undefined,
  scope: Scope,
  use: TargetUse,
): ColumnSet {
  const columns: Column[] = []
  let open: ColumnSet['open'] = null
  for (const node of nodes ?? []) {
    if (!('ResTarget' in node)) continue
    const star = starOf(context, node.ResTarget, scope)
    if (star === null) columns.push(target(context, node.ResTarget, scope, use))
    else {
      for (const column of star.all()) columns.push(column)
      if (star.open !== null) open = union(open ?? [], star.open)
      spend(context, star.all().length)
      if (use !== 'derived') for (const column of star.all()) arrange(context, column, use)
      if (use !== 'derived') for (const source of star.open ?? []) context.record.column(source, use)
    }
  }
  return new ListedColumns(columns, open)
}

function target(context: Context, { name, val }: ResTarget, scope: Scope, use: TargetUse): Column {
  const label = name ?? columnName(val)
  if (use === 'grouped') return relabelled(label, asItIs(context, val, scope, use))
  if (use !== 'derived') return relabelled(label, expression(context, val, scope, use))
  // A bare column that is only handed on is used by whoever names it.
  if (val !== undefined && 'ColumnRef' in val) return relabelled(label, resolveReference(context, val.ColumnRef, scope))
  return relabelled(label, expression(context, val, scope, 'projected'))
}

function relabelled(name: string, value: Value): Column {
  return 'self' in value ? { ...(value as Column), name } : named(name, value)
}

/** `*`, `t.*` and `(row).*`; null for anything else. */
function starOf(context: Context, { val }: ResTarget, scope: Scope): ColumnSet | null {
  if (val === undefined) return null
  if ('ColumnRef' in val) {
    const fields = val.ColumnRef.fields ?? []
    const last = fields.at(-1)
    if (last === undefined || !('A_Star' in last)) return null
    context.seen.add(val.ColumnRef)
    return fields.length === 1 ? everything(scope) : starOfItem(context, scope, val.ColumnRef)
  }
  if (!('A_Indirection' in val)) return null
  const last = val.A_Indirection.indirection?.at(-1)
  if (last === undefined || !('A_Star' in last)) return null
  const value = expression(context, val, scope, 'projected')
  return rowFields(context, value)
}

function everything(scope: Scope): ColumnSet {
  const items = scope.items.filter((item) => item.unqualified && item.pseudo !== true)
  const [only] = items
  if (items.length === 1 && only !== undefined) return only.columns
  const open = items.some(({ columns }) => columns.open !== null)
  return new ListedColumns(
    items.flatMap((item) => item.columns.all()),
    open ? unionOf(items.map((item) => derived(item.columns.open ?? []))) : null,
  )
}

function starOfItem(context: Context, scope: Scope, reference: ColumnRef): ColumnSet {
  const names = stringsOf(reference.fields)
  const item = findItem(scope, names)
  if (item !== null) return item.columns
  const parameter = scope.parameters?.names.get(names.at(-1) ?? '')
  if (parameter !== undefined) return rowFields(context, parameter)
  rowMissing(context, names, scope, reference.location)
  return new ListedColumns([])
}

function rowFields(context: Context, value: Value): ColumnSet {
  if (value.row !== null) return new ListedColumns(value.row)
  const relation = context.snapshot.relationByRowType(context.snapshot.baseType(value.type))
  if (relation === undefined) return new ListedColumns([], value.sources)
  return new ListedColumns(relation.attributes.map(({ name, type }) => named(name, derived(value.sources, type))))
}
