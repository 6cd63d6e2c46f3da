import type { App } from '@slack/bolt'
import { HoldpointError } from '../../../errors.ts'
import { writeTrail } from '../../../workflows/outbox/outbox.ts'
import type { Administrator, Pins } from '../../../workflows/releases/pins.ts'
import { listReleases, releaseInForce } from '../../../workflows/releases/store.ts'
import { line } from '../../text/bounded-text.ts'
import { pinAction } from '../cards/pin-actions.ts'
import { PIN_BLOCK, PIN_INPUT, PIN_VIEW, pinView } from '../cards/pin-view.ts'
import { paragraph } from '../cards/rich-text.ts'
import { textIn, type ViewState } from '../cards/text-view.ts'
import { type AnswerParts, type Click, clickOf, clickOfView, linkFor } from './click.ts'
import { sentence, toStranger } from './private-sentences.ts'
import { type LinkedPerson, standingOf } from './standing.ts'

/**
 * Pinning an earlier release from Slack: one administrator asks, another confirms by the button under the request. Who
 * they are is asked of Slack, the link and the directory at each click, so a second Slack account of the same person is
 * the same person. A click that is refused is told in private, and is on record.
 */
export interface PinParts extends AnswerParts {
  /** Absent: policies do not come from releases here. */
  readonly pins?: { readonly pins: Pins; readonly administrators: string; readonly pinMsMax: number }
}

const LISTED_MAX = 50

export function answerPins(app: App, parts: PinParts): void {
  const { pins: known } = parts
  if (known === undefined) return
  const { pins } = known
  const buttons = {
    [pinAction.confirm]: async (id: string, person: LinkedPerson) => {
      const { release, requestedBy } = await pins.confirm(id, administrator(person))
      return `${release.slice(0, 12)} is back in force: asked for by ${requestedBy}, confirmed by ${person.name}.`
    },
    [pinAction.end]: async (_id: string, person: LinkedPerson) => {
      await pins.end(administrator(person))
      return `The pin was ended by ${person.name}: the release that was verified last is in force.`
    },
  }
  for (const [actionId, act] of Object.entries(buttons)) {
    app.action({ type: 'block_actions', action_id: actionId }, async ({ ack, body, action, respond }) => {
      await ack()
      const click = clickOf(body, action, respond, parts)
      await tried(click, parts, async (person) => {
        const done = await act(click.hold, person)
        await settle(body, line(done, 300), parts)
        await click.tell(done)
      })
    })
  }

  app.view({ type: 'view_submission', callback_id: PIN_VIEW }, async ({ ack, body, view }) => {
    await ack()
    const click = clickOfView(body, JSON.stringify({ hold: '', on: null }), parts)
    await tried(click, parts, async (person) => {
      const wanted = wantedIn(view.state)
      if (wanted === null) return click.tell(sentence.pinIncomplete)
      await pins.request(administrator(person), wanted)
      return click.tell(sentence.pinRequested)
    })
  })
}

/** As it is kept with the pin: who they were, and no more. */
function administrator({ issuer, subject, name, groups }: LinkedPerson): Administrator {
  return { issuer, subject, name, groups }
}

/** @returns what to say instead of the view; null when it was opened */
export async function openPin(
  person: LinkedPerson,
  triggerId: string,
  { pins: known, pool, client, now }: PinParts,
): Promise<string | null> {
  if (known === undefined) return 'Policies come from local files here; there is no release to pin.'
  const { administrators, pinMsMax } = known
  if (person.kind !== 'human' || !person.groups.includes(administrators))
    return `Only members of ${line(administrators, 60)} can pin a release.`
  const inForce = await releaseInForce(pool, new Date(now()))
  const earlier = (await listReleases(pool, LISTED_MAX)).filter(({ commit }) => commit !== inForce?.commit)
  if (earlier.length === 0) return 'There is no earlier verified release.'
  await client.views.open({ trigger_id: triggerId, view: pinView(earlier, pinMsMax) })
  return null
}

/** Finds the person and lets them, or says in private why not, and records that somebody tried. */
async function tried(click: Click, parts: PinParts, act: (person: LinkedPerson) => Promise<unknown>): Promise<void> {
  const refuse = async (by: string, reason: string, words: string): Promise<void> => {
    await writeTrail(parts.pool, new Date(parts.now()), 'release.pin_refused', {
      pin: click.hold.slice(0, 64),
      by,
      reason,
    })
    await click.tell(words)
  }
  try {
    const standing = await standingOf(click.user, parts)
    if ('stranger' in standing) {
      const { stranger } = standing
      const words = stranger === 'not_linked' ? await linkFor(click.user, parts) : toStranger(stranger)
      return await refuse(`slack:${click.user.teamId}/${click.user.userId}`, stranger, words)
    }
    const { person } = standing
    const by = `${person.issuer} ${person.subject}`
    if (person.kind !== 'human') return await refuse(by, 'not_a_person', sentence.peopleOnly)
    try {
      await act(person)
    } catch (err) {
      if (!(err instanceof HoldpointError)) throw err
      await refuse(by, err.code, line(err.message, 300))
    }
  } catch (err) {
    parts.log.error({ err }, 'a click in Slack could not be answered')
    await click.tell(sentence.failed).catch(() => undefined)
  }
}

/** The request keeps its words and loses its buttons; what was done stands in their place. */
async function settle(body: object, done: string, { client, log }: PinParts): Promise<void> {
  const { message, channel } = body as {
    readonly message?: { readonly ts: string; readonly text?: string; readonly blocks?: readonly { type: string }[] }
    readonly channel?: { readonly id: string }
  }
  if (message === undefined || channel === undefined) return
  const kept = (message.blocks ?? []).filter(({ type }) => type === 'rich_text')
  const blocks = [...kept, paragraph({ bold: done })] as ReturnType<typeof paragraph>[]
  await client.chat
    .update({ channel: channel.id, ts: message.ts, text: message.text ?? done, blocks })
    .catch((err: unknown) => log.info({ err }, 'the message about a pin could not be brought up to date'))
}

function wantedIn(state: ViewState): { readonly release: string; readonly reason: string; readonly ms: number } | null {
  const chosen = (name: 'release' | 'time'): string =>
    state.values[PIN_BLOCK[name]]?.[PIN_INPUT[name]]?.selected_option?.value ?? ''
  const reason = textIn(state, PIN_INPUT.why)
  const ms = Number(chosen('time'))
  if (reason === null || chosen('release') === '' || !(ms > 0)) return null
  return { release: chosen('release'), reason, ms }
}
