import type {
  DeleteStmt,
  InsertStmt,
  MergeStmt,
  Node,
  OnConflictClause,
  RangeVar,
  ReturningClause,
  UpdateStmt,
} from 'libpg-query'
import { isAlwaysTrue } from './always-true.ts'
import { assign, assignments, written } from './assignments.ts'
import { attachedWrites, type Write } from './attached.ts'
import { carryInto, carryRow } from './carrying.ts'
import { ListedColumns, rowSources } from './column-set.ts'
import { commonTables } from './common-table.ts'
import { type Context, recordRelation } from './context.ts'
import { expression } from './expression.ts'
import { fromClause } from './from-clause.ts'
import { mergeInto } from './merge-into.ts'
import { relationItem } from './relation-item.ts'
import { type Item, innerScope, type Scope } from './scope.ts'
import { type Result, select } from './select.ts'
import { flagJoins } from './select-flags.ts'
import { probe } from './steady.ts'
import { targetList } from './target-list.ts'
import { derived } from './value.ts'

type Modifying =
  | { readonly InsertStmt: InsertStmt }
  | { readonly UpdateStmt: UpdateStmt }
  | { readonly DeleteStmt: DeleteStmt }
  | { readonly MergeStmt: MergeStmt }

export function isDataModifying(node: Node): node is Modifying {
  return 'InsertStmt' in node || 'UpdateStmt' in node || 'DeleteStmt' in node || 'MergeStmt' in node
}

/** Walks INSERT, UPDATE, DELETE and MERGE. @returns what RETURNING returns */
export function modify(context: Context, node: Modifying, outer: Scope): Result {
  context.record.effect('write')
  if ('InsertStmt' in node) return insert(context, node.InsertStmt, outer)
  if ('UpdateStmt' in node) return update(context, node.UpdateStmt, outer)
  if ('DeleteStmt' in node) return remove(context, node.DeleteStmt, outer)
  return mergeInto(context, node.MergeStmt, outer)
}

const nothing: Result = { columns: new ListedColumns([]) }

/** The relation that is written, with all that the server does when it is. */
export function target(context: Context, range: RangeVar | undefined, writes: readonly Write[]): Item {
  const item = relationItem(context, range ?? {}, writes)
  const relation = item.relation === null ? undefined : context.snapshot.relationByOid(item.relation.oid)
  if (relation === undefined) return item
  for (const write of writes) attachedWrites(context, relation, write)
  if (relation.kind === 'view')
    for (const oid of basesOf(item)) {
      const base = context.snapshot.relationByOid(oid)
      if (base === undefined) continue
      recordRelation(context, base, writes)
      for (const write of writes) attachedWrites(context, base, write)
    }
  return item
}

/** Writing through a view writes to what its columns come from. */
function basesOf(item: Item): ReadonlySet<number> {
  return new Set(item.columns.all().flatMap((column) => column.sources.map((source) => source.relationOid)))
}

export function insert(context: Context, statement: InsertStmt, outer: Scope): Result {
  const common = commonTables(context, statement.withClause, outer)
  const into = target(
    context,
    statement.relation,
    statement.onConflictClause?.action === 'ONCONFLICT_UPDATE' ? ['insert', 'update'] : ['insert'],
  )
  const columns = (statement.cols ?? []).flatMap((node) => ('ResTarget' in node ? [node.ResTarget] : []))
  if (columns.length === 0) for (const column of into.columns.all()) written(context, column)
  const scope = innerScope(outer, [], common)
  for (const column of columns) assign(context, column, into, scope)
  const query = statement.selectStmt
  if (query !== undefined && 'SelectStmt' in query) {
    const { columns: row } = select(context, query.SelectStmt, innerScope(scope, []), 'projected')
    for (const { exact, sources } of row.all()) if (!exact) probe(context, sources)
    const isPart = columns.some(({ indirection = [] }) => indirection.length > 0)
    const names = columns.map(({ name = '' }) => name)
    if (isPart) carryInto(context, into, null, derived(rowSources(row)))
    else carryRow(context, into, names, row)
  }
  if (statement.onConflictClause !== undefined) onConflict(context, statement.onConflictClause, into, scope)
  return returning(context, statement.returningClause, innerScope(outer, [into], common), into)
}

function onConflict(context: Context, clause: OnConflictClause, into: Item, outer: Scope): void {
  const excluded: Item = { ...into, name: 'excluded', unqualified: false, pseudo: true }
  const scope = innerScope(outer, [into, excluded])
  if (clause.infer !== undefined) expression(context, { InferClause: clause.infer }, scope, 'filtered')
  assignments(context, clause.targetList, into, scope)
  expression(context, clause.whereClause, scope, 'filtered')
}

export function update(context: Context, statement: UpdateStmt, outer: Scope): Result {
  const common = commonTables(context, statement.withClause, outer)
  const item = target(context, statement.relation, ['update'])
  const scope = innerScope(outer, [item], common)
  if (statement.fromClause !== undefined) context.record.effect('read')
  fromClause(context, statement.fromClause, scope)
  assignments(context, statement.targetList, item, scope)
  where(context, statement.whereClause, item, scope)
  flagJoins(context, statement, scope)
  return returning(context, statement.returningClause, scope, item)
}

function remove(context: Context, statement: DeleteStmt, outer: Scope): Result {
  const common = commonTables(context, statement.withClause, outer)
  const item = target(context, statement.relation, ['delete'])
  const scope = innerScope(outer, [item], common)
  if (statement.usingClause !== undefined) context.record.effect('read')
  fromClause(context, statement.usingClause, scope)
  where(context, statement.whereClause, item, scope)
  flagJoins(context, { ...statement, fromClause: statement.usingClause ?? [] }, scope)
  return returning(context, statement.returningClause, scope, item)
}

function where(context: Context, condition: Node | undefined, item: Item, scope: Scope): void {
  if (condition === undefined) context.record.flag('no_where')
  else if (isAlwaysTrue(condition, item, scope)) context.record.flag('always_true_where')
  expression(context, condition, scope, 'filtered')
}

/** RETURNING sees the row, and as old and new (or what WITH calls them) the row before and after. */
export function returning(context: Context, clause: ReturningClause | undefined, scope: Scope, item: Item): Result {
  if (clause === undefined) return nothing
  context.record.flag('returning')
  context.record.effect('read')
  const names = { OLD: 'old', NEW: 'new' }
  for (const node of clause.options ?? []) {
    if (!('ReturningOption' in node)) continue
    names[node.ReturningOption.option === 'RETURNING_OPTION_OLD' ? 'OLD' : 'NEW'] = node.ReturningOption.value ?? ''
  }
  const use = context.inRule ? 'projected' : 'returned'
  const rows = Object.values(names).map((name): Item => ({ ...item, name, unqualified: false, pseudo: true }))
  return { columns: targetList(context, clause.exprs, { ...scope, items: [...scope.items, ...rows] }, use) }
}
