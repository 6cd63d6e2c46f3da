import type {
  AlterTableStmt,
  CreateFunctionStmt,
  CreateStmt,
  DropStmt,
  GrantStmt,
  Node,
  RangeVar,
  RoleSpec,
  ViewStmt,
} from 'libpg-query'
import type { Access } from '../../policies/input.ts'
import { attachedCopies, attachedWrites, rowScope, ruleActions } from './attached.ts'
import { type Context, recordMissing, recordRelation, recordTemporary } from './context.ts'
import { dropObjects, useNamedObject } from './drop.ts'
import { expression } from './expression.ts'
import { grammar } from './grammar.ts'
import { creationSchema, isTemporary } from './into-clause.ts'
import { isDataModifying, modify } from './modify.ts'
import { lookUpRelation, nameOf, qualifiedName, useRelation, useType } from './names.ts'
import { callRoutine, candidates } from './routines.ts'
import { emptyScope, type Item, innerScope, ListedColumns, relationColumns, type Scope } from './scope.ts'
import { select } from './select.ts'
import { recordVariable } from './settings.ts'
import { type NodeFields, stringsOf, typeOf } from './tree.ts'
import { externalReach, utilities } from './utilities.ts'

/** Definitions, privileges, maintenance and the session: recorded by the statement's kind, then by what it names. */
export function utility(context: Context, type: string, fields: NodeFields, scope: Scope): void {
  const known = utilities[type]
  if (known === undefined) {
    if (type === 'AlterTableStmt') alterTable(context, fields as AlterTableStmt)
    else if (type === 'DropStmt') dropObjects(context, fields as DropStmt)
    else if (type === 'LockStmt') lock(context, fields)
    else unknown(context, type)
    return
  }
  for (const effect of known.effects) context.record.effect(effect)
  const reach = externalReach[type]
  if (reach !== undefined) context.record.external({ kind: reach, detail: known.tag })
  if (known.effects.includes('ddl')) fireEventTriggers(context)
  special[type]?.(context, fields as never, scope)
  const made = type === 'CreateStmt' ? (fields as CreateStmt).relation?.relname : undefined
  walkFields(context, type, fields, definitionScope(context, fields, type), {
    access: known.access,
    creates: known.creates,
    ...(made === undefined ? {} : { made }),
  })
}

function unknown(context: Context, type: string): void {
  context.record.effect('unknown')
  context.record.unresolved('node', type)
}

interface Naming {
  readonly access: readonly Access[]
  /** The relation named first is made by the statement. */
  readonly creates: boolean
  /** The name of what is being made: it may refer to itself. */
  readonly made?: string
}

/** Every child by the grammar list: relations, types, roles, queries and expressions wherever they are. */
function walkFields(context: Context, type: string, fields: NodeFields, scope: Scope, naming: Naming): void {
  const known = grammar[type]
  for (const name in fields) {
    const kind = known?.[name]
    if (kind === 0) continue
    if (kind === undefined) unknown(context, `${type}.${name}`)
    else if (kind === 1) walkNode(context, fields[name] as Node, scope, naming)
    else if (kind === 2) for (const node of fields[name] as Node[]) walkNode(context, node, scope, naming)
    else
      walkTyped(
        context,
        kind,
        fields[name] as NodeFields,
        scope,
        isMade(name, type) ? naming : { ...naming, creates: false },
      )
  }
}

/** CREATE …: the field that holds what is made; every other relation in it exists. */
function isMade(field: string, type: string): boolean {
  return ['relation', 'view', 'sequence', 'typevar', 'base'].includes(field) && type !== 'TableLikeClause'
}

function walkNode(context: Context, node: Node, scope: Scope, naming: Naming): void {
  const type = typeOf(node)
  if (type === undefined) return
  walkTyped(context, type, (node as unknown as Record<string, NodeFields>)[type] as NodeFields, scope, {
    ...naming,
    creates: naming.creates && type.endsWith('Stmt'),
  })
}

