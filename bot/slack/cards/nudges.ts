import type { webApi } from '@slack/bolt'
import type { Pool } from 'pg'
import { overdueGroup } from '../../../policies/answering.ts'
import type { Hold, Holds } from '../../../workflows/holds/hold.ts'
import type { NoticeReason } from '../../../workflows/outbox/outbox.ts'
import { rowsOf } from '../../../workflows/state/transaction.ts'
import { excerpt, line } from '../../text/bounded-text.ts'
import { hiddenStatement } from '../../text/hidden-literals.ts'
import { asSlackError } from '../web-api.ts'
import { actions } from './answer-buttons.ts'
import { holdAction } from './hold-actions.ts'
import type { Pace } from './pace.ts'
import type { PostedCard, PostedCards } from './posted-cards.ts'
import { button, escapeMrkdwn, paragraph, preformatted } from './rich-text.ts'

/**
 * Slack notifies nobody of a message that is replaced. A reminder, an escalation, a broken glass and an overdue review
 * are there to be noticed, so they are said under the card as well, where the channel sees it. At least once for each
 * notice; of many that share a card and are due together, one speaks for all.
 */
export interface Nudges {
  /** @throws SlackError */
  tell(hold: string, reason: NoticeReason, notice: string): Promise<void>
}

const TOGETHER_MS = 5 * 60_000

export function createNudges(options: {
  readonly pool: Pool
  readonly client: webApi.WebClient
  readonly cards: Pick<PostedCards, 'of'>
  readonly holds: Pick<Holds, 'find'>
  readonly pace: Pace
  readonly now: () => number
  /** Of who asks, or answers for who does; null: they have not linked any. */
  readonly askerIn: (hold: Hold) => Promise<string | null>
}): Nudges {
  const { pool, client, cards, holds, pace, now, askerIn } = options

  async function tellIn(place: PostedCard, words: string): Promise<void> {
    const { channel, ts } = place
    await pace.turn(channel)
    try {
      const said = { channel, thread_ts: ts, reply_broadcast: true, text: escapeMrkdwn(words), mrkdwn: false }
      await client.chat.postMessage(said)
    } catch (cause) {
      const error = asSlackError(cause)
      // The card is gone or lost; whoever brings it says so and finds another place.
      if (error.retryable) throw error
    }
  }

  /** Nobody can approve it before it is said, and whoever asked may look at nothing but their terminal. */
  async function askWhy(hold: Hold, notice: string): Promise<void> {
    const user = await askerIn(hold)
    if (user === null) return
    const told = await rowsOf(pool, 'SELECT FROM slack_nudge WHERE notice = $1 AND destination = $2', [notice, user])
    if (told.length > 0) return
    const { facts, target, identity } = hold
    const what = `${line(identity.name, 50)} asks to run ${line(facts.tag, 30)} on ${line(target.name, 40)}. Nobody can approve it before you say why.`
    const why = button({ actionId: holdAction.sayWhy, label: 'Say why', value: hold.id, style: 'primary' })
    const blocks = [
      paragraph(what),
      preformatted('Statement', excerpt(hiddenStatement(hold), 600).text),
      actions([why]),
    ]
    await pace.turn(user)
    try {
      const { channel, ts } = await client.chat.postMessage({
        channel: user,
        text: escapeMrkdwn(what),
        blocks,
        mrkdwn: false,
      })
      const at = new Date(now())
      await rowsOf(pool, NOTED, [notice, user, hold.id, channel ?? '', ts ?? '', 'created', at])
    } catch (cause) {
      const error = asSlackError(cause)
      if (error.retryable) throw error
    }
  }

  return {
    async tell(id, reason, notice) {
      const hold = await holds.find(id)
      if (hold?.needsReason === true && reason === 'created' && hold.status === 'pending') await askWhy(hold, notice)
      const words = hold === null ? null : wordsFor(hold, reason)
      if (words === null) return
      for (const place of await cards.of(id)) {
        const { destination, channel, ts } = place
        const at = new Date(now())
        const since = new Date(now() - TOGETHER_MS)
        const told = await rowsOf(pool, TOLD, [notice, destination, channel, ts, reason, id, since])
        if (told.length > 0) continue
        await tellIn(place, words)
        await rowsOf(pool, NOTED, [notice, destination, id, channel, ts, reason, at])
      }
    },
  }
}

const TOLD = `
  SELECT FROM slack_nudge WHERE notice = $1 AND destination = $2
    OR channel = $3 AND ts = $4 AND reason = $5 AND hold <> $6 AND at > $7 LIMIT 1`

const NOTED = `
  INSERT INTO slack_nudge (notice, destination, hold, channel, ts, reason, at) VALUES ($1, $2, $3, $4, $5, $6, $7)
  ON CONFLICT DO NOTHING`

/** null: replacing the card says it well enough, or it is no longer so. */
function wordsFor(hold: Hold, reason: NoticeReason): string | null {
  const { facts, target, identity, status, brokenGlass, decision } = hold
  const what = `${line(facts.tag, 30)} on ${line(target.name, 40)} for ${line(identity.name, 50)}`
  const unreviewed = brokenGlass !== null && brokenGlass.review === null
  switch (reason) {
    case 'reminded':
      return status === 'pending' ? `Still waits for an answer: ${what}` : null
    case 'escalated':
      return status === 'pending'
        ? `Nobody answered in time: ${line(decision.answering?.escalate?.group ?? '', 40)} may answer too. ${what}`
        : null
    case 'glass_broken':
      return unreviewed ? `The glass was broken: ${what} runs without approval, and has to be reviewed` : null
    case 'review_overdue':
      return unreviewed
        ? `The review is overdue${alsoFor(overdueGroup(decision.answering))}: ${what} ran without approval`
        : null
    default:
      return null
  }
}

function alsoFor(group: string | null): string {
  return group === null ? '' : `, and ${line(group, 40)} may do it too`
}
