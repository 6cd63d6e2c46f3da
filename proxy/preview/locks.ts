import type { Node } from 'libpg-query'
import type { Facts, Relation } from '../../policies/input.ts'
import type { CascadedChange, TableLock } from '../../workflows/holds/consequences.ts'
import { alterTableLock } from './alter-table-lock.ts'

/**
 * The table locks a statement takes, from its kind: the manual's section 13.3.1 and its table 13.2. What is not known
 * to take less is said to take the strongest. Locks on rows, on indexes and on what is read to check a foreign key are
 * not listed.
 * https://www.postgresql.org/docs/current/explicit-locking.html#LOCKING-TABLES
 */
type Mode = TableLock['mode']

export const LOCK_MODES: readonly Mode[] = [
  'ACCESS SHARE',
  'ROW SHARE',
  'ROW EXCLUSIVE',
  'SHARE UPDATE EXCLUSIVE',
  'SHARE',
  'SHARE ROW EXCLUSIVE',
  'EXCLUSIVE',
  'ACCESS EXCLUSIVE',
]

export function locksOf(
  node: Node | null,
  facts: Facts,
  cascades: readonly CascadedChange[] | null,
): readonly TableLock[] {
  const strongest = new Map<string, Mode>()
  const add = (table: string, mode: Mode): void => {
    const known = strongest.get(table)
    if (known === undefined || LOCK_MODES.indexOf(mode) > LOCK_MODES.indexOf(known)) strongest.set(table, mode)
  }
  const defining = node === null ? null : definingLock(node)
  for (const relation of facts.relations) {
    if (relation.system || relation.kind === 'sequence') continue
    add(`${relation.schema}.${relation.name}`, modeOf(relation, facts.flags, defining))
  }
  for (const { table } of cascades ?? []) add(table, 'ROW EXCLUSIVE')
  return [...strongest]
    .map(([table, mode]) => ({ table, mode }))
    .sort((a, b) => LOCK_MODES.indexOf(b.mode) - LOCK_MODES.indexOf(a.mode) || (a.table < b.table ? -1 : 1))
}

const writes = new Set(['insert', 'update', 'delete'])
const harmless = new Set(['select', 'grant'])
const rowLocks = new Set([...harmless, 'lock'])

/** @param defining what `definingLock` says of the statement */
export function modeOf({ access }: Relation, flags: Facts['flags'], defining: Mode | null): Mode {
  if (access.every((one) => harmless.has(one))) return 'ACCESS SHARE'
  if (flags.includes('row_locks') && access.every((one) => rowLocks.has(one))) return 'ROW SHARE'
  if (access.every((one) => writes.has(one) || harmless.has(one))) return 'ROW EXCLUSIVE'
  return defining ?? 'ACCESS EXCLUSIVE'
}

/** What a statement that is not a query takes on the tables it changes; null: the strongest. */
export function definingLock(node: Node): Mode | null {
  if ('AlterTableStmt' in node) return alterTableLock(node.AlterTableStmt)
  if ('IndexStmt' in node) return node.IndexStmt.concurrent === true ? 'SHARE UPDATE EXCLUSIVE' : 'SHARE'
  if ('LockStmt' in node) return LOCK_MODES[(node.LockStmt.mode ?? 0) - 1] ?? null
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
