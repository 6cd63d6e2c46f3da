import type { ColumnRef, Node, ResTarget, SelectStmt } from 'libpg-query'
import type { ColumnUse } from '../../policies/input.ts'
import { columnName } from './column-name.ts'
import { findItem, recordUse, resolveReference } from './column-reference.ts'
import { commonTables } from './common-table.ts'
import { type Context, recordRelation, spend } from './context.ts'
import { asItIs, expression, expressions } from './expression.ts'
import { fromClause } from './from-clause.ts'
import { intoClause } from './into-clause.ts'
import { rowMissing } from './missing-names.ts'
import {
  type Column,
  type ColumnSet,
  constant,
  derived,
  innerScope,
  ListedColumns,
  named,
  type Scope,
  union,
  unionOf,
  type Value,
} from './scope.ts'
import { flagSelect, isUnbounded } from './select-flags.ts'
import { stringsOf } from './tree.ts'

/** What a query returns. */
export interface Result {
  readonly columns: ColumnSet
  /** All rows of a relation, as they stand. */
  readonly unbounded?: boolean
}

/**
 * How a query's own columns are used: as the statement's result or a subquery's value, or `derived`: only by being
 * named further out, so that a column which nobody names is not counted as read.
 */
export type TargetUse = ColumnUse | 'derived'

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
  flagSelect(context, statement, scope)
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

/** GROUP BY: a bare name is an input column if there is one, else an output column; a number is a position. */
function groups(context: Context, nodes: readonly Node[] | undefined, scope: Scope, targets: ColumnSet): void {
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

function distinct(context: Context, nodes: readonly Node[], scope: Scope, targets: ColumnSet): void {
  const on = nodes.filter((node) => Object.keys(node).length > 0)
  if (on.length === 0) for (const column of targets.all()) arrange(context, column, 'grouped')
  for (const node of on) {
    if (!byPosition(context, node, targets, 'grouped') && !byName(context, node, targets, 'grouped'))
      asItIs(context, node, scope, 'grouped')
  }
}

/** ORDER BY: a bare name is an output column if there is one, else an input column; a number is a position. */
function orders(context: Context, nodes: readonly Node[] | undefined, scope: Scope, targets: ColumnSet): void {
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
function arrange(context: Context, column: Column, use: ColumnUse): void {
  if (column.exact) context.record.plainly(() => recordUse(context, column, use))
  else recordUse(context, column, use)
}

function bareName(node: Node): string | null {
  if (!('ColumnRef' in node) || node.ColumnRef.fields?.length !== 1) return null
  return stringsOf(node.ColumnRef.fields)[0] ?? null
}

function limits(context: Context, { limitCount, limitOffset }: SelectStmt, scope: Scope): void {
  expression(context, limitCount, scope, 'filtered')
  expression(context, limitOffset, scope, 'filtered')
}

/** FOR UPDATE and its like lock what they name, or everything; they name items, so those names are no relations. */
function locking(context: Context, { lockingClause }: SelectStmt, scope: Scope): void {
  for (const node of lockingClause ?? []) {
    if (!('LockingClause' in node)) continue
    context.record.flag('row_locks')
    const ranges = (node.LockingClause.lockedRels ?? []).flatMap((each) => ('RangeVar' in each ? [each.RangeVar] : []))
    for (const range of ranges) context.seen.add(range)
    const names = new Set(ranges.map((range) => range.relname))
    for (const item of scope.items) {
      const isLocked = names.size === 0 || names.has(item.name ?? '')
      const relation =
        isLocked && item.relation !== null ? context.snapshot.relationByOid(item.relation.oid) : undefined
      if (relation !== undefined) recordRelation(context, relation, ['lock'])
    }
  }
}

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
function setOperation(context: Context, statement: SelectStmt, scope: Scope, use: TargetUse): Result {
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

function values(context: Context, statement: SelectStmt, scope: Scope, use: TargetUse): Result {
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
