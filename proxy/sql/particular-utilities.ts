import type { CreateFunctionStmt, CreateStmt, GrantStmt, Node, RangeVar } from 'libpg-query'
import type { Attribute } from '../catalog/definitions.ts'
import { TEMPORARY_SCHEMA } from '../catalog/temporaries.ts'
import { attachedCopies, attachedWrites } from './attached.ts'
import { attributeOf } from './carrying.ts'
import { type Context, recordRelation } from './context.ts'
import { useNamedObject } from './drop.ts'
import { isTemporary } from './into-clause.ts'
import { lookUpRelation, nameOf, qualifiedName, useRelation, useType } from './names.ts'
import { callRoutine, candidates } from './routines.ts'
import { rowScope } from './row-scope.ts'
import { ruleActions } from './rules.ts'
import type { Scope } from './scope.ts'
import { recordVariable } from './settings.ts'
import { temporaryView } from './temporary-view.ts'
import { stringsOf } from './tree.ts'
import { uncommittedOf } from './uncommitted-changes.ts'

type Special = (context: Context, fields: never, scope: Scope) => void

/** What some kinds of statement reach for besides what they name. */
export const special: Readonly<Record<string, Special | undefined>> = Object.assign(Object.create(null), {
  TruncateStmt: (context: Context, { relations }: { relations?: Node[] }) => {
    for (const node of relations ?? []) {
      if (!('RangeVar' in node)) continue
      const found = useRelation(context, nameOf(node.RangeVar), ['truncate'])
      if (found.found === 'relation') attachedWrites(context, found.relation, 'truncate')
    }
  },
  CreateStmt: (context: Context, fields: CreateStmt) => {
    const { relation, inhRelations, tableElts } = fields
    if (relation?.schemaname === 'pg_catalog') context.record.effect('privilege')
    // A permanent table is looked into when it is written; of a temporary one nothing is known by then.
    if (relation === undefined || !isTemporary(relation)) return
    const attributes = attributesOf(context, fields)
    context.record.carries.created = { columns: null, anywhere: [], ...(attributes === null ? {} : { attributes }) }
    for (const node of inhRelations ?? []) if ('RangeVar' in node) takeOver(context, node.RangeVar, true)
    for (const node of tableElts ?? []) {
      if (!('TableLikeClause' in node) || node.TableLikeClause.relation === undefined) continue
      const { relation: model, options = 0 } = node.TableLikeClause
      takeOver(context, model, (options & LIKE_EXPRESSIONS) !== 0)
    }
  },
  CreateTrigStmt: (context: Context, { relation, funcname }: { relation?: RangeVar; funcname?: Node[] }) => {
    const found = relation === undefined ? null : lookUpRelation(context, nameOf(relation))
    // A permanent table's is looked into when it fires.
    if (relation !== undefined && uncommittedOf(context.names.uncommitted).isSame(nameOf(relation))) return
    if (found === null || (found.found === 'relation' && found.relation.schema !== TEMPORARY_SCHEMA)) return
    const routines = candidates(context, qualifiedName(funcname), [])
    if (routines.length === 0) context.record.unresolved('function', stringsOf(funcname).join('.'))
    for (const routine of routines) callRoutine(context, routine, [])
  },
  ViewStmt: temporaryView,
  CreateFunctionStmt: (context: Context, { options }: CreateFunctionStmt) => {
    for (const option of options ?? []) {
      if (!('DefElem' in option)) continue
      if (option.DefElem.defname === 'security') context.record.effect('privilege')
      if (option.DefElem.arg !== undefined && 'VariableSetStmt' in option.DefElem.arg)
        recordVariable(context, option.DefElem.arg.VariableSetStmt, 'session')
    }
  },
  AlterFunctionStmt: (context: Context, { actions }: { actions?: Node[] }) => {
    for (const action of actions ?? []) {
      if ('DefElem' in action && action.DefElem.arg !== undefined && 'VariableSetStmt' in action.DefElem.arg)
        recordVariable(context, action.DefElem.arg.VariableSetStmt, 'session')
    }
  },
  AlterRoleSetStmt: (context: Context, { setstmt }: { setstmt?: never }) =>
    recordVariable(context, setstmt ?? {}, 'role'),
  AlterDatabaseSetStmt: (context: Context, { setstmt }: { setstmt?: never }) =>
    recordVariable(context, setstmt ?? {}, 'database'),
  AlterSystemStmt: (context: Context, { setstmt }: { setstmt?: never }) =>
    recordVariable(context, setstmt ?? {}, 'system'),
  CreateRoleStmt: (context: Context, { role = '' }: { role?: string }) => context.record.role(role),
  GrantRoleStmt: (context: Context, { granted_roles }: { granted_roles?: Node[] }) => {
    for (const node of granted_roles ?? [])
      if ('AccessPriv' in node) context.record.role(node.AccessPriv.priv_name ?? '')
  },
  CommentStmt: (context: Context, { objtype = '', object }: { objtype?: string; object?: Node }) =>
    useNamedObject(context, objtype, object),
  SecLabelStmt: (context: Context, { objtype = '', object }: { objtype?: string; object?: Node }) =>
    useNamedObject(context, objtype, object),
  CreateSeqStmt: ownSequence,
  AlterSeqStmt: ownSequence,
  GrantStmt: grant,
  DiscardStmt: (context: Context, { target }: { target?: string }) => {
    if (target === 'DISCARD_ALL') context.record.setting({ name: 'all', value: null, scope: 'session' })
  },
  RefreshMatViewStmt: (context: Context, { relation }: { relation?: RangeVar }) => {
    if (relation !== undefined) relationItemOf(context, relation)
  },
  RuleStmt: (context: Context, { relation, actions }: { relation?: RangeVar; actions?: Node[] }) => {
    const found = relation === undefined ? null : useRelation(context, nameOf(relation), ['alter'])
    if (found?.found === 'relation') ruleActions(context, actions, rowScope(context, found.relation))
  },
})

