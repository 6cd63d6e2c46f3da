import { App, webApi } from '@slack/bolt'
import type { FastifyInstance } from 'fastify'
import type { Pool } from 'pg'
import type { Config } from '../../config.ts'
import type { Log } from '../../log.ts'
import type { Holds } from '../../workflows/holds/hold.ts'
import { type AnswerParts, answerClicks } from './answers/answers.ts'
import { answerCommands } from './answers/command.ts'
import { createLinkRequests, type LinkRequests, type LinkRequestsOptions } from './answers/link-requests.ts'
import type { StandingSources } from './answers/standing.ts'
import { type CardDelivery, createCardDelivery } from './cards/delivery.ts'
import { createPostedCards } from './cards/posted-cards.ts'
import { SlackError } from './errors.ts'
import { FastifyReceiver } from './requests/receiver.ts'
import { asSlackError, clientOptions, quietLogger } from './web-api.ts'

/** Everything Slack: cards out, clicks in. The command line makes these parts and plugs the result in. */
export interface SlackParts {
  readonly config: Pick<Config, 'slack'>
  readonly holds: Pick<Holds, 'find' | 'vote' | 'list'>
  readonly directory: StandingSources['directory'] & LinkRequestsOptions['directory']
  readonly pool: Pool
  /** Where the console is, for links; asked at each use, because a free port is known only once it listens. */
  readonly consoleUrl: () => string
  readonly log: Log
  readonly now: () => number
}

export interface Slack {
  readonly delivery: CardDelivery
  /** For the console, which confirms them. */
  readonly links: LinkRequests
  /** Adds POST /slack/events; before the server listens. */
  register(fastify: FastifyInstance): Promise<void>
  /** Asks Slack who we are: the one check that the token works. @throws SlackError */
  check(): Promise<void>
  /** Waits for clicks that were acknowledged and not yet answered. */
  close(): Promise<void>
}

/**
 * @returns null when Slack is not configured
 * @throws SlackError slack_not_configured when it is half configured
 */
export function createSlack(parts: SlackParts): Slack | null {
  const { config, log, now } = parts
  const settings = requiredOf(config.slack)
  if (settings === null) return null
  const options = clientOptions(config.slack, log)
  const client = new webApi.WebClient(settings.botToken, options)
  const workspace = createWorkspace(client, config.slack.teamId)
  const cards = createPostedCards(parts.pool)
  const holdUrl = (hold: string): string => new URL(`/holds/${encodeURIComponent(hold)}`, parts.consoleUrl()).href
  const links = createLinkRequests({ ...parts, nameOf: ({ userId }) => displayName(client, userId) })

  const delivery = createCardDelivery({
    ...{ client, cards, holdUrl, log, now, holds: parts.holds },
    channel: settings.channel,
    botUserId: async () => (await workspace.bot()).botUserId,
  })
  const receiver = new FastifyReceiver({ signingSecret: settings.signingSecret, log, now })
  const app = new App({
    receiver,
    authorize: async () => ({ botToken: settings.botToken, ...(await workspace.bot()) }),
    clientOptions: options,
    logger: quietLogger(log),
    convoStore: false,
    tokenVerificationEnabled: false,
  })
  const answers: AnswerParts = {
    ...parts,
    ...{ client, cards, links, delivery, holdUrl, teamId: workspace.teamId },
    linkUrl: (code) => new URL(`/slack/link?code=${encodeURIComponent(code)}`, parts.consoleUrl()).href,
  }
  answerClicks(app, answers)
  answerCommands(app, answers)
  app.error(async (err) => log.error({ err }, 'a Slack request could not be handled'))

  const check = async (): Promise<void> => void (await workspace.teamId())
  return {
    delivery,
    links,
    async register(fastify) {
      await receiver.register(fastify)
      // Said early, and not waited for: without Slack the console still answers.
      fastify.addHook('onListen', () => {
        check().catch((cause: unknown) => {
          const err = asSlackError(cause)
          log.error({ err, hint: err.hint }, 'Slack does not let us in; cards will not arrive')
        })
      })
    },
    check,
    close: () => receiver.stop(),
  }
}

type Required = { readonly botToken: string; readonly signingSecret: string; readonly channel: string }

function requiredOf(slack: Config['slack']): Required | null {
  const { botToken, signingSecret, channel } = slack
  if (!botToken && !signingSecret && !channel) return null
  if (botToken && signingSecret && channel) return { botToken, signingSecret, channel }
  throw new SlackError('slack_not_configured', 'Slack is only half configured', {
    hint: 'Set all of slack.botToken, slack.signingSecret and slack.channel, or none',
  })
}

/** Who we are and whom we serve: asked once it is needed, kept once it is known, asked again while it is not. */
function createWorkspace(
  client: webApi.WebClient,
  configuredTeam: string | undefined,
): { teamId(): Promise<string>; bot(): Promise<{ botId: string; botUserId: string }> } {
  let known: Promise<webApi.AuthTestResponse> | undefined
  const ask = async (): Promise<webApi.AuthTestResponse> => {
    known ??= client.auth.test()
    try {
      return await known
    } catch (cause) {
      known = undefined
      throw asSlackError(cause)
    }
  }
  return {
    async teamId() {
      const { team_id: teamId = '' } = await ask()
      if (configuredTeam === undefined || configuredTeam === teamId) return teamId
      throw new SlackError('slack_not_configured', 'The Slack token belongs to another workspace', {
        hint: 'slack.teamId and slack.botToken must be of the same workspace',
      })
    },
    async bot() {
      const { bot_id: botId = '', user_id: botUserId = '' } = await ask()
      return { botId, botUserId }
    },
  }
}

async function displayName(client: webApi.WebClient, userId: string): Promise<string> {
  try {
    const { user } = await client.users.info({ user: userId })
    return user?.real_name ?? user?.name ?? userId
  } catch {
    return userId // the page then shows the id alone, which is less helpful and no less true
  }
}