const expressionTypes = new Set(
  `ColumnRef ParamRef A_Const A_Expr FuncCall TypeCast SubLink A_Indirection RowExpr BoolExpr CaseExpr CoalesceExpr
   MinMaxExpr SQLValueFunction XmlExpr NullTest BooleanTest CollateClause A_ArrayExpr JsonIsPredicate JsonFuncExpr
   JsonObjectConstructor JsonArrayConstructor JsonScalarExpr JsonSerializeExpr JsonParseExpr XmlSerialize
   GroupingFunc CurrentOfExpr SetToDefault`.split(/\s+/),
)

function walkTyped(context: Context, type: string, fields: NodeFields, scope: Scope, naming: Naming): void {
  const node = { [type]: fields } as unknown as Node
  if (type === 'RangeVar') range(context, fields as RangeVar, naming)
  else if (type === 'TypeName') useType(context, fields as never)
  // A bare word as an option's value is read as a type's name: `autovacuum_enabled = off`.
  else if (type === 'VariableSetStmt' || (type === 'DefElem' && isWord(fields))) return
  else if (type === 'RoleSpec') context.record.role(roleName(fields as RoleSpec))
  else if ('SelectStmt' in node) {
    context.record.effect('read')
    select(context, node.SelectStmt, innerScope(scope, []), 'projected')
  } else if (isDataModifying(node)) modify(context, node, scope)
  else if (expressionTypes.has(type)) expression(context, node, scope, 'filtered')
  else if (type.endsWith('Stmt') && type !== 'ReplicaIdentityStmt' && utilities[type] !== undefined)
    utility(context, type, fields, scope)
  else walkFields(context, type, fields, scope, naming)
}

function range(context: Context, fields: RangeVar, { access, creates, made }: Naming): void {
  context.seen.add(fields)
  if (!creates) {
    useRelation(context, nameOf(fields), access.includes('create') ? ['select'] : access, {
      mayBeMissing: fields.relname === made,
    })
    return
  }
  const { schema, name } = nameOf(fields)
  if (isTemporary(fields)) {
    recordTemporary(context, name, access)
    return
  }
  const home = schema ?? creationSchema(context)
  const existing = context.snapshot.relation(home, name)
  if (existing === undefined) recordMissing(context, { schema: home, name }, access)
  else recordRelation(context, existing, access)
}

function roleName({ roletype, rolename }: RoleSpec): string {
  if (rolename !== undefined) return rolename
  return (roletype ?? '').replace('ROLESPEC_', '').toLowerCase()
}

function isWord({ arg }: NodeFields): boolean {
  return arg !== undefined && 'TypeName' in (arg as object)
}

const unknownRows = ['old', 'new'].map(
  (name): Item => ({
    name,
    relation: null,
    columns: new ListedColumns([], []),
    unqualified: false,
    qualified: true,
    pseudo: true,
  }),
)

/** Inside a definition, bare names are the columns of the relation it is about, or of one that is being made. */
function definitionScope(context: Context, fields: NodeFields, type = ''): Scope {
  const range = fields.relation ?? fields.table
  const named = range !== undefined && typeof range === 'object' ? nameOf(range as RangeVar) : null
  const schema =
    named === null
      ? null
      : (named.schema ?? context.path?.find((each) => context.snapshot.relation(each, named.name) !== undefined))
  const relation =
    named === null || schema === null || schema === undefined
      ? undefined
      : context.snapshot.relation(schema, named.name)
  const columns = relation === undefined ? new ListedColumns([]) : relationColumns(context.snapshot, relation)
  const rows = relation === undefined ? [] : [...rowScope(context, relation).items]
  const anything: Item = {
    name: null,
    relation: null,
    columns: new ListedColumns([], []),
    unqualified: true,
    qualified: false,
  }
  // A temporary table's columns are not known, and a rule on one still has its old and new rows.
  if (relation === undefined && (type === 'RuleStmt' || type === 'CreateTrigStmt')) rows.push(...unknownRows)
  const self: Item = {
    name: named?.name ?? null,
    relation: relation ?? null,
    columns,
    unqualified: false,
    qualified: true,
  }
  return innerScope(
    emptyScope({ names: new Map([['value', { sources: [], exact: false, type: 0, row: null }]]), positions: [] }),
    [...rows, self, anything],
  )
}

