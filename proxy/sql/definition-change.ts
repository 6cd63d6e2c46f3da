import type { AlterTableStmt, DropStmt, Node, RangeVar } from 'libpg-query'
import { TEMPORARY_SCHEMA, type Temporaries } from '../catalog/temporaries.ts'
import type { Context } from './context.ts'
import { droppedRelations, droppedSurely } from './dropped-temporaries.ts'
import { creationSchema, isTemporary } from './into-clause.ts'
import { lookUpRelation, nameOf, qualifiedName } from './names.ts'
import { rename } from './renamed.ts'
import { isOfTemporary, touched } from './touched.ts'
import { stringsOf, typeOf } from './tree.ts'

/**
 * What a statement changes about the meaning of names for the rest of its transaction. Our copy of the catalog learns
 * of it when the transaction commits; until then:
 *
 * - `created`: a new table or sequence; its columns are not known, and nothing labelled is in it that was not seen
 *   being written
 * - `hidden`: the name means something that is not followed (a new view, a table with a new trigger); where it is `same`,
 *   it is what it was, so that it can be defined further
 * - `extended`: a relation that may have more columns than are known
 * - `replaced`: a relation that may be another by now
 * - `type`, `untyped`, `routine`: a new type; one that is gone or renamed; a function that is new, another or gone
 * - `anything`: no name means for sure what it did
 */
export type DefinitionChange =
  | { readonly kind: 'created' | 'hidden'; readonly schema: string; readonly name: string; readonly same?: true }
  | { readonly kind: 'extended' | 'replaced'; readonly oid: number }
  | { readonly kind: 'type' | 'untyped' | 'routine'; readonly name: string }
  | { readonly kind: 'anything' }

export const anything: readonly DefinitionChange[] = [{ kind: 'anything' }]

/** These define nothing that a later statement could name, or only what it then does not find. */
const harmless = new Set(
  `CommentStmt CreateStatsStmt AlterStatsStmt VacuumStmt ClusterStmt ReindexStmt RefreshMatViewStmt
   TruncateStmt CheckPointStmt CreateSchemaStmt AlterSeqStmt AlterEnumStmt AlterOwnerStmt CreatePublicationStmt
   AlterPublicationStmt ExplainStmt CopyStmt`.split(/\s+/),
)

/** @returns what the statement, once run, changes until the catalog is read again */
export function definitionChanges(context: Context, node: Node): readonly DefinitionChange[] {
  const { record } = context
  if (record.hasEffect('unknown')) return anything
  if (!record.hasEffect('ddl') && !record.hasEffect('privilege')) return []
  const type = typeOf(node) ?? ''
  const change = changes[type]
  if (change !== undefined) return change(context, (node as unknown as Record<string, never>)[type] as never)
  return harmless.has(type) || !record.hasEffect('ddl') ? [] : anything
}

/** The server has said what is true of the session's temporary relations; what was followed until then is done with. */
export function withoutTemporary(
  changes: readonly DefinitionChange[],
  described: readonly Temporaries[],
): readonly DefinitionChange[] {
  const oids = new Set(described.flatMap(({ relations }) => relations.map(({ relation }) => relation.oid)))
  return changes.filter((change) =>
    'schema' in change
      ? change.schema !== TEMPORARY_SCHEMA
      : !('oid' in change && (change.oid < 0 || oids.has(change.oid))),
  )
}

type Change = (context: Context, fields: never) => readonly DefinitionChange[]

export const changes: Readonly<Record<string, Change | undefined>> = Object.assign(Object.create(null), {
  CreateStmt: createTable,
  CreateSeqStmt: (context: Context, { sequence }: { sequence?: RangeVar }) => made(context, sequence, 'created'),
  CreateTableAsStmt: (context: Context, { into }: { into?: { rel?: RangeVar } }) => made(context, into?.rel, 'created'),
  SelectStmt: (context: Context, { intoClause }: { intoClause?: { rel?: RangeVar } }) =>
    intoClause === undefined ? anything : made(context, intoClause.rel, 'created'),
  ViewStmt: (context: Context, { view }: { view?: RangeVar }) => made(context, view, 'hidden'),
  CreateTrigStmt: (context: Context, { relation }: { relation?: RangeVar }) => touched(context, relation),
  RuleStmt: (context: Context, { relation }: { relation?: RangeVar }) => touched(context, relation),
  CreatePolicyStmt: (context: Context, { table }: { table?: RangeVar }) => touched(context, table),
  AlterPolicyStmt: (context: Context, { table }: { table?: RangeVar }) => touched(context, table),
  AlterTableStmt: alterTable,
  IndexStmt: (context: Context, { idxname, relation }: { idxname?: string; relation?: RangeVar }) =>
    idxname === undefined || (relation !== undefined && isOfTemporary(context, relation))
      ? []
      : made(context, { ...relation, relname: idxname }, 'created'),
  RenameStmt: rename,
  DropStmt: drop,
  DoStmt: (context: Context) => context.changes ?? anything,
  CreateEnumStmt: newType,
  CreateRangeStmt: newType,
  CompositeTypeStmt: (_: Context, { typevar }: { typevar?: RangeVar }) => [
    { kind: 'type', name: typevar?.relname ?? '' },
  ],
  CreateFunctionStmt: (_: Context, { funcname }: { funcname?: Node[] }) => [
    { kind: 'routine', name: stringsOf(funcname).at(-1) ?? '' },
  ],
  AlterFunctionStmt: (_: Context, { func }: { func?: { objname?: Node[] } }) => [
    { kind: 'routine', name: stringsOf(func?.objname).at(-1) ?? '' },
  ],
  // Rights decide which schemas of the path are searched.
  GrantStmt: (_: Context, { objtype }: { objtype?: string }) => (objtype === 'OBJECT_SCHEMA' ? anything : []),
  GrantRoleStmt: () => anything,
  DropOwnedStmt: () => anything,
})

