import type { Pool } from 'pg'
import { rowsOf } from '../../../workflows/state/transaction.ts'
import type { SlackError } from '../errors.ts'

/**
 * Where Slack refuses cards and will go on to until somebody does something. Kept where the doctor and the console can
 * see it, since Slack itself is no place to say so.
 */
export interface Troubles {
  note(destination: string, hold: string, error: SlackError): Promise<void>
  /** It works again. */
  clear(destination: string): Promise<void>
}

export function createTroubles(pool: Pool, now: () => number): Troubles {
  return {
    async note(destination, hold, { reason, message, hint }) {
      await rowsOf(
        pool,
        `INSERT INTO slack_trouble (destination, reason, hint, hold, since, last_at) VALUES ($1, $2, $3, $4, $5, $5)
         ON CONFLICT (destination) DO UPDATE
         SET reason = EXCLUDED.reason, hint = EXCLUDED.hint, hold = EXCLUDED.hold, last_at = EXCLUDED.last_at`,
        [destination, reason, hint ?? message, hold, new Date(now())],
      )
    },
    async clear(destination) {
      await rowsOf(pool, 'DELETE FROM slack_trouble WHERE destination = $1', [destination])
    },
  }
}
