import type { App, types } from '@slack/bolt'
import { rowsOf } from '../../../workflows/state/transaction.ts'
import { type AnswerParts, type Click, clickOf, linkFor, recordStranger } from '../answers/click.ts'
import { toStranger } from '../answers/private-sentences.ts'
import { type SlackUserReference, standingOf } from '../answers/standing.ts'
import { asSlackError } from '../web-api.ts'
import { answerDelegations } from './answer-delegations.ts'
import { homeAction, homeView, strangerView } from './home-view.ts'
import { inboxOf } from './inbox.ts'

/**
 * Home tabs. One is rendered from the records whenever somebody opens it, so nothing has to be kept up to date for
 * those who do not look. Those who opened theirs lately get it again when holds change: at most so often, and at most so
 * many of them; what is left out is there when they look again.
 */
export interface Home {
  answer(app: App): void
  /** Something changed. */
  refresh(): void
  /** Waits for what is being published. */
  settled(): Promise<void>
  close(): Promise<void>
}

const OPEN_MS = 60 * 60_000
const OPEN_MAX = 50
const REFRESH_EVERY_MS = 3_000

export function createHome(parts: AnswerParts & { readonly refreshEveryMs?: number }): Home {
  const { client, log, now } = parts
  const open = new Map<string, { readonly user: SlackUserReference; readonly openedAt: number; shown: string }>()
  let timer: NodeJS.Timeout | undefined
  let closed = false
  let work: Promise<unknown> = Promise.resolve()

  async function publish(user: SlackUserReference): Promise<void> {
    const known = open.get(user.userId)
    const view = await viewFor(user, parts)
    const shown = JSON.stringify(view)
    if (known?.shown === shown) return
    await client.views.publish({ user_id: user.userId, view })
    if (known !== undefined) known.shown = shown
  }

  /** One after the other; the next round comes when this one is done, however long Slack takes. */
  async function publishAll(): Promise<void> {
    for (const [id, { user, openedAt }] of open) {
      if (now() - openedAt > OPEN_MS) open.delete(id)
      else await publish(user).catch(couldNot)
    }
  }

  function couldNot(cause: unknown): void {
    const err = asSlackError(cause)
    log.warn({ err, reason: err.reason, hint: err.hint }, 'a home tab could not be brought up to date')
  }

  function remember(user: SlackUserReference): void {
    open.delete(user.userId)
    open.set(user.userId, { user, openedAt: now(), shown: '' })
    const oldest = open.size > OPEN_MAX ? open.keys().next().value : undefined
    if (oldest !== undefined) open.delete(oldest)
  }

  function enqueue(task: () => Promise<void>): Promise<void> {
    const done = work.then(task)
    work = done.catch(() => undefined)
    return done
  }

  async function prefer({ user, tell }: Click, privateMessages: boolean): Promise<void> {
    const standing = await standingOf(user, parts)
    if ('stranger' in standing) {
      const { stranger } = standing
      await recordStranger(user, { tried: 'private messages', reason: stranger }, parts)
      return void (await tell(stranger === 'not_linked' ? await linkFor(user, parts) : toStranger(stranger)))
    }
    await rowsOf(parts.pool, PREFER, [user.teamId, user.userId, privateMessages])
    await shown(user)
  }

  /** For who just changed something on it. */
  async function shown(user: SlackUserReference): Promise<void> {
    remember(user)
    await enqueue(() => publish(user).catch(couldNot))
  }

  return {
    answer(app) {
      answerDelegations(app, { ...parts, shown })
      app.event('app_home_opened', async ({ event, body }) => {
        if (event.tab !== 'home') return
        await shown({ userId: event.user, teamId: body.team_id })
      })
      for (const wanted of [true, false]) {
        const action = wanted ? homeAction.tellMe : homeAction.doNotTellMe
        app.action({ type: 'block_actions', action_id: action }, async ({ ack, body, action: clicked, respond }) => {
          await ack()
          await prefer(clickOf(body, clicked, respond, parts), wanted).catch(couldNot)
        })
      }
    },
    refresh() {
      if (closed || open.size === 0 || timer !== undefined) return
      timer = setTimeout(() => {
        timer = undefined // what changes from now on is for the next round
        void enqueue(publishAll)
      }, parts.refreshEveryMs ?? REFRESH_EVERY_MS)
      timer.unref()
    },
    settled: async () => void (await work),
    async close() {
      closed = true
      clearTimeout(timer)
      await work
    },
  }
}

const PREFER = 'UPDATE slack_link SET private_messages = $3 WHERE team_id = $1 AND user_id = $2'

async function viewFor(user: SlackUserReference, parts: AnswerParts): Promise<types.HomeView> {
  const standing = await standingOf(user, parts)
  if ('person' in standing) return homeView(await inboxOf(standing.person, user, parts), parts.holdUrl)
  const { stranger } = standing
  return strangerView(stranger === 'not_linked' ? await linkFor(user, parts) : toStranger(stranger))
}