/** An event trigger runs at the next definition, whoever makes it. */
export function fireEventTriggers(context: Context): void {
  for (const trigger of context.snapshot.eventTriggers) {
    if (trigger.event === 'login') continue
    const routine = context.snapshot.routineByOid(trigger.routine)
    if (routine === undefined) context.record.unresolved('function', `event trigger ${trigger.name}`)
    else callRoutine(context, routine, [])
  }
}

type Special = (context: Context, fields: never, scope: Scope) => void

const special: Readonly<Record<string, Special | undefined>> = Object.assign(Object.create(null), {
  TruncateStmt: (context: Context, { relations }: { relations?: Node[] }) => {
    for (const node of relations ?? []) {
      if (!('RangeVar' in node)) continue
      const found = useRelation(context, nameOf(node.RangeVar), ['truncate'])
      if (found.found === 'relation') attachedWrites(context, found.relation, 'truncate')
    }
  },
  CreateStmt: (context: Context, { relation, inhRelations, tableElts }: CreateStmt) => {
    if (relation?.schemaname === 'pg_catalog') context.record.effect('privilege')
    // A permanent table is looked into when it is written; of a temporary one nothing is known by then.
    if (relation === undefined || !isTemporary(relation)) return
    for (const node of inhRelations ?? []) if ('RangeVar' in node) takeOver(context, node.RangeVar, true)
    for (const node of tableElts ?? []) {
      if (!('TableLikeClause' in node) || node.TableLikeClause.relation === undefined) continue
      const { relation: model, options = 0 } = node.TableLikeClause
      takeOver(context, model, (options & LIKE_EXPRESSIONS) !== 0)
    }
  },
  CreateTrigStmt: (context: Context, { relation, funcname }: { relation?: RangeVar; funcname?: Node[] }) => {
    if (relation === undefined || lookUpRelation(context, nameOf(relation)).found === 'relation') return
    const routines = candidates(context, qualifiedName(funcname), [])
    if (routines.length === 0) context.record.unresolved('function', stringsOf(funcname).join('.'))
    for (const routine of routines) callRoutine(context, routine, [])
  },
  ViewStmt: (context: Context, { view }: ViewStmt) => {
    // A temporary view would stand in front of a table under a name whose columns nothing here can follow.
    if (view !== undefined && isTemporary(view))
      context.record.unresolved('relation', `temporary view ${view.relname ?? ''}`)
  },
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

/** INCLUDING CONSTRAINTS, DEFAULTS, GENERATED, INDEXES: bits of TableLikeOption in src/include/nodes/parsenodes.h */
const LIKE_EXPRESSIONS = 4 | 8 | 16 | 64

function takeOver(context: Context, model: RangeVar, expressions: boolean): void {
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

/** Modes up to ROW SHARE stop nobody's reads or writes; pg_dump takes ACCESS SHARE. */
const ROW_SHARE = 2

function lock(context: Context, fields: NodeFields): void {
  const { mode = 8 } = fields as { mode?: number }
  context.record.effect(mode <= ROW_SHARE ? 'transaction' : 'write')
  walkFields(context, 'LockStmt', fields, emptyScope(), { access: ['lock'], creates: false })
}

/** Subcommands that decide who may see or do what. */
const privileged = new Set([
  'AT_ChangeOwner',
  'AT_EnableRowSecurity',
  'AT_DisableRowSecurity',
  'AT_ForceRowSecurity',
  'AT_NoForceRowSecurity',
])

function alterTable(context: Context, fields: AlterTableStmt): void {
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
