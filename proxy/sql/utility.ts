import type { AlterTableStmt, CreateStmt, DropStmt, LockStmt } from 'libpg-query'
import type { Access } from '../../policies/input.ts'
import { TABLE_LOCK_MODES } from '../../policies/lock.ts'
import { alterTable } from './alter-table.ts'
import type { Context } from './context.ts'
import { definitionScope } from './definition-scope.ts'
import { unknown, walkFields } from './definition-walk.ts'
import { dropObjects } from './drop.ts'
import { fireEventTriggers } from './event-triggers.ts'
import { lookUpRelation, nameOf } from './names.ts'
import { special } from './particular-utilities.ts'
import { emptyScope, type Scope } from './scope.ts'
import type { NodeFields } from './tree.ts'
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
    defines: known.access.every((each) => DEFINING.has(each)) && (RUN_LATER.has(type) || !computes(context, fields)),
    ...(made === undefined ? {} : { made }),
  })
}

const DEFINING: ReadonlySet<Access> = new Set<Access>(['alter', 'grant'])
/** What is in these is looked into when it runs, by the names that it has then. */
const RUN_LATER: ReadonlySet<string> = new Set(['CreatePolicyStmt', 'AlterPolicyStmt', 'CreateTrigStmt'])

/** It makes something of columns, which may be others by now under their names. */
export function computes({ names: { uncommitted = [] } }: Context, fields: NodeFields): boolean {
  return uncommitted.length > 0 && JSON.stringify(fields).includes('"ColumnRef"')
}

/** Modes up to ROW SHARE stop nobody's reads or writes; pg_dump takes ACCESS SHARE. */
const ROW_SHARE = 2

function lock(context: Context, fields: NodeFields): void {
  const { mode = 8, relations = [], nowait } = fields as LockStmt
  context.record.effect(mode <= ROW_SHARE ? 'transaction' : 'write')
  const strength = {
    mode: TABLE_LOCK_MODES[mode - 1] ?? 'ACCESS EXCLUSIVE',
    wait: nowait === true ? 'nowait' : 'wait',
  } as const
  for (const node of relations) {
    const named = 'RangeVar' in node ? lookUpRelation(context, nameOf(node.RangeVar)) : null
    if (named?.found !== 'relation') continue
    const { schema, name } = named.relation
    context.record.lock({ on: 'relation', schema, relation: name, ...strength })
  }
  walkFields(context, 'LockStmt', fields, emptyScope(), { access: ['lock'], creates: false })
}
