import type { Node, ResTarget } from 'libpg-query'
import type { Source } from '../catalog/snapshot.ts'
import { defaultOf } from './attached.ts'
import { carryInto } from './carrying.ts'
import { castFunctions } from './casts.ts'
import type { Context } from './context.ts'
import { expression } from './expression.ts'
import { movedFrom } from './lookup.ts'
import { targetMissing } from './missing-names.ts'
import type { Item, Scope } from './scope.ts'
import { probe } from './steady.ts'
import { type Column, derived } from './value.ts'

/** SET of UPDATE, ON CONFLICT and MERGE: what is written, and what with. */
export function assignments(context: Context, nodes: readonly Node[] | undefined, item: Item, scope: Scope): void {
  for (const node of nodes ?? []) {
    if (!('ResTarget' in node)) continue
    const { val, indirection = [] } = node.ResTarget
    const column = assign(context, node.ResTarget, item, scope)
    const targets = column === null ? [] : writeTargets(column)
    const moved = movedFrom(context, val, scope)
    const stays = moved !== null && moved.length > 0 && moved.every((source) => targets.includes(source))
    const value = expression(context, val, scope, stays ? 'written' : 'projected')
    if (moved === null) probe(context, value.sources)
    // An element or a field of a value is not the value.
    const isWhole = indirection.length === 0
    const remains = stays && isWhole && movedFrom(context, val, scope, 'as it is') !== null
    if (!remains) carryInto(context, item, column, isWhole ? value : derived(value.sources))
    const relation = context.snapshot.relationByOid(item.relation?.oid ?? 0)
    if (relation !== undefined && 'SetToDefault' in (val ?? {})) defaultOf(context, relation, node.ResTarget.name ?? '')
  }
}

/** The column on the left of an assignment, with the subscripts it may have; null: it is not known. */
export function assign(
  context: Context,
  { name = '', indirection, location }: ResTarget,
  item: Item,
  scope: Scope,
): Column | null {
  for (const step of indirection ?? []) if ('A_Indices' in step) expression(context, step, scope, 'filtered')
  const column = item.columns.find(name)
  if (column !== undefined && column !== 'ambiguous') {
    written(context, column)
    return column
  }
  if (item.columns.open === null) targetMissing(context, name, item, location)
  return null
}

export function written(context: Context, column: Column): void {
  castFunctions(context, column.type, 'implicit')
  for (const source of writeTargets(column)) context.record.column(source, 'written')
}

function writeTargets({ self, sources, exact }: Column): readonly Source[] {
  return self === null ? sources : exact ? [self, ...sources] : [self]
}
