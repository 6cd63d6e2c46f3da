import type {
  DeleteStmt,
  InsertStmt,
  MergeStmt,
  MergeWhenClause,
  Node,
  OnConflictClause,
  RangeVar,
  ResTarget,
  ReturningClause,
  UpdateStmt,
} from 'libpg-query'
import type { Source } from '../catalog/snapshot.ts'
import { isAlwaysTrue } from './always-true.ts'
import { attachedWrites, defaultOf, type Write } from './attached.ts'
import { castFunctions } from './casts.ts'
import { commonTables } from './common-table.ts'
import { type Context, recordRelation } from './context.ts'
import { expression, expressions } from './expression.ts'
import { fromClause, relationItem } from './from-clause.ts'
import { targetMissing } from './missing-names.ts'
import { type Column, type Item, innerScope, ListedColumns, type Scope } from './scope.ts'
import { type Result, select, targetList } from './select.ts'

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
function target(context: Context, range: RangeVar | undefined, writes: readonly Write[]): Item {
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

function insert(context: Context, statement: InsertStmt, outer: Scope): Result {
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
  if (query !== undefined && 'SelectStmt' in query)
    select(context, query.SelectStmt, innerScope(scope, []), 'projected')
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

function update(context: Context, statement: UpdateStmt, outer: Scope): Result {
  const common = commonTables(context, statement.withClause, outer)
  const item = target(context, statement.relation, ['update'])
  const scope = innerScope(outer, [item], common)
  if (statement.fromClause !== undefined) context.record.effect('read')
  fromClause(context, statement.fromClause, scope)
  assignments(context, statement.targetList, item, scope)
  where(context, statement.whereClause, item, scope)
  return returning(context, statement.returningClause, scope, item)
}

function remove(context: Context, statement: DeleteStmt, outer: Scope): Result {
  const common = commonTables(context, statement.withClause, outer)
  const item = target(context, statement.relation, ['delete'])
  const scope = innerScope(outer, [item], common)
  if (statement.usingClause !== undefined) context.record.effect('read')
  fromClause(context, statement.usingClause, scope)
  where(context, statement.whereClause, item, scope)
  return returning(context, statement.returningClause, scope, item)
}

function where(context: Context, condition: Node | undefined, item: Item, scope: Scope): void {
  if (condition === undefined) context.record.flag('no_where')
  else if (isAlwaysTrue(condition, item, scope)) context.record.flag('always_true_where')
  expression(context, condition, scope, 'filtered')
}

function mergeInto(context: Context, statement: MergeStmt, outer: Scope): Result {
  const common = commonTables(context, statement.withClause, outer)
  const clauses = (statement.mergeWhenClauses ?? []).flatMap((node) =>
    'MergeWhenClause' in node ? [node.MergeWhenClause] : [],
  )
  const item = target(context, statement.relation, writesOf(clauses))
  const scope = innerScope(outer, [item], common)
  context.record.effect('read')
  fromClause(context, statement.sourceRelation === undefined ? [] : [statement.sourceRelation], scope)
  expression(context, statement.joinCondition, scope, 'joined')
  for (const clause of clauses) flagUnbounded(context, clause, statement.joinCondition, { item, scope })
  for (const clause of clauses) {
    const seen = rowsSeen(clause, item, scope)
    expression(context, clause.condition, seen, 'filtered')
    if (clause.commandType === 'CMD_INSERT' && (clause.targetList ?? []).length === 0)
      for (const column of item.columns.all()) written(context, column)
    assignments(context, clause.targetList, item, seen)
    expressions(context, clause.values, seen, 'projected')
  }
  return returning(context, statement.returningClause, scope, item)
}

/** Nothing says which rows of the target a clause is for: neither what they are joined by nor its own condition. */
function flagUnbounded(
  context: Context,
  { matchKind, commandType, condition }: MergeWhenClause,
  joinCondition: Node | undefined,
  { item, scope }: { readonly item: Item; readonly scope: Scope },
): void {
  if (commandType !== 'CMD_UPDATE' && commandType !== 'CMD_DELETE') return
  if (condition !== undefined && !isAlwaysTrue(condition, item, scope)) return
  if (matchKind === 'MERGE_WHEN_NOT_MATCHED_BY_SOURCE') context.record.flag('no_where')
  else if (joinCondition === undefined || isAlwaysTrue(joinCondition, item, scope))
    context.record.flag('always_true_where')
}

/** Where nothing matched there is a row of one side only, and only its columns can be named. */
function rowsSeen({ matchKind }: MergeWhenClause, item: Item, scope: Scope): Scope {
  if (matchKind === 'MERGE_WHEN_NOT_MATCHED_BY_TARGET')
    return { ...scope, items: scope.items.filter((each) => each !== item) }
  return matchKind === 'MERGE_WHEN_NOT_MATCHED_BY_SOURCE' ? { ...scope, items: [item] } : scope
}

const mergeWrites: Readonly<Record<string, Write>> = {
  CMD_INSERT: 'insert',
  CMD_UPDATE: 'update',
  CMD_DELETE: 'delete',
}

function writesOf(clauses: readonly MergeWhenClause[]): Write[] {
  return [...new Set(clauses.flatMap(({ commandType = 'CMD_NOTHING' }) => mergeWrites[commandType] ?? []))]
}

function assignments(context: Context, nodes: readonly Node[] | undefined, item: Item, scope: Scope): void {
  for (const node of nodes ?? []) {
    if (!('ResTarget' in node)) continue
    assign(context, node.ResTarget, item, scope)
    expression(context, node.ResTarget.val, scope, 'projected')
    const relation = context.snapshot.relationByOid(item.relation?.oid ?? 0)
    if (relation !== undefined && 'SetToDefault' in (node.ResTarget.val ?? {}))
      defaultOf(context, relation, node.ResTarget.name ?? '')
  }
}

/** The column on the left of an assignment, with the subscripts it may have. */
function assign(context: Context, { name = '', indirection, location }: ResTarget, item: Item, scope: Scope): void {
  for (const step of indirection ?? []) if ('A_Indices' in step) expression(context, step, scope, 'filtered')
  const column = item.columns.find(name)
  if (column !== undefined && column !== 'ambiguous') written(context, column)
  else if (item.columns.open === null) targetMissing(context, name, item, location)
}

function written(context: Context, column: Column): void {
  castFunctions(context, column.type, 'implicit')
  for (const source of writeTargets(column)) context.record.column(source, 'written')
}

function writeTargets({ self, sources, exact }: Column): readonly Source[] {
  return self === null ? sources : exact ? [self, ...sources] : [self]
}

/** RETURNING sees the row, and as old and new (or what WITH calls them) the row before and after. */
function returning(context: Context, clause: ReturningClause | undefined, scope: Scope, item: Item): Result {
  if (clause === undefined) return nothing
  context.record.flag('returning')
  context.record.effect('read')
  const names = { OLD: 'old', NEW: 'new' }
  for (const node of clause.options ?? []) {
    if (!('ReturningOption' in node)) continue
    names[node.ReturningOption.option === 'RETURNING_OPTION_OLD' ? 'OLD' : 'NEW'] = node.ReturningOption.value ?? ''
  }
  const rows = Object.values(names).map((name): Item => ({ ...item, name, unqualified: false, pseudo: true }))
  return { columns: targetList(context, clause.exprs, { ...scope, items: [...scope.items, ...rows] }, 'returned') }
}
