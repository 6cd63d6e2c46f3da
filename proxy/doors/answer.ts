import type { FiredRule } from '../../policies/decision.ts'
import type { Hold } from '../../workflows/holds/hold.ts'

import type { Instead } from './allowed-instead.ts'

/** What became of one statement, before a door puts it into its own words. */
export type Answer = Completed | Held | Denied | Failed

export type JsonValue = string | number | boolean | null | readonly JsonValue[] | { readonly [key: string]: JsonValue }

export interface Column {
  readonly name: string
  /** As PostgreSQL calls it, or its OID where it is none of its own. */
  readonly type: string
  /** How its values are masked; null: they are as stored, or have no one source. */
  readonly masked: string | null
}

export interface Completed {
  readonly kind: 'completed'
  readonly tag: string | null
  readonly columns: readonly Column[]
  readonly rows: readonly (readonly JsonValue[])[]
  /** There were more rows than were asked for, or than an answer may hold. */
  readonly truncated: 'rows' | 'bytes' | null
  /** Of them, those that are given included; null: more than were asked for, and nobody counted them. */
  readonly rowsTotal: number | null
}

export interface Held {
  readonly kind: 'held'
  readonly hold: Hold
  /** What would be allowed at once instead; null: nothing that is certain. */
  readonly instead: Instead | null
  /** Why the glass could not be broken, where its asker wanted that; null: they did not, or it is broken. */
  readonly whole: string | null
}

export interface Denied {
  readonly kind: 'denied'
  readonly message: string
  readonly rules: readonly FiredRule[]
  readonly instead: Instead | null
}

export interface Failed {
  readonly kind: 'failed'
  readonly sqlstate: string
  readonly message: string
  readonly detail: string | null
  readonly hint: string | null
  /** Into the statement, from 1. */
  readonly position: number | null
}
