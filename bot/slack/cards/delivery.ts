import type { Log } from '../../../log.ts'
import type { Hold } from '../../../workflows/holds/hold.ts'
import type { NoticeReason } from '../../../workflows/outbox/outbox.ts'
import { SlackError } from '../errors.ts'
import { asSlackError } from '../web-api.ts'
import type { Card } from './approval-card.ts'
import type { CardInPlace } from './card-in-place.ts'
import type { Destinations } from './destinations.ts'
import type { Face } from './faces.ts'
import type { GatheredCards } from './gathered-cards.ts'
import type { Nudges } from './nudges.ts'
import { isPerson, type PostedCard, type PostedCards } from './posted-cards.ts'
import { Rounds } from './rounds.ts'
import type { Troubles } from './trouble.ts'

/**
 * Brings a hold's cards in line with the hold, in every place where people are told of it; holds that are alike share
 * one (gathered-cards.ts). Why it is called does not matter: whatever changed, the card is rendered from the record and posted or replaced, so a notice that comes late,
 * twice or out of order does no harm.
 *
 * A channel that is gone, or that the app is not in, does not keep the others from being told; in its stead the card goes
 * to the default channel, and when that is lost to the reviewers themselves.
 */
export interface CardDelivery {
  readonly name: 'slack'
  readonly latestOnly: readonly NoticeReason[]
  readonly inOrder: true
  /** @throws SlackError; `retryable` and `retryAfterMs` say whether and when another try makes sense */
  deliver(hold: Hold, reason?: NoticeReason, key?: string): Promise<void>
}

/** The others are said under the card as well (nudges.ts). */
const SHOWN_BY_THE_CARD = [
  'created',
  'reasoned',
  'commented',
  'voted',
  'settled',
  'completed',
  'reviewed',
  'alike_undone',
  'asked_anew',
] as const

export interface CardDeliveryOptions {
  readonly cards: PostedCards
  readonly places: CardInPlace
  readonly destinations: Destinations
  readonly troubles: Troubles
  readonly nudges: Nudges
  readonly gathered: Pick<GatheredCards, 'leadOf' | 'alone'>
  readonly forgetOld: () => Promise<void>
  readonly faceOf: (lead: string) => Promise<Face | null>
  readonly log: Log
  readonly now: () => number
}

/** A hold that changes faster than Slack answers is rendered again at most this often in one delivery. */
const ROUNDS_MAX = 5

type Shown = { readonly destination: string; readonly error: SlackError | null }

export function createCardDelivery(options: CardDeliveryOptions): CardDelivery {
  const { cards, places, destinations, troubles, nudges, gathered, forgetOld, faceOf, log, now } = options
  const rounds = new Rounds()
  let waitUntil = 0

  async function bringInLine(lead: string): Promise<void> {
    let face = await faceOf(lead)
    for (let round = 0; round < ROUNDS_MAX && face !== null; round++) {
      await showEverywhere(face)
      const after = await faceOf(lead)
      // Another replica may have shown an older state after ours; whoever sends last looks last.
      if (after === null || isSame(after.card, face.card)) return
      face = after
    }
  }

  async function showEverywhere({ hold, about, card }: Face): Promise<void> {
    const written = await cards.of(hold.id)
    const known = written.map(({ destination }) => destination)
    const wanted = (await Promise.all(about.map((one) => destinations.of(one)))).flat()
    const show = async (destination: string): Promise<Shown> => {
      const place = written.find((one) => one.destination === destination) ?? null
      return { destination, error: await attempt(hold, card, destination, place) }
    }
    let round = await Promise.all([...new Set([...wanted, ...known])].map(show))
    const shown = [...round]
    while (hold.status === 'pending' && round.some(isLostChannel)) {
      const tried = shown.map(({ destination }) => destination)
      round = await Promise.all((await destinations.elsewhere(hold, tried)).map(show))
      shown.push(...round)
    }
    const worst = worstOf(shown)
    if (worst !== null) throw worst
  }

  async function attempt(
    hold: Hold,
    card: Card,
    destination: string,
    place: PostedCard | null,
  ): Promise<SlackError | null> {
    try {
      await places.show(hold, card, destination, place)
      await troubles.clear(destination)
      return null
    } catch (cause) {
      const error = asDeliveryError(cause)
      if (!(error instanceof SlackError)) throw error
      const { reason, hint } = error
      log.warn({ err: error, hold: hold.id, destination, reason, hint }, 'a card did not reach Slack')
      if (!error.retryable) await troubles.note(destination, hold.id, error)
      return error
    }
  }

  return {
    name: 'slack',
    latestOnly: SHOWN_BY_THE_CARD,
    // A channel takes a message a second: side by side they would only overtake each other.
    inOrder: true,
    async deliver(hold, reason, key) {
      if (now() < waitUntil) throw asksToWait(waitUntil - now())
      try {
        const lead = await gathered.leadOf(hold)
        await rounds.run(lead, () => gathered.alone(lead, () => bringInLine(lead)))
        if (reason !== undefined && key !== undefined) await nudges.tell(hold.id, reason, key)
        await forgetOld().catch((err: unknown) =>
          log.warn({ err }, 'what Slack showed long ago could not be forgotten'),
        )
      } catch (cause) {
        const error = asDeliveryError(cause)
        if (error instanceof SlackError && error.retryAfterMs !== null) waitUntil = now() + error.retryAfterMs
        throw error
      }
    },
  }
}

function isSame(one: Card, other: Card): boolean {
  return one.text === other.text && JSON.stringify(one.blocks) === JSON.stringify(other.blocks)
}

/** A channel that takes no cards any more. A token that is revoked is so everywhere; that is no reason to look further. */
function isLostChannel({ destination, error }: Shown): boolean {
  return error !== null && !isPerson(destination) && LOST.has(error.reason)
}

const LOST: ReadonlySet<string> = new Set([
  ...['channel_not_found', 'is_archived', 'not_in_channel', 'restricted_action'],
  ...['restricted_action_read_only_channel', 'restricted_action_thread_only_channel'],
])

/** What another try could mend, else what nobody could be told for; null when somebody was told and no try is due. */
function worstOf(shown: readonly Shown[]): SlackError | null {
  const errors = shown.flatMap(({ error }) => (error === null ? [] : [error]))
  const later = errors.filter(({ retryable }) => retryable)
  if (later.length > 0)
    return later.reduce((one, other) => ((other.retryAfterMs ?? 0) > (one.retryAfterMs ?? 0) ? other : one))
  return errors.length === shown.length ? (errors[0] ?? null) : null
}

function asksToWait(retryAfterMs: number): SlackError {
  return new SlackError('slack_rate_limited', 'Slack asked to wait', { retryAfterMs })
}

/** The state database's errors pass as they are; everything else came from a call to Slack. */
function asDeliveryError(cause: unknown): Error {
  return cause instanceof Error && cause.name === 'StateError' ? cause : asSlackError(cause)
}