/** Constraints that make no value of one column from others. */
const plainConstraints: ReadonlySet<string> = new Set(
  'CONSTR_NULL CONSTR_NOTNULL CONSTR_DEFAULT CONSTR_CHECK CONSTR_PRIMARY CONSTR_UNIQUE'.split(' '),
)

/** @returns the columns of a table that is nothing but those it lists; null for any other */
function attributesOf(context: Context, fields: CreateStmt): readonly Attribute[] | null {
  const { inhRelations, ofTypename, partspec, partbound, tableElts = [] } = fields
  if ((inhRelations?.length ?? 0) > 0 || ofTypename !== undefined || partspec !== undefined || partbound !== undefined)
    return null
  const attributes: Attribute[] = []
  for (const node of tableElts) {
    if ('ColumnDef' in node) {
      const { colname = '', typeName, constraints = [] } = node.ColumnDef
      if (typeName === undefined || !constraints.every(isPlain)) return null
      attributes.push(attributeOf({ name: colname, type: useType(context, typeName).oid }, attributes.length))
    } else if (!isPlain(node)) return null
  }
  return attributes
}

function isPlain(node: Node): boolean {
  return 'Constraint' in node && plainConstraints.has(node.Constraint.contype ?? '')
}

/** INCLUDING CONSTRAINTS, DEFAULTS, GENERATED, INDEXES: bits of TableLikeOption in src/include/nodes/parsenodes.h */
const LIKE_EXPRESSIONS = 4 | 8 | 16 | 64

export function takeOver(context: Context, model: RangeVar, expressions: boolean): void {
  const named = lookUpRelation(context, nameOf(model))
  if (named.found === 'relation') attachedCopies(context, named.relation, expressions)
}

function relationItemOf(context: Context, fields: RangeVar): void {
  const found = useRelation(context, nameOf(fields), ['maintain'])
  if (found.found === 'relation') rowScope(context, found.relation)
}

/** OWNED BY ties a sequence to a table's column. */
function ownSequence(context: Context, { options }: { options?: Node[] }): void {
  for (const option of options ?? []) {
    if (!('DefElem' in option) || option.DefElem.defname !== 'owned_by') continue
    const { arg } = option.DefElem
    const parts = arg !== undefined && 'List' in arg ? stringsOf(arg.List.items) : []
    if (parts.length > 1) useRelation(context, { schema: parts.at(-3) ?? null, name: parts.at(-2) ?? '' }, ['alter'])
  }
}

function grant(context: Context, { targtype, objects, objtype }: GrantStmt): void {
  if (targtype !== 'ACL_TARGET_ALL_IN_SCHEMA' || (objtype !== 'OBJECT_TABLE' && objtype !== 'OBJECT_SEQUENCE')) return
  for (const schema of stringsOf(objects))
    for (const relation of context.snapshot.relationsIn(schema)) recordRelation(context, relation, ['grant'])
}
