import type { TableLockMode } from '../../policies/lock.ts'

/**
 * What running a held statement would do, found out when the hold was made, for the people who answer it. It is told,
 * not bound: what an approval covers is the digest. null stands for what could not be found out in time or without
 * running anything that might do more than read.
 */
export interface Consequences {
  readonly locks: readonly TableLock[]
  readonly cascades: readonly CascadedChange[] | null
  readonly triggers: readonly FiredTrigger[] | null
  readonly undo: Undo
  /** How many rows are kept as examples, sealed and apart (examples.ts); null: none could be taken. */
  readonly examples: number | null
}

/** A lock on a table, kept until the transaction ends. https://www.postgresql.org/docs/current/explicit-locking.html */
export interface TableLock {
  /** schema.name */
  readonly table: string
  readonly mode: TableLockMode
}

/** What a foreign key does to another table because of this statement. */
export interface CascadedChange {
  /** schema.name */
  readonly table: string
  readonly constraint: string
  readonly does: 'delete' | 'update' | 'set_null' | 'set_default'
  /** The table whose change leads here. */
  readonly from: string
  /** Counted; null where it could not be. For an update, at most so many. */
  readonly rows: number | null
}

export interface FiredTrigger {
  /** schema.name */
  readonly table: string
  readonly name: string
  /** schema.name of the function. */
  readonly runs: string
  readonly on: 'insert' | 'update' | 'delete' | 'truncate'
  readonly timing: 'before' | 'after' | 'instead'
  /** Disabled ones do not fire and are named all the same: somebody turned them off. */
  readonly enabled: 'always' | 'origin' | 'replica' | 'disabled'
}

export interface Undo {
  readonly how: 'nothing_to_undo' | 'by_hand' | 'partly' | 'impossible' | 'unknown'
  /** For a reviewer, in a sentence or two. */
  readonly sentence: string
}

/** A lock of the asker's open transaction, which it keeps while it waits. */
export interface HeldLock {
  /** schema.name, or what else is locked */
  readonly on: string
  /** As pg_locks names it: RowExclusiveLock … */
  readonly mode: string
}
