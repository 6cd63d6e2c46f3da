import type { TransactionStmt } from 'libpg-query'
import type { Context } from './context.ts'

/** A prepared transaction outlives its session and is ended by another, so it reaches further than this one. */
const twoPhase = new Set(['TRANS_STMT_PREPARE', 'TRANS_STMT_COMMIT_PREPARED', 'TRANS_STMT_ROLLBACK_PREPARED'])

export function transaction(context: Context, { kind = '' as never }: TransactionStmt): void {
  context.record.effect('transaction')
  if (twoPhase.has(kind)) context.record.effect('external')
}
