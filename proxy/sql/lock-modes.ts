import type { Node } from 'libpg-query'
import type { Relation } from '../../policies/input.ts'
import { TABLE_LOCK_MODES, type TableLockMode } from '../../policies/lock.ts'
import { alterTableLock } from './alter-table-lock.ts'

/**
 * The lock that a statement takes on a relation, from its kind: the manual's section 13.3.1 and its table 13.2. What is
 * not known to take less is said to take the strongest.
 * https://www.postgresql.org/docs/current/explicit-locking.html#LOCKING-TABLES
 */
const writes = new Set(['insert', 'update', 'delete'])
const harmless = new Set(['select', 'grant'])

/** @param defining what `definingLock` says of the statement */
export function modeOf({ access }: Relation, defining: TableLockMode | null): TableLockMode {
  if (access.every((one) => harmless.has(one))) return 'ACCESS SHARE'
  if (access.every((one) => writes.has(one) || harmless.has(one))) return 'ROW EXCLUSIVE'
  return defining ?? 'ACCESS EXCLUSIVE'
}

/** What a statement that is not a query takes on the tables it changes; null: the strongest. */
export function definingLock(node: Node): TableLockMode | null {
  if ('AlterTableStmt' in node) return alterTableLock(node.AlterTableStmt)
  if ('IndexStmt' in node) return node.IndexStmt.concurrent === true ? 'SHARE UPDATE EXCLUSIVE' : 'SHARE'
  if ('LockStmt' in node) return TABLE_LOCK_MODES[(node.LockStmt.mode ?? 0) - 1] ?? null
  if ('CreateTrigStmt' in node) return 'SHARE ROW EXCLUSIVE'
  if ('CommentStmt' in node || 'CreateStatsStmt' in node) return 'SHARE UPDATE EXCLUSIVE'
  if ('RefreshMatViewStmt' in node) return node.RefreshMatViewStmt.concurrent === true ? 'EXCLUSIVE' : null
  if ('VacuumStmt' in node) return isFullVacuum(node) ? null : 'SHARE UPDATE EXCLUSIVE'
  if ('ReindexStmt' in node) return 'SHARE'
  if ('CreateStmt' in node) return 'SHARE ROW EXCLUSIVE' // of those its foreign keys name
  return null
}

function isFullVacuum({ VacuumStmt: { options = [] } }: Extract<Node, { VacuumStmt: unknown }>): boolean {
  return options.some((option) => 'DefElem' in option && option.DefElem.defname === 'full')
}
