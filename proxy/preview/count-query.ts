import { chosenRows } from './chosen-rows.ts'
import { type NamedTable, readModification } from './modification.ts'

/** A SELECT that counts the rows an UPDATE or DELETE would change. */
export interface CountQuery {
  readonly sql: string
  /** Which of the statement's parameters it takes, in its own order; from 1. */
  readonly parameters: readonly number[]
}

/**
 * Rewrites `DELETE FROM t WHERE p` to `SELECT count(*) FROM s.t WHERE p`.
 * @returns null where it cannot be done or not be proven to ask the same
 */
export function countQuery(text: string, target: NamedTable): CountQuery | null {
  const modification = readModification(text)
  const rows = modification === null ? null : chosenRows(modification, target)
  return rows === null ? null : { sql: `SELECT pg_catalog.count(*) ${rows.from}`, parameters: rows.parameters }
}
