import { App, webApi } from '@slack/bolt'
import type { FastifyInstance } from 'fastify'
import type { Pool } from 'pg'
import type { Config } from '../../config.ts'
import type { Log } from '../../log.ts'
import { askerBackgroundOf } from '../../workflows/holds/background.ts'
import { commentsOf } from '../../workflows/holds/comments.ts'
import type { Hold } from '../../workflows/holds/hold.ts'
import { repeatedOf } from '../../workflows/holds/repeated.ts'
import { ruleSourceOf } from '../../workflows/releases/rule-source.ts'
import { answerAlike } from './answers/answer-alike.ts'
import { answerMany } from './answers/answer-many.ts'
import { answerPins, type PinParts } from './answers/answer-pins.ts'
import { answerReviews } from './answers/answer-reviews.ts'
import { answerWhy } from './answers/answer-why.ts'
import { answerClicks } from './answers/answers.ts'
import { type AskParts, answerQuestions } from './answers/ask.ts'
import { personBehind, slackUserOf } from './answers/asker.ts'
import { answerBreakGlass } from './answers/break-glass.ts'
import type { AnswerParts } from './answers/click.ts'
import { answerCommands } from './answers/command.ts'
import { answerFeedback, type ProposeException } from './answers/feedback.ts'
import { createLinkRequests, type LinkRequests, type LinkRequestsOptions } from './answers/link-requests.ts'
import { hearThreads } from './answers/thread.ts'
import { approvalCard, type Card, type CardContext } from './cards/approval-card.ts'
import { CardInPlace } from './cards/card-in-place.ts'
import { type CardDelivery, createCardDelivery } from './cards/delivery.ts'
import { createDestinations } from './cards/destinations.ts'
import { createFaces } from './cards/faces.ts'
import { createForgetting } from './cards/forget-old.ts'
import { gatheredCard } from './cards/gathered-card.ts'
import { createGatheredCards, type Gathered } from './cards/gathered-cards.ts'
import { createNudges } from './cards/nudges.ts'
import { createPace } from './cards/pace.ts'
import { createPostedCards } from './cards/posted-cards.ts'
import { createTroubles } from './cards/trouble.ts'
import { createHome } from './home-tab/home.ts'
import { Receivers } from './requests/receivers.ts'
import { createSeenRequests } from './requests/seen-requests.ts'
import { settingsOf } from './settings.ts'
import { asSlackError, clientOptions, quietLogger, type SlackCalls } from './web-api.ts'
import { createWorkspace, displayName } from './workspace.ts'

/** Everything Slack: cards out, clicks in. The command line makes these parts and plugs the result in. */
export interface SlackParts {
  readonly config: Pick<Config, 'slack'>
  readonly holds: AnswerParts['holds']
  readonly directory: AskParts['directory'] & LinkRequestsOptions['directory']
  /** Takes up that a hold should not have been one; without it nobody is offered to say so. */
  readonly proposeException?: ProposeException
  /** Pinning releases, where policies come from them. */
  readonly pins?: NonNullable<PinParts['pins']>
  readonly pool: Pool
  /** Where the console is, for links; asked at each use, because a free port is known only once it listens. */
  readonly consoleUrl: () => string
  readonly calls?: SlackCalls
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
  /** Home tabs that are open are brought up to date, soon. */
  holdsChanged(): void
  /** Waits for clicks that were acknowledged and not yet answered. */
  settled(): Promise<void>
  close(): Promise<void>
}

/**
 * @returns null when Slack is not configured
 * @throws SlackError slack_not_configured when it is half configured
 */
