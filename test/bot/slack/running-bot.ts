import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Bot, type BotOptions, startBot } from '../../../bot/bot.ts'
import { loadConfig } from '../../../config.ts'
import { type Log, openLog } from '../../../log.ts'
import { freePort } from '../../../workflows/development/free-port.ts'
import { openWorkflows, type Workflows } from '../../../workflows/workflows.ts'
import { freshDatabase } from '../../harness/database.ts'
import { SlackStandIn } from '../../stand-ins/slack.ts'
import { CHANNEL, ISSUER } from './workspace.ts'

/** The bot as `start` puts it together, on real parts but for Slack; whoever works beside it is the test's to start. */
export interface RunningBot extends AsyncDisposable {
  readonly slack: SlackStandIn
  readonly workflows: Workflows
  readonly bot: Bot
  /** What a worker is started with, too. */
  readonly common: Pick<BotOptions, 'config' | 'now'> & { readonly log: Log }
}

export interface RunningBotOptions extends Partial<Pick<BotOptions, 'now' | 'slackCalls'>> {
  readonly authenticateToken?: BotOptions['authenticateToken']
  /** The section of the configuration; absent: no mail. */
  readonly email?: object
}

export async function openRunningBot(options: RunningBotOptions = {}): Promise<RunningBot> {
  const { now = Date.now, slackCalls, email, authenticateToken = nobody } = options
  await using stack = new AsyncDisposableStack()
  const data = mkdtempSync(join(tmpdir(), 'holdpoint-slack-'))
  stack.defer(() => rmSync(data, { recursive: true, force: true }))
  const database = stack.use(await freshDatabase())
  const slack = await SlackStandIn.start(now)
  stack.defer(() => slack.close())
  slack.addChannel(CHANNEL, 'approvals')
  const { token: botToken, signingSecret, apiUrl } = slack
  const config = loadConfig(
    {},
    {
      data,
      'state.url': database.url,
      'console.port': await freePort(),
      'console.sessionSecret': 'x'.repeat(32),
      'identity.providers': [{ issuer: ISSUER, audience: 'holdpoint' }],
      slack: { botToken, signingSecret, apiUrl, channel: CHANNEL },
      ...(email === undefined ? {} : { email }),
    },
  )
  const common = { config, now, log: openLog({ level: 'silent', process: 'test' }) }
  const workflows = await openWorkflows(common)
  stack.defer(() => workflows.close())
  const calls = slackCalls === undefined ? {} : { slackCalls }
  const bot = await startBot({ ...common, ...calls, workflows, authenticateToken })
  stack.defer(() => bot.close())
  slack.endpoint = `${bot.url}/slack/events`
  const running = stack.move()
  return { slack, workflows, bot, common, [Symbol.asyncDispose]: () => running.disposeAsync() }
}

const nobody = (): Promise<never> => Promise.reject(new Error('nobody'))
