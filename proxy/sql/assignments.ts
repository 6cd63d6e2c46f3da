import type { Node, ResTarget } from 'libpg-query'
import type { Source } from '../catalog/snapshot.ts'
import { defaultOf } from './attached.ts'
import { castFunctions } from './casts.ts'
import type { Context } from './context.ts'
import { expression } from './expression.ts'
import { targetMissing } from './missing-names.ts'
import type { Item, Scope } from './scope.ts'
import type { Column } from './value.ts'

/** SET of UPDATE, ON CONFLICT and MERGE: what is written, and what with. */
export function assignments(context: Context, nodes: readonly Node[] | undefined, item: Item, scope: Scope): void {
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
export function assign(
  context: Context,
  { name = '', indirection, location }: ResTarget,
  item: Item,
  scope: Scope,
): void {
  for (const step of indirection ?? []) if ('A_Indices' in step) expression(context, step, scope, 'filtered')
  const column = item.columns.find(name)
  if (column !== undefined && column !== 'ambiguous') written(context, column)
  else if (item.columns.open === null) targetMissing(context, name, item, location)
}

export function written(context: Context, column: Column): void {
  castFunctions(context, column.type, 'implicit')
  for (const source of writeTargets(column)) context.record.column(source, 'written')
}

function writeTargets({ self, sources, exact }: Column): readonly Source[] {
  return self === null ? sources : exact ? [self, ...sources] : [self]
}