export function createSlack(parts: SlackParts): Slack | null {
  const { config, log, now, pool, holds } = parts
  const settings = settingsOf(config.slack)
  if (settings === null) return null
  const options = clientOptions(config.slack, log, parts.calls?.timeoutMs)
  const client = new webApi.WebClient(settings.botToken, options)
  const workspace = createWorkspace(client, config.slack.teamId)
  const { teamId } = workspace
  const cards = createPostedCards(pool)
  const gathered = createGatheredCards(pool, now)
  const pageOf = (path: string): string => new URL(path, parts.consoleUrl()).href
  const holdUrl = (hold: string): string => pageOf(`/holds/${encodeURIComponent(hold)}`)
  const links = createLinkRequests({ ...parts, nameOf: ({ userId }) => displayName(client, userId) })
  const takesFeedback = parts.proposeException !== undefined
  const botUserId = async (): Promise<string> => (await workspace.bot()).botUserId
  const { offerExceptionAfter: after } = config.slack
  const contextOf = async (hold: Hold): Promise<CardContext> => {
    const [comments, about, source] = await Promise.all([
      commentsOf(pool, hold.id),
      askerBackgroundOf(pool, hold),
      ruleSourceOf(pool, hold.policyDigest),
    ])
    const context = { consoleUrl: holdUrl(hold.id), comments, about, source, takesFeedback }
    const repeated = takesFeedback && after > 0 ? await repeatedOf(pool, hold, new Date(now())) : null
    return repeated !== null && repeated.times >= after ? { ...context, repeated } : context
  }
  const render = async (hold: Hold): Promise<Card> => approvalCard(hold, await contextOf(hold))
  const renderGathered = async (of: Gathered): Promise<Card> => gatheredCard(of, await contextOf(of.lead))
  const pace = parts.calls?.pace ?? createPace()
  const askerIn = async (hold: Hold): Promise<string | null> =>
    slackUserOf(pool, await teamId(), await personBehind(hold, parts.directory))
  const delivery = createCardDelivery({
    ...{ cards, gathered, log, now },
    faceOf: createFaces({ gathered, render, renderGathered }),
    places: new CardInPlace({ client, cards, now, botUserId, pace }),
    destinations: createDestinations({ pool, channel: settings.channel, channels: config.slack.channels, teamId, now }),
    troubles: createTroubles(pool, now),
    forgetOld: createForgetting(pool, now),
    nudges: createNudges({ ...{ pool, client, cards, holds, pace, now }, askerIn }),
  })
  const seen = createSeenRequests({ pool, now })
  const receiver = new Receivers({ ...settings, clientOptions: options, seen, log, now })
  const app = new App({
    receiver,
    authorize: async () => ({ botToken: settings.botToken, ...(await workspace.bot()) }),
    clientOptions: options,
    logger: quietLogger(log),
    convoStore: false,
    tokenVerificationEnabled: false,
  })
  const linkUrl = (code: string): string => pageOf(`/slack/link?code=${encodeURIComponent(code)}`)
  const answers = {
    ...parts,
    ...{ client, cards, gathered, links, delivery, render, contextOf, holdUrl, teamId, linkUrl },
  }
  const home = createHome(answers)
  answerClicks(app, answers)
  answerQuestions(app, answers)
  answerMany(app, answers)
  answerAlike(app, answers)
  answerReviews(app, answers)
  answerWhy(app, answers)
  answerPins(app, answers)
  answerCommands(app, answers)
  answerBreakGlass(app, answers)
  answerFeedback(app, answers)
  hearThreads(app, answers)
  home.answer(app)
  app.error(async (err) => log.error({ err }, 'a Slack request could not be handled'))

  const check = async (): Promise<void> => void (await workspace.teamId())
  return {
    delivery,
    links,
    async register(fastify) {
      await receiver.register(fastify)
      // Said early, and not waited for: without Slack the console still answers.
      fastify.addHook('onListen', () => {
        void receiver.start()
        check().catch((cause: unknown) => {
          const err = asSlackError(cause)
          log.error({ err, hint: err.hint }, 'Slack does not let us in; cards will not arrive')
        })
      })
    },
    check,
    async settled() {
      await receiver.settled()
      await home.settled()
    },
    async close() {
      await receiver.stop()
      await home.close()
    },
    holdsChanged: () => home.refresh(),
  }
}
