import type { App } from '@slack/bolt'
import type { Hold } from '../../../workflows/holds/hold.ts'
import { rowsOf } from '../../../workflows/state/transaction.ts'
import { line } from '../../text/bounded-text.ts'
import type { Place } from '../cards/posted-cards.ts'
import { escapeMrkdwn, paragraph } from '../cards/rich-text.ts'
import { displayName } from '../workspace.ts'
import type { AskParts } from './ask.ts'
import { isBehind } from './asker.ts'
import { sentence } from './private-sentences.ts'
import { type LinkedPerson, standingOf } from './standing.ts'

/**
 * What people say in the thread of a card, or in answer to a question that was put to them. It goes on record under the
 * name of the person who is linked; anybody else is written down as somebody unknown. It decides nothing, with one
 * exception: what the asker says is the reason, when one is wanted and there is none.
 */
interface Said extends Place {
  readonly thread: string
  readonly user: string
  readonly team: string
  readonly text: string
}

const TEXT = 1_000

export function hearThreads(app: App, parts: AskParts): void {
  app.event('message', async ({ event, body }) => {
    const said = saidIn(event, body.team_id)
    if (said === null) return
    const id = await parts.cards.holdAt({ channel: said.channel, ts: said.thread })
    const hold = id === null ? null : await parts.holds.find(id)
    if (hold !== null) await hear(said, hold, parts)
  })
}

/** A person's words in a thread; null for everything else: what apps post, edits, joins. */
function saidIn(event: object, workspace: string): Said | null {
  const {
    channel,
    ts,
    thread_ts: thread,
    user,
    team,
    user_team: from,
    text,
    subtype,
    bot_id: bot,
  } = event as {
    readonly [name: string]: unknown
  }
  const plain = subtype === undefined || subtype === 'thread_broadcast' || subtype === 'file_share'
  if (!plain || bot !== undefined || typeof thread !== 'string' || typeof user !== 'string') return null
  if (typeof channel !== 'string' || typeof ts !== 'string' || typeof text !== 'string' || text === '') return null
  return { channel, ts, thread, user, team: String(from ?? team ?? workspace), text: plainText(text) }
}

async function hear(said: Said, hold: Hold, parts: AskParts): Promise<void> {
  const standing = await standingOf({ userId: said.user, teamId: said.team }, parts)
  const person = 'person' in standing ? standing.person : null
  const author = person === null ? null : { issuer: person.issuer, subject: person.subject }
  const name = person?.name ?? (await displayName(parts.client, said.user))
  const at = new Date(parts.now()).toISOString()
  const comment = { author, name, text: said.text, via: 'slack' as const, at, hold: hold.id }
  if (!(await parts.holds.comment({ ...comment, id: `slack:${said.channel}/${said.ts}` }))) return
  const reason = person !== null && hold.needsReason && (await tookAsReason(person, said, hold, parts))
  await passOn(said, `${line(name, 60)}${person === null ? ' (not linked)' : ''}`, hold, parts)
  if (reason) await say(said, sentence.reasonTaken, parts)
}

async function tookAsReason(person: LinkedPerson, said: Said, hold: Hold, parts: AskParts): Promise<boolean> {
  if (!(await isBehind(person, hold, parts.directory))) return false
  try {
    await parts.holds.giveReason(hold.id, person, said.text)
    return true
  } catch (err) {
    parts.log.info({ err, hold: hold.id }, 'what was said in a thread was not taken as the reason')
    return false
  }
}

/** The conversation has a thread in private and one in the channel; who is in one of them hears the other. */
async function passOn(said: Said, name: string, hold: Hold, parts: AskParts): Promise<void> {
  const threads = await rowsOf<Place & { hold: string }>(
    parts.pool,
    'SELECT hold, channel, ts FROM slack_thread WHERE hold = $1 ORDER BY ts DESC LIMIT 5',
    [hold.id],
  )
  const inChannel = (await parts.cards.of(hold.id)).filter(({ channel }) => !channel.startsWith('D')).slice(0, 1)
  const others = [...inChannel, ...threads].filter(({ channel }) => channel !== said.channel)
  for (const { channel, ts } of others) {
    const blocks = [paragraph({ bold: name }, `: ${line(said.text, TEXT)}`)]
    const text = escapeMrkdwn(`${name}: ${line(said.text, TEXT)}`)
    await parts.client.chat.postMessage({ channel, thread_ts: ts, text, blocks, mrkdwn: false })
  }
}

function say({ channel, thread }: Said, words: string, { client }: AskParts): Promise<unknown> {
  return client.chat.postMessage({ channel, thread_ts: thread, text: escapeMrkdwn(words), mrkdwn: false })
}

/** Slack escapes three characters in what people write; nothing else of its markup is undone. */
function plainText(text: string): string {
  return text.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&')
}
