import type { webApi } from '@slack/bolt'
import type { Hold } from '../../../workflows/holds/hold.ts'
import { SlackError } from '../errors.ts'
import { asSlackError } from '../web-api.ts'
import type { Card } from './approval-card.ts'
import type { Pace } from './pace.ts'
import { isPerson, type Place, type PostedCard, type PostedCards } from './posted-cards.ts'
import { orShorter } from './shorter-card.ts'
import { CARD_EVENT, findUnsavedCard } from './unsaved-card.ts'

/**
 * One card in one place: posted if it is not there, replaced if it is.
 *
 *   no card ──▶ look for one whose posting was never written down ──▶ post ──▶ write down
 *   a card  ──▶ replace it; when somebody deleted it, post a new one while people are still asked
 */
export interface CardInPlaceOptions {
  readonly client: webApi.WebClient
  readonly cards: PostedCards
  readonly pace: Pace
  readonly botUserId: () => Promise<string>
  readonly now: () => number
}

/** Younger than this and not tried before, a hold cannot have a card that was not written down. */
const CERTAINLY_NEW_MS = 1_000

export class CardInPlace {
  readonly #options: CardInPlaceOptions
  /** Postings that were begun and not written down. */
  readonly #tried = new Set<string>()

  constructor(options: CardInPlaceOptions) {
    this.#options = options
  }

  /** @throws SlackError, StateError */
  async show(hold: Hold, card: Card, destination: string, written: PostedCard | null): Promise<void> {
    const { cards } = this.#options
    const known = written ?? (await this.#unsaved(hold, destination))
    if (known !== null && (await this.#replace(known, card))) return
    if (known !== null) await cards.forget(hold.id, destination)
    if (!worthPosting(hold, known)) return
    this.#tried.add(`${hold.id} ${destination}`)
    const place = await this.#post(hold, card, destination)
    await cards.save(hold.id, { destination, ...place })
    this.#tried.delete(`${hold.id} ${destination}`)
  }

  async #unsaved(hold: Hold, destination: string): Promise<PostedCard | null> {
    const { cards, client, botUserId, now } = this.#options
    const certainlyNew = now() - Date.parse(hold.createdAt) < CERTAINLY_NEW_MS
    if (certainlyNew && !this.#tried.has(`${hold.id} ${destination}`)) return null
    const channel = isPerson(destination) ? await this.#conversation(destination) : await cards.channelId(destination)
    if (channel === null) return null
    const author = await botUserId()
    const found = await findUnsavedCard(client, { hold: hold.id, since: hold.createdAt, channel, author })
    if (found === null) return null
    await cards.save(hold.id, { destination, ...found })
    return { destination, ...found }
  }

  async #conversation(user: string): Promise<string> {
    const { channel } = await this.#options.client.conversations.open({ users: user })
    if (channel?.id === undefined) throw new SlackError('slack_unreachable', 'Slack did not open the conversation')
    return channel.id
  }

  async #post({ id }: Hold, card: Card, destination: string): Promise<Place> {
    const { client, pace } = this.#options
    const to = isPerson(destination) ? await this.#conversation(destination) : destination
    await pace.turn(to)
    const { channel, ts } = await orShorter(card, ({ text, blocks }) =>
      client.chat.postMessage({
        ...{ channel: to, text, blocks: [...blocks], mrkdwn: false, unfurl_links: false, unfurl_media: false },
        metadata: { event_type: CARD_EVENT, event_payload: { hold: id } },
      }),
    )
    if (channel !== undefined && ts !== undefined) return { channel, ts }
    throw new SlackError('slack_unreachable', 'Slack did not say where it posted the card')
  }

  /** @returns false when the message is gone */
  async #replace({ channel, ts }: PostedCard, card: Card): Promise<boolean> {
    try {
      const { chat } = this.#options.client
      await orShorter(card, ({ text, blocks }) => chat.update({ channel, ts, text, blocks: [...blocks] }))
      return true
    } catch (cause) {
      const error = asSlackError(cause)
      if (error.reason === 'message_not_found') return false
      throw error
    }
  }
}

/** Somebody who deleted a card, or a hold that ended before anybody was asked, needs no new one. */
function worthPosting({ status }: Hold, deleted: PostedCard | null): boolean {
  if (deleted !== null) return status === 'pending'
  return status !== 'withdrawn' && status !== 'abandoned'
}
