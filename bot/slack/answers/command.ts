import type { App } from '@slack/bolt'
import { HoldpointError } from '../../../errors.ts'
import { ownedBy } from '../../../workflows/directory/owned.ts'
import type { Hold } from '../../../workflows/holds/hold.ts'
import { placesAt } from '../../../workflows/holds/reviewers.ts'
import { visibleHolds } from '../../../workflows/holds/visible-holds.ts'
import { SECURITY_GROUP } from '../../console/rights.ts'
import { line, some } from '../../text/bounded-text.ts'
import { whoMayAnswer } from '../../text/hold-wording.ts'
import type { Card } from '../cards/approval-card.ts'
import { openPin, type PinParts } from './answer-pins.ts'
import type { AskParts } from './ask.ts'
import { isBehind, isForThem } from './asker.ts'
import { openBreakGlass } from './break-glass.ts'
import { type AnswerParts, linkFor, privately, recordStranger } from './click.ts'
import { sentence, toStranger } from './private-sentences.ts'
import { type LinkedPerson, standingOf } from './standing.ts'

/** `/holdpoint`, answered in private and as far as the person whom the Slack user is linked to may see. */
export const SLASH_COMMAND = '/holdpoint'
const SHOWN_MAX = 20
const NAMED_MAX = 10

const HELP = `What you can say:
/holdpoint list: what waits for an answer
/holdpoint show hold_…: one request, with its statement
/holdpoint who-may hold_…: who may answer it
/holdpoint break-glass hold_… reason: run your own request now; it is reviewed afterwards
/holdpoint reason hold_… why: why you, or your agent, ask for it
/holdpoint pin: put an earlier release of the policies back in force
/holdpoint help: this`

interface Said {
  readonly person: LinkedPerson
  readonly words: readonly string[]
  readonly triggerId: string
}

/** null: a view was opened instead. */
type Answer = string | Card | null
type Answered = (said: Said, parts: CommandParts) => Promise<Answer>

const COMMANDS: Readonly<Record<string, Answered>> = {
  '': (said, parts) => whatWaits(said, parts),
  list: (said, parts) => whatWaits(said, parts),
  show: (said, parts) => about(said, parts, parts.render),
  'who-may': (said, parts) => about(said, parts, whoMay),
  'break-glass': (said, parts) => about(said, parts, async (hold) => openBreakGlass(hold, said, parts)),
  reason: (said, parts) => explain(said, parts),
  pin: ({ person, triggerId }, parts) => openPin(person, triggerId, parts),
  help: async () => HELP,
}

export type CommandParts = PinParts & AskParts

export function answerCommands(app: App, parts: CommandParts): void {
  app.command(SLASH_COMMAND, async ({ ack, command, respond }) => {
    await ack()
    const tell = privately(respond)
    const user = { teamId: command.team_id, userId: command.user_id }
    try {
      const standing = await standingOf(user, parts)
      if ('stranger' in standing) {
        const { stranger } = standing
        await recordStranger(user, { tried: SLASH_COMMAND, reason: stranger }, parts)
        return void (await tell(stranger === 'not_linked' ? await linkFor(user, parts) : toStranger(stranger)))
      }
      const [said = '', ...words] = command.text.trim().split(/\s+/)
      // Phones begin with a capital.
      const name = said.toLowerCase()
      const known = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined
      const asked = { person: standing.person, words, triggerId: command.trigger_id }
      const answer = known === undefined ? HELP : await known(asked, parts)
      if (typeof answer === 'string') await tell(answer)
      else if (answer !== null) {
        const { text, blocks } = answer
        await respond({ text, blocks: [...blocks], response_type: 'ephemeral', replace_original: false })
      }
    } catch (err) {
      parts.log.error({ err }, 'a command in Slack could not be answered')
      await tell(sentence.failed).catch(() => undefined)
    }
  })
}

async function whatWaits({ person }: Said, { holdUrl, pool }: AnswerParts): Promise<string> {
  const { holds: theirs, next } = await visibleHolds(pool, {
    person,
    owned: await ownedBy(pool, [person]),
    everything: person.groups.includes(SECURITY_GROUP),
    which: 'all',
    status: 'pending',
    only: null,
    limit: SHOWN_MAX,
  })
  if (theirs.length === 0) return 'Nothing waits for an answer.'
  const lines = theirs.map(
    ({ id, identity, target, facts }) =>
      `${line(facts.tag, 40)} on ${line(target.name, 60)} for ${line(identity.name, 60)}: ${holdUrl(id)}`,
  )
  return [...lines, ...(next === null ? [] : ['These are the newest. There are more, in the console.'])].join('\n')
}

/** One hold by its id. Who may not see it hears what somebody hears who made the id up. */
async function about(
  said: Said,
  parts: AnswerParts,
  tell: (hold: Hold, parts: AnswerParts) => Promise<Answer>,
): Promise<Answer> {
  const [id = ''] = said.words
  if (!id.startsWith('hold_')) return HELP
  const hold = await parts.holds.find(id)
  if (hold === null || !(await isForThem(said.person, hold, parts.pool))) return sentence.gone
  return tell(hold, parts)
}

/** By the rules that their votes are judged by: shifts, who is away, and what was escalated by now. */
async function whoMay(hold: Hold, { pool, now }: AnswerParts): Promise<string> {
  const people = await placesAt(pool, hold, new Date(now()))
  const lines = hold.decision.reviewers.map(({ group }) => {
    const names = people.filter(({ fills }) => fills.includes(group)).map(({ person }) => line(person.name, 60))
    return `${line(group, 60)}: ${names.length === 0 ? 'nobody at this moment' : some(names, NAMED_MAX)}`
  })
  return [`Who must approve: ${whoMayAnswer(hold)}`, ...lines, 'Never whoever asked, nor their agent’s owner.'].join(
    '\n',
  )
}

/** Also for who answers for an agent by the directory, and may not see the hold otherwise. */
async function explain({ person, words }: Said, { holds, directory }: CommandParts): Promise<string> {
  const [id = '', ...why] = words
  if (!id.startsWith('hold_')) return HELP
  const hold = await holds.find(id)
  if (hold === null || !(await isBehind(person, hold, directory))) return sentence.gone
  if (why.length === 0) return sentence.explanationMissing
  try {
    await holds.giveReason(id, person, why.join(' '))
    return sentence.explained
  } catch (err) {
    if (!(err instanceof HoldpointError)) throw err
    return line(err.message, 300)
  }
}
