import type { MergeStmt, MergeWhenClause, Node } from 'libpg-query'
import { isAlwaysTrue } from './always-true.ts'
import { assignments, written } from './assignments.ts'
import type { Write } from './attached.ts'
import { carryRow } from './carrying.ts'
import { ListedColumns } from './column-set.ts'
import { commonTables } from './common-table.ts'
import type { Context } from './context.ts'
import { expression, expressions } from './expression.ts'
import { fromClause } from './from-clause.ts'
import { returning, target } from './modify.ts'
import { type Item, innerScope, type Scope } from './scope.ts'
import type { Result } from './select.ts'
import { named } from './value.ts'

/** Walks MERGE. */
export function mergeInto(context: Context, statement: MergeStmt, outer: Scope): Result {
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
    const values = expressions(context, clause.values, seen, 'projected')
    const names = (clause.targetList ?? []).flatMap((node) => ('ResTarget' in node ? [node.ResTarget.name ?? ''] : []))
    carryRow(context, item, names, new ListedColumns(values.map((value) => named('', value))))
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
