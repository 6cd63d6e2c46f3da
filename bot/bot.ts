import type { FastifyInstance } from 'fastify'
import type { Pool } from 'pg'
import type { Config } from '../config.ts'
import type { Log } from '../log.ts'
import type { Identity } from '../policies/input.ts'
import { listenForChanges } from '../workflows/holds/hold-changes.ts'
import type { NoticeDelivery } from '../workflows/outbox/delivery.ts'
import type { ReleaseAnnouncer } from '../workflows/releases/notices.ts'
import { createPins } from '../workflows/releases/pins.ts'
import { proposeException } from '../workflows/releases/propose-exception.ts'
import { usesReleases } from '../workflows/releases/uses-releases.ts'
import type { Workflows } from '../workflows/workflows.ts'
import type { ConsoleParts } from './console/parts.ts'
import { createConsole } from './console/server.ts'
import { createEmail, type Email } from './email/email.ts'
import { mailReleaseAnnouncer } from './email/release-mail.ts'
import { BotError } from './errors.ts'
import { registerGitHubWebhook } from './github/webhook.ts'
import type { ProposeException } from './slack/answers/feedback.ts'
import { slackReleaseAnnouncer } from './slack/release-announcer.ts'
import { createSlack, type Slack } from './slack/slack.ts'
import type { SlackCalls } from './slack/web-api.ts'

/** Where people answer: the console with its API, and Slack where it is configured, on one HTTP server. */
export interface BotOptions {
  readonly config: Config
  readonly workflows: Workflows
  /** @throws HoldpointError with a sentence that the bearer may read */
  authenticateToken(token: string, from: string): Promise<Identity>
  /** Which of a hold's example rows somebody may see; left out: nobody sees any. */
  readonly examplesFor?: ConsoleParts['examplesFor']
  /** Takes up, for Slack, that a hold should have been allowed. */
  readonly proposeException?: ProposeException
  readonly slackCalls?: SlackCalls
  readonly log: Log
  readonly now: () => number
}

export interface Bot {
  readonly url: string
  /** For the worker, which tells people of holds. */
  readonly deliveries: readonly NoticeDelivery[]
  close(): Promise<void>
}

/** @throws BotError port_taken; SlackError and SmtpError when Slack or e-mail is half configured */
export async function startBot(options: BotOptions): Promise<Bot> {
  const { config, workflows, authenticateToken, slackCalls, log, now } = options
  const propose = proposing(options)
  const { directory, holds, pool } = workflows
  const { host, port } = config.console
  const url = consoleUrl(config)
  const slack = createSlack({
    ...{ config, holds, directory, pool, log, now, consoleUrl: () => url },
    ...(propose === undefined ? {} : { proposeException: propose }),
    ...(slackCalls === undefined ? {} : { calls: slackCalls }),
    ...pinning(options),
  })
  const email = createEmail({ config, holds, pool, consoleUrl: () => url, log, now })
  const server = await createConsole({
    config,
    holds,
    pool,
    directory,
    authenticateToken,
    ...(slack === null ? {} : { slackLinks: slack.links }),
    ...(options.examplesFor === undefined ? {} : { examplesFor: options.examplesFor }),
    log,
    now,
  })
  await slack?.register(server)
  const { webhookSecret: secret } = config.releases.github
  if (usesReleases(config) && secret !== undefined) await registerGitHubWebhook(server, { secret, pool, now })
  await listen(server, host, port)
  const changes = slack === null ? null : listenForChanges(pool, log)
  changes?.subscribe(() => slack?.holdsChanged())
  return {
    url,
    deliveries: deliveriesOf(slack, email),
    close: async () => {
      await changes?.close()
      await server.close()
      await slack?.close()
      email?.close()
    },
  }
}

/** For a worker that runs without the bot: it tells people of holds and answers nobody. */
export function noticeDeliveries(options: Omit<BotOptions, 'authenticateToken'>): readonly NoticeDelivery[] {
  const { config, workflows, log, now } = options
  const propose = proposing(options)
  const { directory, holds, pool } = workflows
  const slack = createSlack({
    ...{ config, holds, directory, pool, log, now, consoleUrl: () => consoleUrl(config) },
    // Cards look the same, whichever process shows them.
    ...(propose === undefined ? {} : { proposeException: propose }),
  })
  const email = createEmail({ config, holds, pool, consoleUrl: () => consoleUrl(config), log, now })
  return deliveriesOf(slack, email)
}

function deliveriesOf(slack: Slack | null, email: Email | null): readonly NoticeDelivery[] {
  return [slack?.delivery, email?.delivery].filter((one) => one !== undefined)
}

const consoleUrl = ({ console: { host, port, publicUrl } }: Config): string => publicUrl ?? `http://${host}:${port}`

async function listen(server: FastifyInstance, host: string, port: number): Promise<void> {
  try {
    await server.listen({ host, port })
  } catch (cause) {
    await server.close()
    throw new BotError('port_taken', `The console cannot listen on ${host}:${port}.`, {
      cause,
      hint: 'End the program that uses it, or choose another port (console.port, HOLDPOINT_CONSOLE_PORT)',
    })
  }
}

/** How people hear of releases of the policies: in Slack, and by mail where that is not set or cannot be reached. */
export function releaseAnnouncers({ config, pool, log }: AnnouncerParts): readonly ReleaseAnnouncer[] {
  const slack = slackReleaseAnnouncer(config.slack, log)
  const mail = mailReleaseAnnouncer({ config, pool, log })
  if (slack === null || mail === null) return [slack, mail].filter((one) => one !== null)
  return [
    {
      async announce(notice, key) {
        await slack.announce(notice, key).catch(async (err: unknown) => {
          log.warn({ err }, 'Slack did not take a notice of a release; it goes by mail')
          await mail.announce(notice, key)
        })
      },
    },
  ]
}

interface AnnouncerParts {
  readonly config: Config
  readonly pool: Pool
  readonly log: Log
}

/** By a pull request, where policies come from reviewed pull requests. */
function proposing({ config, proposeException: given, now }: Omit<BotOptions, 'authenticateToken'>) {
  if (given !== undefined || !usesReleases(config) || config.releases.github.repository === undefined) return given
  const propose: ProposeException = (hold, by, proposal) =>
    proposeException({ config: config.releases.github, now }, hold, by, proposal)
  return propose
}

/** Pinning from Slack, where there are releases. */
function pinning({ config, workflows: { pool }, now }: Omit<BotOptions, 'authenticateToken'>) {
  if (!usesReleases(config)) return {}
  const { administrators, pinMsMax } = config.releases.github
  return { pins: { pins: createPins({ pool, administrators, pinMsMax, now }), administrators, pinMsMax } }
}
