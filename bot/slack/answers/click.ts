import type { webApi } from '@slack/bolt'
import type { Pool } from 'pg'
import type { Log } from '../../../log.ts'
import type { Hold } from '../../../workflows/holds/hold.ts'
import type { KeptHolds } from '../../../workflows/holds/holds.ts'
import { writeTrail } from '../../../workflows/outbox/outbox.ts'
import type { Card, CardContext } from '../cards/approval-card.ts'
import type { CardDelivery } from '../cards/delivery.ts'
import type { GatheredCards } from '../cards/gathered-cards.ts'
import type { Place, PostedCards } from '../cards/posted-cards.ts'
import { escapeMrkdwn } from '../cards/rich-text.ts'
import type { LinkRequests } from './link-requests.ts'
import { sentence, toStranger, toUnlinked } from './private-sentences.ts'
import { type LinkedPerson, type SlackUserReference, type StandingSources, standingOf } from './standing.ts'

/** What handlers of clicks, commands and messages need. */
export interface AnswerParts extends StandingSources {
  readonly holds: Pick<
    KeptHolds,
    'find' | 'vote' | 'list' | 'comment' | 'giveReason' | 'breakGlass' | 'review' | 'undoAlike'
  >
  readonly cards: PostedCards
  readonly gathered: GatheredCards
  readonly links: LinkRequests
  readonly delivery: CardDelivery
  readonly pool: Pool
  readonly client: webApi.WebClient
  readonly render: (hold: Hold) => Promise<Card>
  /** What is shown beside a hold. */
  readonly contextOf: (hold: Hold) => Promise<CardContext>
  readonly holdUrl: (hold: string) => string
  readonly linkUrl: (code: string) => string
  readonly log: Log
  readonly now: () => number
}

/** One click, whatever it was made with. */
export interface Click {
  readonly hold: string
  readonly user: SlackUserReference
  /** The message that was clicked on; null on the home tab. */
  readonly on: Place | null
  /** Says something to this person alone. */
  readonly tell: (words: string) => Promise<unknown>
}

/** Finds the hold and the person, or says in private why not, and records that somebody tried. */
export async function answer(
  click: Click,
  parts: AnswerParts,
  act: (person: LinkedPerson, hold: Hold) => Promise<unknown>,
): Promise<void> {
  try {
    const hold = await parts.holds.find(click.hold)
    if (hold === null) return void (await click.tell(sentence.gone))
    const person = await personOf(click, parts)
    if (person !== null) await act(person, hold)
  } catch (err) {
    parts.log.error({ err, hold: click.hold }, 'a click in Slack could not be answered')
    await click.tell(sentence.failed).catch(() => undefined)
  }
}

/** Who clicked; null when they are nobody to us, which they were told in private and which is on record. */
export async function personOf(click: Click, parts: AnswerParts): Promise<LinkedPerson | null> {
  const standing = await standingOf(click.user, parts)
  if ('person' in standing) return standing.person
  const { stranger } = standing
  await recordRefusal(click, stranger, parts)
  await click.tell(stranger === 'not_linked' ? await linkFor(click.user, parts) : toStranger(stranger))
  return null
}

/** A click that changed nothing, and why. Votes are recorded by the holds, whichever way they come. */
export async function recordRefusal(
  { hold, user }: Click,
  reason: string,
  { pool, now }: Pick<AnswerParts, 'pool' | 'now'>,
): Promise<void> {
  const voter = `slack:${user.teamId}/${user.userId}`
  await writeTrail(pool, new Date(now()), 'hold.vote_refused', { hold, voter, via: 'slack', reason })
}

/** The same of what is not about a hold: a command, a preference. */
export async function recordStranger(
  { teamId, userId }: SlackUserReference,
  { tried, reason }: { readonly tried: string; readonly reason: string },
  { pool, now }: Pick<AnswerParts, 'pool' | 'now'>,
): Promise<void> {
  await writeTrail(pool, new Date(now()), 'stranger.refused', { user: `slack:${teamId}/${userId}`, tried, reason })
}

export async function linkFor(
  user: SlackUserReference,
  { links, linkUrl }: Pick<AnswerParts, 'links' | 'linkUrl'>,
): Promise<string> {
  return toUnlinked(linkUrl(await links.create(user)))
}

type Respond = (message: {
  readonly text: string
  readonly response_type: 'ephemeral'
  readonly replace_original: false
}) => Promise<unknown>

export function privately(respond: Respond): Click['tell'] {
  return (words) => respond({ text: escapeMrkdwn(words), response_type: 'ephemeral', replace_original: false })
}

/** From within a view another one opens on top of it. */
export function showView(
  body: object,
  asking: webApi.ViewsOpenArguments & { readonly trigger_id: string },
  { client }: Pick<AnswerParts, 'client'>,
): Promise<unknown> {
  const { view } = body as { readonly view?: { readonly type?: string } }
  return view?.type === 'modal' ? client.views.push(asking) : client.views.open(asking)
}

interface ClickBody {
  readonly user: { readonly id: string; readonly team_id?: string | undefined }
  readonly team?: { readonly id: string } | null
  readonly response_url?: string
  readonly channel?: { readonly id: string }
  readonly message?: { readonly ts: string }
}

export function clickOf(body: object, action: object, respond: Respond, parts: Pick<AnswerParts, 'client'>): Click {
  const { user, team, response_url: url, channel, message } = body as ClickBody
  const on = channel === undefined || message === undefined ? null : { channel: channel.id, ts: message.ts }
  const tell = url === undefined ? inMessages(user.id, parts) : privately(respond)
  return { hold: idBehind(action), user: userOf({ user, team: team ?? null }), on, tell }
}

/** What a view carries from the click that opened it to its submission: ids, and where to answer. */
export function carriedOf({ hold, on }: Pick<Click, 'hold' | 'on'>): string {
  return JSON.stringify({ hold, on })
}

export function clickOfView(
  body: Pick<ClickBody, 'user'> & { readonly team: { readonly id: string } | null },
  carried: string,
  parts: Pick<AnswerParts, 'client'>,
): Click {
  const { hold, on } = JSON.parse(carried) as Pick<Click, 'hold' | 'on'>
  const user = userOf(body)
  return { hold, on, user, tell: besideCard(on, user.userId, parts) }
}

/** A submitted view has nowhere to answer to, so the words appear beside the card, for this person alone. */
function besideCard(on: Place | null, user: string, parts: Pick<AnswerParts, 'client'>): Click['tell'] {
  if (on === null || on.channel.startsWith('D')) return inMessages(user, parts)
  return (words) => parts.client.chat.postEphemeral({ channel: on.channel, user, text: escapeMrkdwn(words) })
}

/** The home tab has nowhere to answer to either; then it is a message from the app. */
function inMessages(user: string, { client }: Pick<AnswerParts, 'client'>): Click['tell'] {
  return (words) => client.chat.postMessage({ channel: user, text: escapeMrkdwn(words), mrkdwn: false })
}

function idBehind(action: object): string {
  return 'value' in action && typeof action.value === 'string' ? action.value : ''
}

/** The user's own workspace, which in a channel shared with others is not the one the app is in. */
export function userOf(body: Pick<ClickBody, 'user' | 'team'>): SlackUserReference {
  return { userId: body.user.id, teamId: body.user.team_id ?? body.team?.id ?? '' }
}
