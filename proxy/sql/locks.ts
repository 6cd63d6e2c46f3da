import type { Node } from 'libpg-query'
import type { Relation } from '../../policies/input.ts'
import { type Lock, TABLE_LOCK_MODES, type TableLockMode } from '../../policies/lock.ts'
import { definingLock, modeOf } from './lock-modes.ts'

/** The locks that a statement asks for by itself: on rows, on targets that are only planned for, and advisory ones. */
export class AskedLocks {
  readonly #locks = new Map<string, Lock>()

  add(lock: Lock): void {
    this.#locks.set(Object.values(lock).join(' '), lock)
  }

  absorb(other: AskedLocks): void {
    for (const lock of other.all()) this.add(lock)
  }

  /** Planning locks the relation and none of its rows; advisory locks are not taken. */
  absorbPlanned(planned: AskedLocks): void {
    for (const lock of planned.all()) {
      if (lock.on === 'rows') this.add({ ...lock, on: 'relation', mode: 'ROW SHARE', wait: 'wait' })
      else if (lock.on === 'relation') this.add(lock)
    }
  }

  all(): Iterable<Lock> {
    return this.#locks.values()
  }
}

export interface LockedBy {
  readonly node: Node | null
  readonly relations: readonly Relation[]
  readonly asked: AskedLocks
}

/** All locks: one for each relation, the strongest that anything in the statement takes, and those that are asked for. */
export function locksOf({ node, relations, asked }: LockedBy): Lock[] {
  const defining = node === null ? null : definingLock(node)
  const ofRelations = new Map<string, Lock>()
  const wait = node !== null && 'LockStmt' in node && node.LockStmt.nowait === true ? 'nowait' : 'wait'
  const strongest = (lock: Lock): void => {
    const key = `${lock.schema} ${lock.relation}`
    const known = ofRelations.get(key)
    if (known === undefined || strength(lock) > strength(known)) ofRelations.set(key, lock)
  }
  const isLockTable = node !== null && 'LockStmt' in node
  for (const relation of relations) {
    const mode = isLockTable ? ofRelation(relation, defining) : strongerOf(relation, defining)
    if (relation.system && mode === 'ACCESS SHARE') continue
    strongest({ on: 'relation', schema: relation.schema, relation: relation.name, mode, wait })
  }
  const others: Lock[] = []
  for (const lock of asked.all()) {
    if (lock.on === 'relation') strongest(lock)
    else others.push(lock)
  }
  return [...ofRelations.values(), ...others]
}

/** Row locks come with ROW SHARE on the table; LOCK TABLE inside a function's body asks for its mode by itself. */
function strongerOf(relation: Relation, defining: TableLockMode | null): TableLockMode {
  const access = relation.access.filter((one) => one !== 'lock')
  const mode = ofRelation({ ...relation, access }, defining)
  return mode === 'ACCESS SHARE' && access.length < relation.access.length ? 'ROW SHARE' : mode
}

function ofRelation(relation: Relation, defining: TableLockMode | null): TableLockMode {
  if (relation.kind === 'sequence') return 'ROW EXCLUSIVE'
  return relation.access.includes('create') ? 'ACCESS EXCLUSIVE' : modeOf(relation, defining)
}

function strength({ mode }: Lock): number {
  return (TABLE_LOCK_MODES as readonly string[]).indexOf(mode)
}

const ADVISORY = /^pg_(try_)?advisory_(xact_)?lock(_shared)?$/

/** @param name of a function in pg_catalog */
export function advisoryLock(name: string): Lock | null {
  const match = ADVISORY.exec(name)
  if (match === null) return null
  const mode = match[3] === undefined ? 'ADVISORY EXCLUSIVE' : 'ADVISORY SHARE'
  return { on: 'advisory', schema: '', relation: '', mode, wait: match[1] === undefined ? 'wait' : 'nowait' }
}
