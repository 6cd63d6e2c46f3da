import type { AlterTableStmt } from 'libpg-query'
import type { Access } from '../../policies/input.ts'
import type { Context } from './context.ts'
import { definitionScope } from './definition-scope.ts'
import { walkFields } from './definition-walk.ts'
import { fireEventTriggers } from './event-triggers.ts'
import { nameOf, useRelation } from './names.ts'
import { takeOver } from './particular-utilities.ts'
import type { NodeFields } from './tree.ts'

/** Subcommands that decide who may see or do what. */
const privileged = new Set([
  'AT_ChangeOwner',
  'AT_EnableRowSecurity',
  'AT_DisableRowSecurity',
  'AT_ForceRowSecurity',
  'AT_NoForceRowSecurity',
])

/** Walks ALTER TABLE and its like: what each subcommand reaches for beyond the definition itself. */
export function alterTable(context: Context, fields: AlterTableStmt): void {
  context.record.effect('ddl')
  fireEventTriggers(context)
  const access = new Set<Access>(['alter'])
  for (const node of fields.cmds ?? []) {
    if (!('AlterTableCmd' in node)) continue
    const { subtype = '' as never, def } = node.AlterTableCmd
    if (privileged.has(subtype)) context.record.effect('privilege')
    if (subtype === 'AT_DropColumn') access.add('drop')
    if (subtype === 'AT_AddInherit' && def !== undefined && 'RangeVar' in def) takeOver(context, def.RangeVar, true)
    // USING runs over every row and writes what it returns.
    if (
      subtype === 'AT_AlterColumnType' &&
      def !== undefined &&
      'ColumnDef' in def &&
      def.ColumnDef.raw_default !== undefined
    )
      context.record.effect('write')
  }
  const name = nameOf(fields.relation ?? {})
  if (fields.relation !== undefined) context.seen.add(fields.relation)
  useRelation(context, name, [...access], { mayBeMissing: fields.missing_ok === true })
  const { relation: _relation, ...rest } = fields
  walkFields(context, 'AlterTableStmt', rest, definitionScope(context, fields as NodeFields), {
    access: ['alter'],
    creates: false,
  })
}
