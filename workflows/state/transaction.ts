import type pg from 'pg'
import { asStateError } from './errors.ts'

export type Queryable = Pick<pg.ClientBase, 'query'>

/**
 * Runs `work` in one transaction and commits it; whatever is thrown rolls all of it back.
 *
 * @throws what `work` threw, or StateError
 */
export async function inTransaction<T>(pool: pg.Pool, work: (client: pg.PoolClient) => Promise<T>): Promise<T> {
  const client = await pool.connect().catch((cause: unknown) => {
    throw asStateError(cause)
  })
  let broken = false
  try {
    await client.query('BEGIN')
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
