import type { Node, VariableSetStmt } from 'libpg-query'
import type { Setting } from '../../policies/input.ts'
import type { Context } from './context.ts'
import { expressions } from './expression.ts'
import type { Scope } from './scope.ts'
import { stringsOf } from './tree.ts'

/** SET, RESET and SET TRANSACTION. */
export function setVariable(context: Context, fields: VariableSetStmt, scope: Scope): void {
  expressions(context, fields.args, scope, 'filtered')
  context.record.effect(fields.kind === 'VAR_SET_MULTI' ? 'transaction' : 'session')
  recordVariable(context, fields, fields.is_local === true ? 'transaction' : 'session')
}

/** @param scope whose setting it becomes: also that of ALTER ROLE, ALTER DATABASE and ALTER SYSTEM */
export function recordVariable(context: Context, fields: VariableSetStmt, scope: Setting['scope']): void {
  const { kind, name = '' } = fields
  if (kind === 'VAR_SET_MULTI') {
    // SET TRANSACTION and SET SESSION CHARACTERISTICS set isolation and the like, which bound no one.
    if (name === 'SESSION CHARACTERISTICS') context.record.effect('session')
    return
  }
  if (kind === 'VAR_RESET_ALL') context.record.setting({ name: 'all', value: null, scope })
  else context.record.setting({ name: name.toLowerCase(), value: settingValue(fields), scope })
  if (name === 'role' || name === 'session_authorization') context.record.role(settingValue(fields) ?? 'default')
}

function settingValue({ args }: VariableSetStmt): string | null {
  if (args === undefined) return null
  const values = args.map(constantOf)
  return values.some((value) => value === null) ? null : values.join(', ')
}

function constantOf(node: Node): string | null {
  if ('TypeCast' in node) return node.TypeCast.arg === undefined ? null : constantOf(node.TypeCast.arg)
  if ('String' in node) return stringsOf([node])[0] ?? null
  if (!('A_Const' in node)) return null
  const { sval, ival, fval, boolval } = node.A_Const
  if (sval !== undefined) return sval.sval ?? ''
  if (fval !== undefined) return fval.fval ?? '0'
  if (boolval !== undefined) return String(boolval.boolval ?? false)
  return ival === undefined ? null : String(ival.ival ?? 0)
}
