import type pg from 'pg'
import { asStateError } from './errors.ts'

export type Queryable = Pick<pg.ClientBase, 'query'>

/**
 * Runs `work` in one transaction and commits it; whatever is thrown rolls all of it back.
 *
 * @param begun is told the number that the server knows it by; without it nobody asks for that
 * @throws what `work` threw, or StateError
 */
export async function inTransaction<T>(
  pool: pg.Pool,
  work: (client: pg.PoolClient) => Promise<T>,
  begun?: (xid: string) => void,
): Promise<T> {
  const client = await pool.connect().catch((cause: unknown) => {
    throw asStateError(cause)
  })
  let broken = false
  try {
    if (begun === undefined) await client.query('BEGIN')
    else begun(await beginNumbered(client))
    const result = await work(client)
    await client.query('COMMIT')
    return result
  } catch (cause) {
    broken = await client.query('ROLLBACK').then(
      () => false,
      () => true,
    )
    throw asStateError(cause, !broken)
  } finally {
    client.release(broken)
  }
}

/** In one round trip. Several statements have several results, which the driver's types do not say. */
async function beginNumbered(client: pg.PoolClient): Promise<string> {
  const sql = 'BEGIN; SELECT pg_current_xact_id()::text AS xid'
  const results = (await client.query(sql)) as unknown as readonly pg.QueryResult<{ xid: string }>[]
  const xid = results.at(-1)?.rows[0]?.xid
  if (xid === undefined) throw new TypeError('a transaction has a number')
  return xid
}

/** One query outside a transaction, with the same errors. */
export async function rowsOf<T extends pg.QueryResultRow>(
  on: Queryable,
  sql: string,
  values: readonly unknown[] = [],
): Promise<readonly T[]> {
  try {
    return (await on.query<T>(sql, [...values])).rows
  } catch (cause) {
    throw asStateError(cause)
  }
}
