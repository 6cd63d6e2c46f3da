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
  readonly examples: Examples | null
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

/**
 * A few rows before and after. Columns with labels are kept masked for everybody: a hold outlives its statement, and
 * whoever may see such a value can look it up under their own name, on record. Never shown to who asked (nobody judged
 * that they may read these rows), in Slack or in mail.
 */
export interface Examples {
  readonly columns: readonly { readonly name: string; readonly labels: readonly string[] }[]
  readonly rows: readonly ExampleRow[]
}

export interface ExampleRow {
  /** In the order of the columns; null: the row is new. */
  readonly before: readonly (string | null)[] | null
  /** null: the row would be gone. */
  readonly after: readonly (string | null)[] | null
  /** Which columns would get another value. Always true for a masked one that is written. */
  readonly changed: readonly boolean[]
}
