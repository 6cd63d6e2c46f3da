import type { Node, RangeVar, RoleSpec } from 'libpg-query'
import type { Access } from '../../policies/input.ts'
import { type Context, recordMissing, recordRelation, recordTemporary } from './context.ts'
import { expression } from './expression.ts'
import { grammar } from './grammar.ts'
import { creationSchema, isTemporary } from './into-clause.ts'
import { isDataModifying, modify } from './modify.ts'
import { lookUpRelation, nameOf, useRelation, useType } from './names.ts'
import { innerScope, type Scope } from './scope.ts'
import { select } from './select.ts'
import { type NodeFields, typeOf } from './tree.ts'
import { utilities } from './utilities.ts'
import { utility } from './utility.ts'

export function unknown(context: Context, type: string): void {
  context.record.effect('unknown')
  context.record.unresolved('node', type)
}

interface Naming {
  readonly access: readonly Access[]
  /** The relation named first is made by the statement. */
  readonly creates: boolean
  /** The name of what is being made: it may refer to itself. */
  readonly made?: string
  /** See `useRelation`. */
  readonly defines?: boolean
}

/** Every child by the grammar list: relations, types, roles, queries and expressions wherever they are. */
export function walkFields(context: Context, type: string, fields: NodeFields, scope: Scope, naming: Naming): void {
  const known = grammar[type]
  for (const name in fields) {
    const kind = known?.[name]
    if (kind === 0) continue
    if (kind === undefined) unknown(context, `${type}.${name}`)
    else if (kind === 1) walkNode(context, fields[name] as Node, scope, naming)
    else if (kind === 2) for (const node of fields[name] as Node[]) walkNode(context, node, scope, naming)
    else {
      if (name === 'pktable') lockReferenced(context, fields.pktable as RangeVar)
      walkTyped(
        context,
        kind,
        fields[name] as NodeFields,
        scope,
        isMade(name, type) ? naming : { ...naming, creates: false },
      )
    }
  }
}

/** A foreign key puts triggers on the table at its other end, too. */
function lockReferenced(context: Context, range: RangeVar): void {
  const found = lookUpRelation(context, nameOf(range))
  if (found.found !== 'relation') return
  const { schema, name: relation } = found.relation
  context.record.lock({ on: 'relation', schema, relation, mode: 'SHARE ROW EXCLUSIVE', wait: 'wait' })
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

export function range(context: Context, fields: RangeVar, { access, creates, made, defines }: Naming): void {
  context.seen.add(fields)
  if (!creates) {
    useRelation(context, nameOf(fields), access.includes('create') ? ['select'] : access, {
      mayBeMissing: fields.relname === made,
      defines: defines === true,
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
