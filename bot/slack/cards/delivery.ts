import type { webApi } from '@slack/bolt'
import type { Log } from '../../../log.ts'
import type { Hold, Holds } from '../../../workflows/holds/hold.ts'
import { SlackError } from '../errors.ts'
import { asSlackError } from '../web-api.ts'
import { approvalCard, type Card } from './approval-card.ts'
import { CARD_EVENT, findUnsavedCard, type PostedCard, type PostedCards } from './posted-cards.ts'

/**
 * Brings a hold's card in line with the hold. Why it is called does not matter: whatever changed, the card is rendered
 * from the record and posted or replaced, so a notice that comes late, twice or out of order does no harm.
 *
 *   no card ──▶ look for one whose posting was never written down ──▶ post ──▶ write down
 *   a card  ──▶ replace it; when somebody deleted it, post a new one while people are still asked
 */
export interface CardDelivery {
  readonly name: 'slack'
  /** @throws SlackError; `retryable` and `retryAfterMs` say whether and when another try makes sense */
  deliver(hold: Hold): Promise<void>
}

export interface CardDeliveryOptions {
  readonly client: webApi.WebClient
  readonly channel: string
  readonly cards: PostedCards
  readonly holds: Pick<Holds, 'find'>
  readonly holdUrl: (hold: string) => string
  readonly botUserId: () => Promise<string>
  readonly log: Log
  readonly now: () => number
}

/** Younger than this and not tried before, a hold cannot have a card that was not written down. */
const CERTAINLY_NEW_MS = 1_000
/** A hold that changes faster than Slack answers is rendered again at most this often in one delivery. */
const ROUNDS_MAX = 5

export function createCardDelivery(options: CardDeliveryOptions): CardDelivery {
  const { holds, log, now } = options
  const tried = new Set<string>()
  let waitUntil = 0

  async function bringInLine(given: Hold): Promise<void> {
    let hold = (await holds.find(given.id)) ?? given
    for (let round = 0; round < ROUNDS_MAX; round++) {
      const card = approvalCard(hold, options.holdUrl(hold.id))
      await show(hold, card)
      const after = (await holds.find(hold.id)) ?? hold
      // Another replica may have shown an older state after ours; whoever sends last looks last.
      if (JSON.stringify(approvalCard(after, options.holdUrl(hold.id))) === JSON.stringify(card)) return
      hold = after
    }
  }

  async function show(hold: Hold, card: Card): Promise<void> {
    const known = (await options.cards.find(hold.id)) ?? (await unsaved(hold))
    if (known !== null && (await replace(known, card, options.client))) return
    if (known !== null) await options.cards.forget(hold.id)
    if (!worthPosting(hold, known)) return
    tried.add(hold.id)
    const posted = await post(hold, card, options)
    await options.cards.save(hold.id, posted)
    tried.delete(hold.id)
  }

  async function unsaved(hold: Hold): Promise<PostedCard | null> {
    if (!tried.has(hold.id) && now() - Date.parse(hold.createdAt) < CERTAINLY_NEW_MS) return null
    const channel = await options.cards.channelId(options.channel)
    if (channel === null) return null
    const author = await options.botUserId()
    const found = await findUnsavedCard(options.client, { hold: hold.id, since: hold.createdAt, channel, author })
    if (found !== null) await options.cards.save(hold.id, found)
    return found
  }

  return {
    name: 'slack',
    async deliver(hold) {
      if (now() < waitUntil) throw asksToWait(waitUntil - now())
      try {
        await bringInLine(hold)
      } catch (cause) {
        const error = asDeliveryError(cause)
        if (!(error instanceof SlackError)) throw error
        if (error.retryAfterMs !== null) waitUntil = now() + error.retryAfterMs
        log.warn({ err: error, hold: hold.id, reason: error.reason, hint: error.hint }, 'a card did not reach Slack')
        throw error
      }
    },
  }
}

/** Somebody who deleted a card, or a hold that ended before anybody was asked, needs no new one. */
function worthPosting({ status }: Hold, deleted: PostedCard | null): boolean {
  if (deleted !== null) return status === 'pending'
  return status !== 'withdrawn' && status !== 'abandoned'
}

async function post({ id }: Hold, { text, blocks }: Card, options: CardDeliveryOptions): Promise<PostedCard> {
  const answer = await options.client.chat.postMessage({
    channel: options.channel,
    text,
    blocks: [...blocks],
    mrkdwn: false,
    unfurl_links: false,
    unfurl_media: false,
    metadata: { event_type: CARD_EVENT, event_payload: { hold: id } },
  })
  if (answer.channel === undefined || answer.ts === undefined)
    throw new SlackError('slack_unreachable', 'Slack did not say where it posted the card')
  return { channel: answer.channel, ts: answer.ts }
}

/** @returns false when the message is gone */
async function replace(
  { channel, ts }: PostedCard,
  { text, blocks }: Card,
  client: webApi.WebClient,
): Promise<boolean> {
  try {
    await client.chat.update({ channel, ts, text, blocks: [...blocks] })
    return true
  } catch (cause) {
    const error = asSlackError(cause)
    if (error.reason === 'message_not_found') return false
    throw error
  }
}

function asksToWait(retryAfterMs: number): SlackError {
  return new SlackError('slack_rate_limited', 'Slack asked to wait', { retryAfterMs })
}

/** The state database's errors pass as they are; everything else came from a call to Slack. */
function asDeliveryError(cause: unknown): Error {
  return cause instanceof Error && cause.name === 'StateError' ? cause : asSlackError(cause)
}
