import type { AlterTableStmt, Node } from 'libpg-query'
import type { TableLockMode } from '../../policies/lock.ts'

/**
 * What ALTER TABLE locks: AlterTableGetLockLevel in the server's src/backend/commands/tablecmds.c. Only what is known
 * to take less is listed; everything else takes ACCESS EXCLUSIVE.
 */
const less: Readonly<Record<string, TableLockMode>> = {
  AT_SetStatistics: 'SHARE UPDATE EXCLUSIVE',
  AT_ClusterOn: 'SHARE UPDATE EXCLUSIVE',
  AT_DropCluster: 'SHARE UPDATE EXCLUSIVE',
  AT_SetOptions: 'SHARE UPDATE EXCLUSIVE',
  AT_ResetOptions: 'SHARE UPDATE EXCLUSIVE',
  AT_ValidateConstraint: 'SHARE UPDATE EXCLUSIVE',
  AT_EnableTrig: 'SHARE ROW EXCLUSIVE',
  AT_EnableAlwaysTrig: 'SHARE ROW EXCLUSIVE',
  AT_EnableReplicaTrig: 'SHARE ROW EXCLUSIVE',
  AT_EnableTrigAll: 'SHARE ROW EXCLUSIVE',
  AT_EnableTrigUser: 'SHARE ROW EXCLUSIVE',
  AT_DisableTrig: 'SHARE ROW EXCLUSIVE',
  AT_DisableTrigAll: 'SHARE ROW EXCLUSIVE',
  AT_DisableTrigUser: 'SHARE ROW EXCLUSIVE',
}

const order: readonly TableLockMode[] = ['SHARE UPDATE EXCLUSIVE', 'SHARE ROW EXCLUSIVE', 'ACCESS EXCLUSIVE']

export function alterTableLock({ cmds = [] }: AlterTableStmt): TableLockMode {
  const modes = cmds.map(modeOf)
  return order.findLast((mode) => modes.includes(mode)) ?? 'ACCESS EXCLUSIVE'
}

function modeOf(command: Node): TableLockMode {
  if (!('AlterTableCmd' in command)) return 'ACCESS EXCLUSIVE'
  const { subtype, def } = command.AlterTableCmd
  if (subtype === 'AT_AddConstraint' && def !== undefined && 'Constraint' in def)
    return def.Constraint.contype === 'CONSTR_FOREIGN' ? 'SHARE ROW EXCLUSIVE' : 'ACCESS EXCLUSIVE'
  return less[subtype ?? ''] ?? 'ACCESS EXCLUSIVE'
}
