import type { AlterTableStmt, Node } from 'libpg-query'
import type { Access } from '../../policies/input.ts'
import type { Relation } from '../catalog/definitions.ts'
import { TEMPORARY_SCHEMA } from '../catalog/temporaries.ts'
import type { Context } from './context.ts'
import { definitionScope } from './definition-scope.ts'
import { walkFields } from './definition-walk.ts'
import { fireEventTriggers } from './event-triggers.ts'
import { nameOf, useRelation } from './names.ts'
import { takeOver } from './particular-utilities.ts'
import type { NodeFields } from './tree.ts'
import { computes } from './utility.ts'

/** Subcommands that decide who may see or do what. */
const privileged = new Set([
  'AT_ChangeOwner',
  'AT_EnableRowSecurity',
  'AT_DisableRowSecurity',
  'AT_ForceRowSecurity',
  'AT_NoForceRowSecurity',
])

/** What was carried into a temporary table would be read through its parent, whose columns know nothing of it. */
function refuseJoining(context: Context, relation: Relation, { cmds }: AlterTableStmt): void {
  if (relation.schema !== TEMPORARY_SCHEMA) return
  const joins = (cmds ?? []).some(
    (node) => 'AlterTableCmd' in node && /Inherit$|AttachPartition$/.test(node.AlterTableCmd.subtype ?? ''),
  )
  if (joins) context.record.unresolved('relation', `temporary ${relation.name} as a part of another`)
}

/**
 * A partition or child that leaves has its own labels only, and so have those that stay, whatever was moved from one to
 * the other while they were one table.
 */
function leave(context: Context, relation: Relation, { cmds }: AlterTableStmt): void {
  for (const node of cmds ?? []) {
    if (!('AlterTableCmd' in node)) continue
    const { subtype = '', def } = node.AlterTableCmd
    if (!/^AT_(DropInherit|DetachPartition)/.test(subtype)) continue
    const detached = def !== undefined && 'PartitionCmd' in def ? def.PartitionCmd.name : undefined
    const found = detached === undefined ? null : useRelation(context, nameOf(detached), ['alter'])
    const leaves = found?.found === 'relation' ? found.relation : relation
    for (const source of context.snapshot.sourcesUnlikeFamily(leaves)) context.record.column(source, 'projected')
  }
}

/** One that leaves or joins a family is looked at. */
function isOfFamily(node: Node): boolean {
  return 'AlterTableCmd' in node && /Inherit$|Partition/.test(node.AlterTableCmd.subtype ?? '')
}

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
  const found = useRelation(context, name, [...access], {
    mayBeMissing: fields.missing_ok === true,
    defines: !computes(context, fields as NodeFields) && !(fields.cmds ?? []).some(isOfFamily),
  })
  if (found.found === 'relation') {
    refuseJoining(context, found.relation, fields)
    leave(context, found.relation, fields)
  }
  const { relation: _relation, ...rest } = fields
  walkFields(context, 'AlterTableStmt', rest, definitionScope(context, fields as NodeFields), {
    access: ['alter'],
    creates: false,
  })
}
