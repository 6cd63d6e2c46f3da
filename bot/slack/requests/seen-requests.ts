import { createHash } from 'node:crypto'
import type { Pool } from 'pg'
import { rowsOf } from '../../../workflows/state/transaction.ts'

/**
 * What Slack has sent already, kept in the state database: a request that one replica has counted, or that came before
 * a restart, is a repetition everywhere. Only what Slack itself signed or sent over its socket gets here, so nobody
 * else can fill the table.
 */
export interface SeenRequests {
  /**
   * @param key what a repetition would have too
   * @returns `first` to exactly one of all who ask with the same key; `too_many` when it could not be told any more
   * @throws StateError: then nothing may be counted
   */
  claim(key: string, goodForMs: number): Promise<'first' | 'again' | 'too_many'>
}

/** Far more than Slack sends in ten minutes. */
const REMEMBERED_MAX = 100_000

export function createSeenRequests({
  pool,
  now,
  max = REMEMBERED_MAX,
}: {
  readonly pool: Pool
  readonly now: () => number
  readonly max?: number
}): SeenRequests {
  return {
    async claim(key, goodForMs) {
      const hash = createHash('sha256').update(key).digest()
      const at = now()
      await rowsOf(pool, 'DELETE FROM slack_request WHERE expires_at < $1', [new Date(at)])
      const claimed = await rowsOf(pool, CLAIM, [hash, new Date(at + goodForMs), max])
      if (claimed.length > 0) return 'first'
      const known = await rowsOf(pool, 'SELECT FROM slack_request WHERE hash = $1', [hash])
      return known.length > 0 ? 'again' : 'too_many'
    },
  }
}

const CLAIM = `
  INSERT INTO slack_request (hash, expires_at)
  SELECT $1, $2 WHERE (SELECT count(*) FROM (SELECT FROM slack_request LIMIT $3) AS bounded) < $3
  ON CONFLICT DO NOTHING RETURNING hash`
