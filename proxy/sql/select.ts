import type { SelectStmt } from 'libpg-query'
import { distinct, groups, orders } from './arrange.ts'
import { type ColumnSet, ListedColumns } from './column-set.ts'
import { commonTables } from './common-table.ts'
import { type Context, spend } from './context.ts'
import { expression, expressions } from './expression.ts'
import { fromClause } from './from-clause.ts'
import { intoClause } from './into-clause.ts'
import { locking } from './row-locks.ts'
import { innerScope, type Scope } from './scope.ts'
import { flagJoins, isUnbounded } from './select-flags.ts'
import { setOperation } from './set-operation.ts'
import { type TargetUse, targetList } from './target-list.ts'
import { constant, derived, named, unionOf } from './value.ts'

/** What a query returns. */
export interface Result {
  readonly columns: ColumnSet
  /** All rows of a relation, as they stand. */
  readonly unbounded?: boolean
}

/** Walks one query. @param outer the level outside it */
export function select(context: Context, statement: SelectStmt, outer: Scope, use: TargetUse): Result {
  spend(context)
  // VALUES alone reads nothing; a subquery inside it says so itself.
  if (statement.valuesLists === undefined) context.record.effect('read')
  const common = commonTables(context, statement.withClause, outer)
  const scope = innerScope(outer, [], common)
  if (statement.op !== undefined && statement.op !== 'SETOP_NONE') return setOperation(context, statement, scope, use)
  if (statement.valuesLists !== undefined) return values(context, statement, scope, use)
  return simple(context, statement, scope, use)
}

function simple(context: Context, statement: SelectStmt, scope: Scope, use: TargetUse): Result {
  fromClause(context, statement.fromClause, scope)
  expression(context, statement.whereClause, scope, 'filtered')
  scope.condition = statement.whereClause
  windows(context, statement, scope)
  const targets = targetList(
    context,
    statement.targetList,
    scope,
    statement.distinctClause === undefined ? use : distinctUse(use),
  )
  groups(context, statement.groupClause, scope, targets)
  expression(context, statement.havingClause, scope, 'filtered')
  if (statement.distinctClause !== undefined) distinct(context, statement.distinctClause, scope, targets)
  orders(context, statement.sortClause, scope, targets)
  limits(context, statement, scope)
  locking(context, statement, scope)
  flagJoins(context, statement, scope)
  if (statement.intoClause !== undefined) intoClause(context, statement.intoClause, targets)
  return { columns: targets, unbounded: isUnbounded(context, statement, scope) }
}

/** DISTINCT compares every column, named further out or not. */
function distinctUse(use: TargetUse): TargetUse {
  return use === 'derived' ? 'grouped' : use
}

function windows(context: Context, { windowClause }: SelectStmt, scope: Scope): void {
  for (const node of windowClause ?? []) {
    if (!('WindowDef' in node)) continue
    const { sources } = expression(context, node, scope, 'projected')
    scope.windows.set(node.WindowDef.name ?? '', sources)
  }
}

export function limits(context: Context, { limitCount, limitOffset }: SelectStmt, scope: Scope): void {
  expression(context, limitCount, scope, 'filtered')
  expression(context, limitOffset, scope, 'filtered')
}

export function values(context: Context, statement: SelectStmt, scope: Scope, use: TargetUse): Result {
  const inner = use === 'derived' ? 'projected' : use
  const rows = (statement.valuesLists ?? []).map((node) =>
    'List' in node ? expressions(context, node.List.items, scope, inner) : [],
  )
  const width = rows[0]?.length ?? 0
  const columns = Array.from({ length: width }, (_, index) =>
    named(`column${index + 1}`, derived(unionOf(rows.map((row) => row[index] ?? constant)), rows[0]?.[index]?.type)),
  )
  const result = new ListedColumns(columns)
  orders(context, statement.sortClause, scope, result)
  limits(context, statement, scope)
  if (statement.intoClause !== undefined) intoClause(context, statement.intoClause, result)
  return { columns: result }
}
