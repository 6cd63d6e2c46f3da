import type { CopyStmt } from 'libpg-query'
import { attachedWrites } from './attached.ts'
import { recordUse } from './column-reference.ts'
import type { Context } from './context.ts'
import { expression } from './expression.ts'
import { targetMissing } from './missing-names.ts'
import { relationItem } from './relation-item.ts'
import { type Item, innerScope, type Scope } from './scope.ts'
import { statement } from './statement.ts'
import { stringsOf } from './tree.ts'
import type { Column } from './value.ts'

/** COPY: a table or a query out, rows in; to the client, or to a file or program on the server. */
export function copy(context: Context, fields: CopyStmt, scope: Scope): void {
  context.record.flag(fields.is_from === true ? 'copy_from' : 'copy_to')
  recordExternal(context, fields)
  if (fields.query !== undefined) {
    statement(context, fields.query, innerScope(scope, []), 'projected')
    return
  }
  context.record.effect(fields.is_from === true ? 'write' : 'read')
  if (fields.relation !== undefined) copyTable(context, fields, scope)
}

function copyTable(context: Context, fields: CopyStmt, outer: Scope): void {
  const isFrom = fields.is_from === true
  const item = relationItem(context, fields.relation ?? {}, [isFrom ? 'insert' : 'select'], {})
  const named = stringsOf(fields.attlist)
  const columns = named.length === 0 ? item.columns.all() : named.flatMap((name) => found(context, item, name))
  for (const column of columns) recordUse(context, column, isFrom ? 'written' : 'projected')
  expression(context, fields.whereClause, innerScope(outer, [item]), 'filtered')
  if (!isFrom) context.record.flag('unbounded_read')
  else if (item.relation !== null) {
    const relation = context.snapshot.relationByOid(item.relation.oid)
    if (relation !== undefined) attachedWrites(context, relation, 'insert')
  }
}

function found(context: Context, item: Item, name: string): Column[] {
  const column = item.columns.find(name)
  if (column !== undefined && column !== 'ambiguous') return [column]
  targetMissing(context, name, item, undefined)
  return []
}

function recordExternal(context: Context, { filename, is_program }: CopyStmt): void {
  if (filename === undefined) return
  context.record.effect('external')
  // A command line may hold a secret; its program's name does not.
  if (is_program === true) context.record.external({ kind: 'program', detail: filename.trim().split(/\s/)[0] ?? '' })
  else context.record.external({ kind: 'file', detail: filename })
}
