import { setTimeout as delay } from 'node:timers/promises'
import type pg from 'pg'
import { StateError } from './errors.ts'
import { inTransaction, rowsOf } from './transaction.ts'

/**
 * What has to happen once, although a connection may be lost at any moment of it: also while it commits, when nobody
 * hears whether it did. The server knows: a transaction has a number, and whoever asks by another connection is told
 * what became of it.
 *
 *   lost before it had done anything, or it was rolled back ──▶ done again, once
 *   lost while it committed, and it did                     ──▶ the result that there was
 *   nobody can say                                          ──▶ the error
 *
 * @param work may run twice, and leaves nothing behind that the rollback of its transaction does not undo
 * @throws what `work` threw, or StateError
 */
export async function inTransactionOnce<T>(pool: pg.Pool, work: (client: pg.PoolClient) => Promise<T>): Promise<T> {
  const first: { xid: string | null; result: { readonly value: T } | null } = { xid: null, result: null }
  try {
    const keep = async (client: pg.PoolClient): Promise<T> => {
      const value = await work(client)
      first.result = { value }
      return value
    }
    return await inTransaction(pool, keep, (xid) => {
      first.xid = xid
    })
  } catch (error) {
    if (!isLost(error)) throw error
    const became = first.xid === null ? 'aborted' : await whatBecameOf(pool, first.xid)
    if (became === 'committed' && first.result !== null) return first.result.value
    if (became !== 'aborted') throw error
    await delay(NOTICED_MS)
    return inTransaction(pool, work)
  }
}

/** For what changes nothing the second time, or is told apart by who did it. */
export async function onceMore<T>(ask: (which: 'first' | 'again') => Promise<T>): Promise<T> {
  try {
    return await ask('first')
  } catch (error) {
    if (!isLost(error)) throw error
    await delay(NOTICED_MS)
    return ask('again')
  }
}

/** Until a pool has noticed that the connections it keeps are gone, too. */
const NOTICED_MS = 20
/** The server may not have noticed yet that nobody is there any more. */
const LOOKS_MAX = 100

async function whatBecameOf(pool: pg.Pool, xid: string): Promise<string | null> {
  for (let look = 0; look < LOOKS_MAX; look++) {
    await delay(NOTICED_MS)
    const sql = 'SELECT pg_xact_status($1::xid8) AS became'
    const [row] = await rowsOf<{ became: string | null }>(pool, sql, [xid]).catch((error: unknown) => {
      if (isLost(error)) return [{ became: 'in progress' }]
      throw error
    })
    if (row?.became !== 'in progress') return row?.became ?? null
  }
  return null
}

/** Not one that took too long: it was answered, and would take as long again. */
function isLost(error: unknown): boolean {
  if (!(error instanceof StateError) || error.code !== 'unreachable') return false
  const code = error.cause instanceof Error && 'code' in error.cause ? `${error.cause.code}` : ''
  return code !== '57014' && !code.startsWith('53')
}