function newType(_: Context, { typeName }: { typeName?: Node[] }): readonly DefinitionChange[] {
  return [{ kind: 'type', name: stringsOf(typeName).at(-1) ?? '' }]
}

function made(context: Context, range: RangeVar | undefined, kind: 'created' | 'hidden'): readonly DefinitionChange[] {
  if (range === undefined || isTemporary(range)) return []
  const { schema, name } = nameOf(range)
  return [{ kind, schema: schema ?? creationSchema(context), name }]
}

/** Rows of a partition or child can come from its parent, so that one is not simply new. */
function createTable(
  context: Context,
  fields: { relation?: RangeVar; inhRelations?: Node[]; partbound?: object; tableElts?: Node[] },
): readonly DefinitionChange[] {
  const related = fields.inhRelations !== undefined || fields.partbound !== undefined
  return made(context, fields.relation, related ? 'hidden' : 'created')
}

/** Subcommands after which everything that was known of a table still holds. */
const additions = new Set([
  'AT_AddColumn',
  'AT_ColumnDefault',
  'AT_SetNotNull',
  'AT_DropNotNull',
  'AT_SetStatistics',
  'AT_SetStorage',
  'AT_AddConstraint',
  'AT_DropConstraint',
  'AT_ValidateConstraint',
  'AT_AddIdentity',
  'AT_DropIdentity',
  'AT_ReplicaIdentity',
  'AT_ClusterOn',
  'AT_SetRelOptions',
  'AT_ResetRelOptions',
  'AT_ChangeOwner',
])

function alterTable(context: Context, { relation, cmds }: AlterTableStmt): readonly DefinitionChange[] {
  const adds = (cmds ?? []).every((node) => 'AlterTableCmd' in node && additions.has(node.AlterTableCmd.subtype ?? ''))
  const partitions = (cmds ?? []).flatMap((node) => {
    const def = 'AlterTableCmd' in node ? node.AlterTableCmd.def : undefined
    return def !== undefined && 'PartitionCmd' in def ? touched(context, def.PartitionCmd.name) : []
  })
  const found = relation === undefined ? null : lookUpRelation(context, nameOf(relation))
  if (found?.found === 'relation' && adds) return [{ kind: 'extended', oid: found.relation.oid }, ...partitions]
  return adds ? partitions : [...touched(context, relation), ...partitions]
}

function drop(context: Context, fields: DropStmt): readonly DefinitionChange[] {
  const { objects, removeType = '' as never, behavior } = fields
  // What is known of the table is more than what is left.
  if (['OBJECT_INDEX', 'OBJECT_TRIGGER', 'OBJECT_POLICY'].includes(removeType)) return []
  const kind = behavior === 'DROP_CASCADE' ? undefined : droppedNames[removeType]
  if (kind !== undefined) return (objects ?? []).map((object) => ({ kind, name: namesIn(object).at(-1) ?? '' }))
  if (!droppedRelations.has(removeType)) return anything
  const gone = droppedSurely(context, fields)
  return (objects ?? []).flatMap((object) => {
    const found = lookUpRelation(context, qualifiedName('List' in object ? object.List.items : []))
    if (found.found !== 'relation') return []
    const { oid, schema, name } = found.relation
    return schema === TEMPORARY_SCHEMA && gone.includes(name) ? [] : [{ kind: 'replaced', oid } as const]
  })
}

const droppedNames: Readonly<Record<string, 'untyped' | 'routine' | undefined>> = {
  OBJECT_TYPE: 'untyped',
  OBJECT_FUNCTION: 'routine',
  OBJECT_PROCEDURE: 'routine',
  OBJECT_ROUTINE: 'routine',
}

function namesIn(object: Node): string[] {
  if ('TypeName' in object) return stringsOf(object.TypeName.names)
  return 'ObjectWithArgs' in object ? stringsOf(object.ObjectWithArgs.objname) : []
}
