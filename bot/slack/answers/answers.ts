import type { App, webApi } from '@slack/bolt'
import type { Pool } from 'pg'
import type { Log } from '../../../log.ts'
import type { Hold, Holds } from '../../../workflows/holds/hold.ts'
import { writeTrail } from '../../../workflows/outbox/outbox.ts'
import { outcomeOf } from '../../text/hold-wording.ts'
import { holdAction, isShownWhole } from '../cards/approval-card.ts'
import type { CardDelivery } from '../cards/delivery.ts'
import { detailsView } from '../cards/details-view.ts'
import type { PostedCards } from '../cards/posted-cards.ts'
import { REJECT_VIEW, rejectReason, rejectView } from '../cards/reject-view.ts'
import { escapeMrkdwn } from '../cards/rich-text.ts'
import type { LinkRequests } from './link-requests.ts'
import { sentence, toRefused, toStranger, toUnlinked, toVoter } from './private-sentences.ts'
import { type SlackUserReference, type StandingSources, standingOf } from './standing.ts'

/**
 * What happens when somebody clicks. Every handler acknowledges first and believes nothing afterwards: it reads the
 * hold again, asks who the user is again, and leaves whether they may vote to the holds.
 */
export interface AnswerParts extends StandingSources {
  readonly holds: Pick<Holds, 'find' | 'vote' | 'list'>
  readonly cards: PostedCards
  readonly links: LinkRequests
  readonly delivery: CardDelivery
  readonly pool: Pool
  readonly client: webApi.WebClient
  readonly holdUrl: (hold: string) => string
  readonly linkUrl: (code: string) => string
  readonly log: Log
  readonly now: () => number
}

/** One click, whatever it was made with. */
interface Click {
  readonly hold: string
  readonly user: SlackUserReference
  /** Says something to this person alone. */
  readonly tell: (words: string) => Promise<unknown>
}

type Person = { readonly issuer: string; readonly subject: string }

export function answerClicks(app: App, parts: AnswerParts): void {
  app.action({ type: 'block_actions', action_id: holdAction.approve }, async ({ ack, body, action, respond }) => {
    await ack()
    const hold = idBehind(action)
    await answer({ hold, user: userOf(body), tell: privately(respond) }, parts, async (click, person, found) => {
      if (!isShownWhole(found)) return click.tell(sentence.notShownWhole)
      return vote(click, person, { choice: 'approve', reason: null }, parts)
    })
  })

  app.action({ type: 'block_actions', action_id: holdAction.reject }, async ({ ack, body, action, respond }) => {
    await ack()
    const hold = idBehind(action)
    await answer({ hold, user: userOf(body), tell: privately(respond) }, parts, async (click, _person, found) => {
      if (!isShownWhole(found)) return click.tell(sentence.notShownWhole)
      if (found.status !== 'pending') return tellLate(click, found, parts)
      return parts.client.views.open({ trigger_id: body.trigger_id, view: rejectView(found) })
    })
  })

  app.action({ type: 'block_actions', action_id: holdAction.details }, async ({ ack, body, action, respond }) => {
    await ack()
    const hold = idBehind(action)
    await answer({ hold, user: userOf(body), tell: privately(respond) }, parts, async (_click, _person, found) =>
      parts.client.views.open({ trigger_id: body.trigger_id, view: detailsView(found, parts.holdUrl(found.id)) }),
    )
  })

  // The button is a link; Slack still reports the click and wants it acknowledged.
  app.action({ type: 'block_actions', action_id: holdAction.console }, async ({ ack }) => ack())

  app.view({ type: 'view_submission', callback_id: REJECT_VIEW }, async ({ ack, body, view }) => {
    await ack()
    const user = userOf(body)
    const tell = (words: string): Promise<unknown> => tellBesideCard(view.private_metadata, user.userId, words, parts)
    await answer({ hold: view.private_metadata, user, tell }, parts, async (click, person) => {
      const reason = rejectReason(view.state)
      if (reason === null) return click.tell(sentence.reasonMissing)
      return vote(click, person, { choice: 'reject', reason }, parts)
    })
  })
}

/** Finds the hold and the person, or says in private why not, and records that somebody tried. */
async function answer(
  click: Click,
  parts: AnswerParts,
  act: (click: Click, person: Person, hold: Hold) => Promise<unknown>,
): Promise<void> {
  try {
    const hold = await parts.holds.find(click.hold)
    if (hold === null) return void (await click.tell(sentence.gone))
    const standing = await standingOf(click.user, parts)
    if ('person' in standing) return void (await act(click, standing.person, hold))
    const { stranger } = standing
    await recordRefusal(click, stranger, parts)
    await click.tell(stranger === 'not_linked' ? await linkFor(click.user, parts) : toStranger(stranger))
  } catch (err) {
    parts.log.error({ err, hold: click.hold }, 'a click in Slack could not be answered')
    await click.tell(sentence.failed).catch(() => undefined)
  }
}

async function vote(
  click: Click,
  { issuer, subject }: Person,
  { choice, reason }: { readonly choice: 'approve' | 'reject'; readonly reason: string | null },
  parts: AnswerParts,
): Promise<unknown> {
  let hold: Hold
  try {
    hold = await parts.holds.vote(click.hold, { issuer, subject }, { choice, reason, via: 'slack' })
  } catch (err) {
    parts.log.info({ err, hold: click.hold }, 'a vote in Slack was refused')
    const now = await parts.holds.find(click.hold)
    return now !== null && now.status !== 'pending' ? tellLate(click, now, parts) : click.tell(toRefused(err))
  }
  return click.tell(toVoter(hold, choice))
}

/** Whoever can still click on an answered hold looks at a card that missed a change. */
async function tellLate({ tell }: Click, hold: Hold, { delivery }: AnswerParts): Promise<unknown> {
  await delivery.deliver(hold).catch(() => undefined) // it said why in the log, and the outbox tries again
  return tell(outcomeOf(hold) ?? sentence.failed)
}

async function recordRefusal(
  { hold, user }: Click,
  reason: string,
  { pool, now }: Pick<AnswerParts, 'pool' | 'now'>,
): Promise<void> {
  const voter = `slack:${user.teamId}/${user.userId}`
  await writeTrail(pool, new Date(now()), 'hold.vote_refused', { hold, voter, via: 'slack', reason })
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

/** A submitted view has nowhere to answer to, so the words appear beside the card, for this person alone. */
async function tellBesideCard(hold: string, user: string, words: string, parts: AnswerParts): Promise<unknown> {
  const card = await parts.cards.find(hold)
  if (card === null) return undefined
  return parts.client.chat.postEphemeral({ channel: card.channel, user, text: escapeMrkdwn(words) })
}

function idBehind(action: object): string {
  return 'value' in action && typeof action.value === 'string' ? action.value : ''
}

/** The user's own workspace, which in a channel shared with others is not the one the app is in. */
export function userOf(body: {
  readonly user: { readonly id: string; readonly team_id?: string | undefined }
  readonly team?: { readonly id: string } | null
}): SlackUserReference {
  return { userId: body.user.id, teamId: body.user.team_id ?? body.team?.id ?? '' }
}
