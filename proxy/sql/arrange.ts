import type { Node } from 'libpg-query'
import type { ColumnUse } from '../../policies/input.ts'
import { recordUse } from './column-reference.ts'
import type { ColumnSet } from './column-set.ts'
import type { Context } from './context.ts'
import { asItIs } from './expression.ts'
import type { Scope } from './scope.ts'
import { stringsOf } from './tree.ts'
import type { Column } from './value.ts'

/** GROUP BY: a bare name is an input column if there is one, else an output column; a number is a position. */
export function groups(context: Context, nodes: readonly Node[] | undefined, scope: Scope, targets: ColumnSet): void {
  for (const node of nodes ?? []) {
    if ('GroupingSet' in node) groups(context, node.GroupingSet.content, scope, targets)
    else if (!byPosition(context, node, targets, 'grouped') && !byOutputName(context, node, targets, scope, 'grouped'))
      asItIs(context, node, scope, 'grouped')
  }
}

function byOutputName(context: Context, node: Node, targets: ColumnSet, scope: Scope, use: ColumnUse): boolean {
  const name = bareName(node)
  if (name === null || scope.items.some((item) => item.unqualified && item.columns.find(name) !== undefined))
    return false
  return byName(context, node, targets, use)
}

export function distinct(context: Context, nodes: readonly Node[], scope: Scope, targets: ColumnSet): void {
  const on = nodes.filter((node) => Object.keys(node).length > 0)
  if (on.length === 0) for (const column of targets.all()) arrange(context, column, 'grouped')
  for (const node of on) {
    if (!byPosition(context, node, targets, 'grouped') && !byName(context, node, targets, 'grouped'))
      asItIs(context, node, scope, 'grouped')
  }
}

/** ORDER BY: a bare name is an output column if there is one, else an input column; a number is a position. */
export function orders(context: Context, nodes: readonly Node[] | undefined, scope: Scope, targets: ColumnSet): void {
  for (const node of nodes ?? []) {
    if (!('SortBy' in node)) continue
    const by = node.SortBy.node
    if (by === undefined) continue
    if (!byPosition(context, by, targets, 'sorted') && !byName(context, by, targets, 'sorted'))
      asItIs(context, by, scope, 'sorted')
  }
}

function byPosition(context: Context, node: Node, targets: ColumnSet, use: ColumnUse): boolean {
  if (!('A_Const' in node) || node.A_Const.ival === undefined) return false
  const column = targets.all()[(node.A_Const.ival.ival ?? 0) - 1]
  if (column !== undefined) arrange(context, column, use)
  return true
}

function byName(context: Context, node: Node, targets: ColumnSet, use: ColumnUse): boolean {
  const name = bareName(node)
  if (name === null) return false
  const matches = targets.all().filter((column) => column.name === name)
  if (matches.length === 0 || !('ColumnRef' in node)) return false
  context.seen.add(node.ColumnRef)
  for (const column of matches) arrange(context, column, use)
  return true
}

/** Sorts or groups by an output column. */
export function arrange(context: Context, column: Column, use: ColumnUse): void {
  if (column.exact) context.record.plainly(() => recordUse(context, column, use))
  else recordUse(context, column, use)
}

function bareName(node: Node): string | null {
  if (!('ColumnRef' in node) || node.ColumnRef.fields?.length !== 1) return null
  return stringsOf(node.ColumnRef.fields)[0] ?? null
}
