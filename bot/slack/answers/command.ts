import type { App } from '@slack/bolt'
import { line } from '../../text/bounded-text.ts'
import { type AnswerParts, linkFor, privately } from './answers.ts'
import { toStranger } from './private-sentences.ts'
import { standingOf } from './standing.ts'

/** `/holdpoint`: what waits, for those who are linked; a link for those who are not. */
export const SLASH_COMMAND = '/holdpoint'
const SHOWN_MAX = 20

export function answerCommands(app: App, parts: AnswerParts): void {
  app.command(SLASH_COMMAND, async ({ ack, command, respond }) => {
    await ack()
    const tell = privately(respond)
    const user = { teamId: command.team_id, userId: command.user_id }
    try {
      const standing = await standingOf(user, parts)
      if ('person' in standing) return void (await tell(await whatWaits(parts)))
      const { stranger } = standing
      await tell(stranger === 'not_linked' ? await linkFor(user, parts) : toStranger(stranger))
    } catch (err) {
      parts.log.error({ err }, 'a command in Slack could not be answered')
    }
  })
}

async function whatWaits({ holds, holdUrl }: AnswerParts): Promise<string> {
  const pending = await holds.list({ status: 'pending', limit: SHOWN_MAX })
  if (pending.length === 0) return 'Nothing waits for an answer.'
  const lines = pending.map(
    ({ id, identity, target, facts }) =>
      `${line(facts.tag, 40)} on ${line(target.name, 60)} for ${line(identity.name, 60)}: ${holdUrl(id)}`,
  )
  return lines.join('\n')
}
