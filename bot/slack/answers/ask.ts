import type { App } from '@slack/bolt'
import type { Directory } from '../../../workflows/directory/directory.ts'
import type { Hold } from '../../../workflows/holds/hold.ts'
import { line } from '../../text/bounded-text.ts'
import { headline } from '../cards/approval-card.ts'
import { holdAction } from '../cards/hold-actions.ts'
import type { Place } from '../cards/posted-cards.ts'
import { escapeMrkdwn, paragraph } from '../cards/rich-text.ts'
import { textIn, textView } from '../cards/text-view.ts'
import { isForThem, personBehind, slackUserOf } from './asker.ts'
import { type AnswerParts, answer, type Click, carriedOf, clickOf, clickOfView } from './click.ts'
import { sentence } from './private-sentences.ts'
import type { LinkedPerson } from './standing.ts'

/**
 * A question to whoever asked. It goes into the thread of the card, where they are mentioned, and to them in private,
 * because they may not be in the channel; an answer in either thread is heard (thread.ts).
 */
export const ASK_VIEW = 'holdpoint_ask_view'
const QUESTION_INPUT = 'holdpoint_question'
const TEXT = 1_000

export interface AskParts extends AnswerParts {
  readonly directory: AnswerParts['directory'] & Pick<Directory, 'person'>
}

export function answerQuestions(app: App, parts: AskParts): void {
  app.action({ type: 'block_actions', action_id: holdAction.ask }, async ({ ack, body, action, respond }) => {
    await ack()
    const click = clickOf(body, action, respond, parts)
    await answer(click, parts, async (person, hold) => {
      if (!(await isForThem(person, hold, parts.pool))) return click.tell(sentence.notYours)
      const view = textView(hold, {
        ...{ callbackId: ASK_VIEW, title: 'Ask', submit: 'Ask', inputId: QUESTION_INPUT, carried: carriedOf(click) },
        label: 'What do you want to know?',
        says: 'It is put to whoever asked. Question and answer go on record.',
      })
      return parts.client.views.open({ trigger_id: body.trigger_id, view })
    })
  })

  app.view({ type: 'view_submission', callback_id: ASK_VIEW }, async ({ ack, body, view }) => {
    await ack()
    const click = clickOfView(body, view.private_metadata, parts)
    await answer(click, parts, async (person, hold) => {
      if (!(await isForThem(person, hold, parts.pool))) return click.tell(sentence.notYours)
      const question = textIn(view.state, QUESTION_INPUT)
      if (question === null) return click.tell(sentence.questionMissing)
      const { issuer, subject, name } = person
      const at = new Date(parts.now()).toISOString()
      const said = { author: { issuer, subject }, name, text: question, via: 'slack' as const, at }
      if (!(await parts.holds.comment({ ...said, hold: hold.id, id: `slack:${view.id}` }))) return undefined
      return put(question, { person, hold, click }, parts)
    })
  })
}

interface Asked {
  readonly person: LinkedPerson
  readonly hold: Hold
  readonly click: Click
}

/** It is on record by now; what Slack does not take is said to whoever asked it. */
async function put(question: string, { person, hold, click }: Asked, parts: AskParts): Promise<unknown> {
  const behind = await personBehind(hold, parts.directory)
  const user = await slackUserOf(parts.pool, await parts.teamId(), behind)
  const card = await cardOf(hold.id, click.on, parts)
  const posted = { question, by: person.name, of: behind.name, user }
  if (card !== null) await inThread(posted, card, parts)
  if (user === null) return click.tell(sentence.askerNotLinked(line(behind.name, 60)))
  await inPrivate(posted, hold, user, parts)
  return undefined
}

interface Question {
  readonly question: string
  readonly by: string
  readonly of: string
  readonly user: string | null
}

async function inThread({ question, by, of, user }: Question, card: Place, { client }: AskParts): Promise<void> {
  const blocks = [
    paragraph(
      user === null ? { bold: line(of, 60) } : { user },
      ', ',
      { bold: line(by, 60) },
      ' asks: ',
      line(question, TEXT),
    ),
  ]
  const text = escapeMrkdwn(`${line(by, 60)} asks: ${line(question, TEXT)}`)
  await client.chat.postMessage({ channel: card.channel, thread_ts: card.ts, text, blocks, mrkdwn: false })
}

async function inPrivate({ question, by }: Question, hold: Hold, user: string, parts: AskParts): Promise<void> {
  const said = `${line(by, 60)} asks about your request: ${line(question, TEXT)}`
  const blocks = [
    paragraph({ bold: line(by, 60) }, ' asks about your request: ', line(question, TEXT)),
    paragraph(headline(hold)),
    paragraph('Answer in a thread of this message. What you write there goes on record and to the reviewers.'),
  ]
  const text = escapeMrkdwn(said)
  const { channel, ts } = await parts.client.chat.postMessage({ channel: user, text, blocks, mrkdwn: false })
  if (channel !== undefined && ts !== undefined) await parts.cards.saveThread(hold.id, { channel, ts })
}

/** The card that was clicked on, else the first one in a channel. */
async function cardOf(hold: string, on: Place | null, { cards }: AskParts): Promise<Place | null> {
  if (on !== null) return on
  const posted = await cards.of(hold)
  return posted.find(({ channel }) => !channel.startsWith('D')) ?? posted[0] ?? null
}
