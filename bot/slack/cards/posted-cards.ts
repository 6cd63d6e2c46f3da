import type { webApi } from '@slack/bolt'
import type { Pool } from 'pg'
import { rowsOf } from '../../../workflows/state/transaction.ts'
import { asSlackError } from '../web-api.ts'

/** Where a hold's card is in Slack: written down once it is posted, and found again when that was not possible. */
export interface PostedCard {
  readonly channel: string
  readonly ts: string
}

/** Rides on the message, where a person cannot see it and another app's message cannot stand in for it. */
export const CARD_EVENT = 'holdpoint_hold'

export interface PostedCards {
  find(hold: string): Promise<PostedCard | null>
  save(hold: string, card: PostedCard): Promise<void>
  forget(hold: string): Promise<void>
  /** A channel's id, once anything was ever posted there: history is not read by name. */
  channelId(configured: string): Promise<string | null>
}

export function createPostedCards(pool: Pool): PostedCards {
  return {
    async find(hold) {
      const [row] = await rowsOf<PostedCard & { hold: string }>(
        pool,
        'SELECT channel, ts FROM slack_message WHERE hold = $1',
        [hold],
      )
      return row ?? null
    },
    async save(hold, { channel, ts }) {
      await rowsOf(
        pool,
        'INSERT INTO slack_message (hold, channel, ts) VALUES ($1, $2, $3) ON CONFLICT (hold, channel) DO UPDATE SET ts = EXCLUDED.ts',
        [hold, channel, ts],
      )
    },
    async forget(hold) {
      await rowsOf(pool, 'DELETE FROM slack_message WHERE hold = $1', [hold])
    },
    async channelId(configured) {
      if (/^[CG][A-Z0-9]{8,}$/.test(configured)) return configured
      const [row] = await rowsOf<{ channel: string }>(pool, 'SELECT channel FROM slack_message LIMIT 1')
      return row?.channel ?? null
    },
  }
}

/**
 * A card that was posted and never written down: the answer was lost, or the process ended in between. Looked for by
 * its metadata among our own messages since the hold was made.
 *
 * @returns null when there is none, or when the app may not read the channel: then a second card is the lesser evil
 */
export async function findUnsavedCard(
  client: webApi.WebClient,
  search: {
    readonly hold: string
    readonly since: string
    readonly channel: string
    /** Our bot user; a message of anybody else with the same metadata is not our card. */
    readonly author: string
  },
): Promise<PostedCard | null> {
  const { hold, since, channel, author } = search
  const oldest = String(Math.floor(Date.parse(since) / 1_000) - 60)
  try {
    const { messages } = await client.conversations.history({ channel, oldest, limit: 200, include_all_metadata: true })
    const ours = messages?.find(({ user, metadata }) => user === author && isCardOf(hold, metadata))
    return ours?.ts === undefined ? null : { channel, ts: ours.ts }
  } catch (cause) {
    const error = asSlackError(cause)
    if (error.code === 'slack_refused') return null
    throw error
  }
}

function isCardOf(hold: string, metadata: unknown): boolean {
  const { event_type: type, event_payload: payload } = (metadata ?? {}) as {
    readonly event_type?: unknown
    readonly event_payload?: { readonly hold?: unknown }
  }
  return type === CARD_EVENT && payload?.hold === hold
}
