import type { SelectStmt } from 'libpg-query'
import { arrange, orders } from './arrange.ts'
import { type ColumnSet, ListedColumns } from './column-set.ts'
import type { Context } from './context.ts'
import { intoClause } from './into-clause.ts'
import { locking } from './row-locks.ts'
import { innerScope, type Scope } from './scope.ts'
import { limits, type Result, select } from './select.ts'
import type { TargetUse } from './target-list.ts'
import { type Column, constant, derived, unionOf } from './value.ts'

/** Nothing but UNION ALL leaves rows out, or puts them together, by what is in them. */
function keepsAll(statement: SelectStmt): boolean {
  const stack = [statement]
  for (let at = stack.pop(); at !== undefined; at = stack.pop()) {
    if (at.op === undefined || at.op === 'SETOP_NONE') continue
    if (at.op !== 'SETOP_UNION' || at.all !== true) return false
    if (at.larg !== undefined) stack.push(at.larg)
    if (at.rarg !== undefined) stack.push(at.rarg)
  }
  return true
}

/** UNION, INTERSECT, EXCEPT: names from the first arm, sources from all. */
export function setOperation(context: Context, statement: SelectStmt, scope: Scope, use: TargetUse): Result {
  const inner = use === 'derived' ? 'projected' : use
  const arms = armsOf(statement).map((arm) => select(context, arm, innerScope(scope, []), inner))
  if (!keepsAll(statement))
    for (const arm of arms) for (const column of arm.columns.all()) arrange(context, column, 'grouped')
  const columns = merge(arms.map((arm) => arm.columns))
  orders(
    context,
    statement.sortClause,
    innerScope(scope, [{ name: null, relation: null, columns, unqualified: true, qualified: false }]),
    columns,
  )
  limits(context, statement, scope)
  locking(context, statement, scope)
  if (statement.intoClause !== undefined) intoClause(context, statement.intoClause, columns)
  return { columns, unbounded: statement.limitCount === undefined && arms.some((arm) => arm.unbounded === true) }
}

/** A chain of plain UNIONs leans to the left, as deep as it is long. */
function armsOf(statement: SelectStmt): SelectStmt[] {
  const arms: SelectStmt[] = []
  let at: SelectStmt = statement
  while (isPlainSetOperation(at) || at === statement) {
    if (at.rarg !== undefined) arms.push(at.rarg)
    if (at.larg === undefined) break
    at = at.larg
  }
  arms.push(at)
  return arms.reverse()
}

function isPlainSetOperation(statement: SelectStmt): boolean {
  if (statement.op === undefined || statement.op === 'SETOP_NONE') return false
  const { withClause, sortClause, limitCount, limitOffset, lockingClause, intoClause } = statement
  return [withClause, sortClause, limitCount, limitOffset, lockingClause, intoClause].every((it) => it === undefined)
}

export function merge(arms: readonly ColumnSet[]): ColumnSet {
  const [first] = arms
  if (first === undefined) return new ListedColumns([])
  if (arms.length === 1) return first
  const lists = arms.map((arm) => arm.all())
  const columns = first.all().map((column, index): Column => {
    const values = lists.map((list) => list[index] ?? constant)
    return {
      name: column.name,
      sources: unionOf(values),
      exact: values.every(({ exact }) => exact),
      type: column.type,
      row: null,
      self: null,
    }
  })
  if (arms.every((arm) => arm.open === null)) return new ListedColumns(columns)
  // Where one arm's columns are not known, any of its sources may be in any place.
  const open = unionOf(arms.flatMap((arm) => [derived(arm.open ?? []), ...arm.all()]))
  return new ListedColumns([], open)
}
