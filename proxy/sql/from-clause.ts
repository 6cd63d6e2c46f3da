import type { Node, RangeSubselect, RangeVar } from 'libpg-query'
import { ListedColumns, renamed } from './column-set.ts'
import type { Context } from './context.ts'
import { expression, expressions } from './expression.ts'
import { itemOf } from './from-item.ts'
import { join } from './join.ts'
import { rangeFunction } from './range-function.ts'
import { relationItem } from './relation-item.ts'
import { type CommonTable, type Item, innerScope, type Scope } from './scope.ts'
import { select } from './select.ts'
import { jsonTable, xmlTable } from './table-expressions.ts'
import { stringsOf } from './tree.ts'

/**
 * Adds what a FROM clause brings into scope, from left to right.
 * https://www.postgresql.org/docs/current/queries-table-expressions.html
 */
export function fromClause(context: Context, nodes: readonly Node[] | undefined, scope: Scope): void {
  for (const node of nodes ?? []) for (const item of fromItem(context, node, scope)) scope.items.push(item)
}

/** @param scope holds the items to the left, which LATERAL ones can see */
export function fromItem(context: Context, node: Node, scope: Scope): Item[] {
  if ('RangeVar' in node) return [rangeVar(context, node.RangeVar, scope)]
  if ('JoinExpr' in node) return join(context, node.JoinExpr, scope)
  if ('RangeSubselect' in node) return [subselect(context, node.RangeSubselect, scope)]
  if ('RangeFunction' in node) return [rangeFunction(context, node.RangeFunction, scope)]
  if ('RangeTableSample' in node) {
    const { relation, args, repeatable } = node.RangeTableSample
    expressions(context, args, scope, 'filtered')
    expression(context, repeatable, scope, 'filtered')
    return relation === undefined ? [] : fromItem(context, relation, scope)
  }
  if ('RangeTableFunc' in node) return [xmlTable(context, node.RangeTableFunc, scope)]
  if ('JsonTable' in node) return [jsonTable(context, node.JsonTable, scope)]
  context.record.unresolved('node', 'FROM item')
  context.record.effect('unknown')
  return []
}

function rangeVar(context: Context, range: RangeVar, scope: Scope): Item {
  const common = range.schemaname === undefined ? findCommonTable(scope, range.relname ?? '') : null
  if (common === null) return relationItem(context, range, ['select'])
  context.seen.add(range)
  const columns = renamed(common.columns(), stringsOf(range.alias?.colnames))
  return {
    name: range.alias?.aliasname ?? range.relname ?? null,
    relation: null,
    columns,
    unqualified: true,
    qualified: true,
    unbounded: common.unbounded,
  }
}

function findCommonTable(scope: Scope, name: string): CommonTable | null {
  for (let level: Scope | null = scope; level !== null; level = level.parent) {
    const found = level.commonTables?.get(name)
    if (found !== undefined) return found
  }
  return null
}

function subselect(context: Context, { subquery, alias, lateral }: RangeSubselect, scope: Scope): Item {
  if (subquery === undefined || !('SelectStmt' in subquery)) {
    context.record.unresolved('node', 'subquery in FROM')
    return itemOf(new ListedColumns([]), alias)
  }
  const { columns, unbounded } = select(context, subquery.SelectStmt, siblings(scope, lateral === true), 'derived')
  return { ...itemOf(columns, alias), unbounded: unbounded === true }
}

/** What the inside of a FROM item sees: the level outside, and its left neighbours only if it is LATERAL. */
function siblings(scope: Scope, lateral: boolean): Scope {
  if (lateral) return innerScope(scope, [])
  const outside: Scope = {
    parent: scope.parent,
    items: [],
    commonTables: scope.commonTables,
    parameters: scope.parameters,
    windows: new Map(),
  }
  return innerScope(outside, [])
}
