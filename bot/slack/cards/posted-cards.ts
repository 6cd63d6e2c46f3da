import type { Pool } from 'pg'
import { rowsOf } from '../../../workflows/state/transaction.ts'

/** Where a message is. */
export interface Place {
  /** A channel's or a conversation's id, never a name. */
  readonly channel: string
  readonly ts: string
}

/** A hold's card in one of the places where people are told of it. */
export interface PostedCard extends Place {
  /** What the place was asked for as: a channel as it is configured, or a user's id. */
  readonly destination: string
}

export function isPerson(destination: string): boolean {
  return /^[UW][A-Z0-9]{7,}$/.test(destination)
}

/** Where a hold's cards are in Slack: written down once they are posted, and found again when that was not possible. */
export interface PostedCards {
  /** Of the card that the hold is on, its own or one that it shares. */
  of(hold: string): Promise<readonly PostedCard[]>
  save(hold: string, card: PostedCard): Promise<void>
  forget(hold: string, destination: string): Promise<void>
  /** A destination's id, once anything was ever posted there: history is not read by name. */
  channelId(destination: string): Promise<string | null>
  /** Whose card, or question, a thread hangs on. */
  holdAt(place: Place): Promise<string | null>
  saveThread(hold: string, place: Place): Promise<void>
}

export function createPostedCards(pool: Pool): PostedCards {
  return {
    of: (hold) =>
      rowsOf<PostedCard & { hold: string }>(
        pool,
        `SELECT destination, channel, ts FROM slack_message
         WHERE hold = coalesce((SELECT lead FROM slack_gathered WHERE slack_gathered.hold = $1), $1)
         ORDER BY destination`,
        [hold],
      ),
    async save(hold, { destination, channel, ts }) {
      await rowsOf(
        pool,
        `INSERT INTO slack_message (hold, destination, channel, ts) VALUES ($1, $2, $3, $4)
         ON CONFLICT (hold, destination) DO UPDATE SET channel = EXCLUDED.channel, ts = EXCLUDED.ts`,
        [hold, destination, channel, ts],
      )
    },
    async forget(hold, destination) {
      await rowsOf(pool, 'DELETE FROM slack_message WHERE hold = $1 AND destination = $2', [hold, destination])
    },
    async channelId(destination) {
      if (/^[CDG][A-Z0-9]{8,}$/.test(destination)) return destination
      const [row] = await rowsOf<{ channel: string }>(
        pool,
        'SELECT channel FROM slack_message WHERE destination = $1 LIMIT 1',
        [destination],
      )
      return row?.channel ?? null
    },
    async holdAt({ channel, ts }) {
      const [row] = await rowsOf<{ hold: string }>(
        pool,
        `SELECT hold FROM slack_message WHERE channel = $1 AND ts = $2
         UNION ALL SELECT hold FROM slack_thread WHERE channel = $1 AND ts = $2 LIMIT 1`,
        [channel, ts],
      )
      return row?.hold ?? null
    },
    async saveThread(hold, { channel, ts }) {
      await rowsOf(pool, 'INSERT INTO slack_thread (hold, channel, ts) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING', [
        hold,
        channel,
        ts,
      ])
    },
  }
}
