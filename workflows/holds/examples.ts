import type pg from 'pg'
import type { Identity, Target } from '../../policies/input.ts'
import type { Seal } from '../results/seal.ts'
import { type Queryable, rowsOf } from '../state/transaction.ts'

/**
 * A few rows that a held statement reaches, as they are and as they would be. They are taken once, when it is held, kept
 * sealed for as long as the hold is open, and masked each time for whoever looks.
 */
export interface KeptExamples {
  /** The role they were read with. */
  readonly role: string
  /** Every column whose values are in them. */
  readonly reads: readonly ReadColumn[]
  readonly columns: readonly KeptColumn[]
  readonly rows: readonly KeptRow[]
}

/** A column of the catalog as it was then: under the same name may be another one by now. */
export interface ReadColumn {
  readonly relationOid: number
  readonly attribute: number
  readonly typeOid: number
  readonly schema: string
  readonly relation: string
  readonly column: string
  readonly labels: readonly string[]
}

export interface KeptColumn {
  /** Its place among the reads. */
  readonly at: number
  /** The statement gives it a value. */
  readonly written: boolean
  /** What the new value is made of, as places among the reads; null: that is not known. */
  readonly madeOf: readonly number[] | null
}

export interface KeptRow {
  /** In the order of the columns; null: the row is new. */
  readonly before: readonly KeptCell[] | null
  /** null: the row would be gone. */
  readonly after: readonly KeptCell[] | null
  /** Which columns would get another value. */
  readonly changed: readonly boolean[]
}

/** null is SQL NULL; `cut`: it goes on. */
export type KeptCell = { readonly text: string; readonly cut?: true } | null

/** Whose eyes they are for, and what target they are of. */
export interface ExamplesAsked {
  readonly identity: Identity
  readonly target: Target
  readonly examples: KeptExamples
}

/** What one person is shown of them. */
export interface ShownExamples {
  readonly columns: readonly ShownColumn[]
  readonly rows: readonly ShownRow[]
  /** Why nothing of them is shown; null: it is shown what is theirs to see. */
  readonly whyHidden: string | null
  /** How each of the columns that were read is seen, in the order of the reads. */
  readonly seeing: readonly ShownColumn['seen'][]
  /** The policy that decided; null: none could be asked. */
  readonly policy: string | null
}

export interface ShownColumn {
  readonly name: string
  readonly labels: readonly string[]
  /** masked: in part, or not at all, as the policy masks it for them. hidden: there is no saying what they may see. */
  readonly seen: 'clear' | 'masked' | 'hidden'
}

export interface ShownRow {
  readonly before: readonly (string | null)[] | null
  readonly after: readonly (string | null)[] | null
  /** Which columns would get another value. Always true for one that is written and not shown as it is. */
  readonly changed: readonly boolean[]
}

/** More than some rows of short values need; nothing is kept rather than something large. */
export const KEPT_CHARACTERS_MAX = 256 * 1024

/** In the transaction that makes the hold. */
export async function keepExamples(
  client: Queryable,
  hold: { readonly id: string; readonly expires_at: Date },
  { examples, seal }: { readonly examples: KeptExamples; readonly seal: Seal },
): Promise<void> {
  const text = JSON.stringify(examples)
  if (text.length > KEPT_CHARACTERS_MAX) return
  const sealed = seal.close(text, hold.id, 'examples')
  await rowsOf(client, 'INSERT INTO hold_example (hold, key_id, sealed, kept_until) VALUES ($1, $2, $3, $4)', [
    hold.id,
    seal.keyId,
    sealed,
    hold.expires_at,
  ])
}

/**
 * @returns null: there are none, or there are none any more
 * @throws ResultError other_key
 */
export async function openExamples(
  pool: pg.Pool,
  hold: string,
  { seal, at }: { readonly seal: Seal; readonly at: Date },
): Promise<KeptExamples | null> {
  const [row] = await rowsOf<{ key_id: string; sealed: Buffer }>(
    pool,
    `SELECT key_id, sealed FROM hold_example JOIN hold ON hold.id = hold_example.hold
     WHERE hold_example.hold = $1 AND kept_until > $2 AND status IN ('pending', 'approved')`,
    [hold, at],
  )
  return row === undefined ? null : (JSON.parse(seal.open(row.sealed, row.key_id, hold, 'examples')) as KeptExamples)
}

/**
 * With a hold that is over, its examples go: a part of the statement that ends it.
 *
 * @param changed the CTE that returns the holds' rows
 */
export function examplesGoneIn(changed: string): string {
  return `DELETE FROM hold_example USING ${changed}
    WHERE hold_example.hold = ${changed}.id AND ${changed}.status NOT IN ('pending', 'approved')`
}

/** Those whose time is over. */
export async function forgetExamples(pool: pg.Pool, at: Date): Promise<void> {
  await rowsOf(pool, 'DELETE FROM hold_example WHERE kept_until <= $1', [at])
}
