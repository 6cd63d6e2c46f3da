import { createHash } from 'node:crypto'
import type pg from 'pg'
import { trailIn } from '../outbox/outbox.ts'
import { rowsOf } from '../state/transaction.ts'
import type { TrailEvents } from '../trail/events.ts'
import { identityKey } from './identity-key.ts'

/**
 * Looks at rows of data, on record before they are answered. Pages are loaded again and again, and a trail that has
 * each of these hides the one that matters: the same person who is shown the same of the same hold has looked once in
 * so long. Whatever is another (their groups, their door, a column that is clear by now, the policy) is another look.
 */
export const ONE_LOOK_MS = 10 * 60_000

export type Look = TrailEvents['hold.examples_seen']

/** Of two at the same moment one is recorded, and the other one waits for it. A clock that was wrong silences nobody. */
const RECORD = `
  WITH changed AS (
      INSERT INTO example_look AS before (look, at) VALUES ($1, $4)
      ON CONFLICT (look) DO UPDATE SET at = $4 WHERE before.at <= $5 OR before.at >= $6 RETURNING look),
    recorded AS (${trailIn('changed', ['$2', '$3', '$4'])})
  SELECT FROM changed`

/** @returns whether it is a look of its own. Throws StateError */
export async function recordLook(pool: pg.Pool, look: Look, at: Date): Promise<boolean> {
  const event = ['hold.examples_seen', JSON.stringify(look)]
  const around = [-ONE_LOOK_MS, ONE_LOOK_MS].map((ms) => new Date(at.getTime() + ms))
  return (await rowsOf(pool, RECORD, [digestOf(look), ...event, at, ...around])).length > 0
}

/** Until when a token is good makes nobody somebody else. */
function digestOf({ by, ...shown }: Look): Buffer {
  const who = [identityKey(by), by.provenBy, by.groups.toSorted(), by.actsFor?.groups.toSorted() ?? null]
  return createHash('sha256')
    .update(JSON.stringify([who, shown]))
    .digest()
}

/** What no look is compared with any more. */
export async function forgetLooks(pool: pg.Pool, at: Date): Promise<void> {
  await rowsOf(pool, 'DELETE FROM example_look WHERE at <= $1', [new Date(at.getTime() - ONE_LOOK_MS)])
}
