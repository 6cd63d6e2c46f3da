import type { webApi } from '@slack/bolt'
import { asSlackError } from '../web-api.ts'
import type { Place } from './posted-cards.ts'

/** Rides on the message, where a person cannot see it and another app's message cannot stand in for it. */
export const CARD_EVENT = 'holdpoint_hold'

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
): Promise<Place | null> {
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
