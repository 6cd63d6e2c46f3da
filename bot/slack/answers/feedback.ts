import type { App, types } from '@slack/bolt'
import { HoldpointError } from '../../../errors.ts'
import type { Hold } from '../../../workflows/holds/hold.ts'
import type { PersonKey } from '../../../workflows/holds/identity-key.ts'
import { proposeOnce } from '../../../workflows/releases/propose-once.ts'
import { line } from '../../text/bounded-text.ts'
import { holdAction } from '../cards/hold-actions.ts'
import { textIn, textView, type ViewState } from '../cards/text-view.ts'
import { isForThem } from './asker.ts'
import { type AnswerParts, answer, carriedOf, clickOf, clickOfView } from './click.ts'
import { sentence } from './private-sentences.ts'

/**
 * "This should have been allowed": a reviewer says why and for how long, and whoever takes that up makes a change to
 * the policy of it, which is reviewed like any other. Nothing here changes a policy.
 */
export type ProposeException = (
  hold: Hold,
  by: PersonKey & { readonly name: string },
  proposal: { readonly reason: string; readonly until: Date },
) => Promise<{ readonly url?: string }>

export const FEEDBACK_VIEW = 'holdpoint_feedback_view'
const WHY_INPUT = 'holdpoint_feedback_why'
const UNTIL_INPUT = 'holdpoint_feedback_until'
const UNTIL_BLOCK = 'until'
const DAY_MS = 24 * 60 * 60_000
const DAYS: Readonly<Record<string, string>> = { 1: 'One day', 7: 'A week', 30: 'A month', 90: 'Three months' }
const DAYS_USUAL = '30'

export interface FeedbackParts extends AnswerParts {
  readonly proposeException?: ProposeException
}

export function answerFeedback(app: App, parts: FeedbackParts): void {
  const { proposeException: propose } = parts
  if (propose === undefined) return
  app.action({ type: 'block_actions', action_id: holdAction.feedback }, async ({ ack, body, action, respond }) => {
    await ack()
    const click = clickOf(body, action, respond, parts)
    await answer(click, parts, async (person, hold) => {
      if (!(await isForThem(person, hold, parts.pool))) return click.tell(sentence.notYours)
      return parts.client.views.open({ trigger_id: body.trigger_id, view: feedbackView(hold, carriedOf(click)) })
    })
  })

  app.view({ type: 'view_submission', callback_id: FEEDBACK_VIEW }, async ({ ack, body, view }) => {
    await ack()
    const click = clickOfView(body, view.private_metadata, parts)
    await answer(click, parts, async (person, hold) => {
      if (!(await isForThem(person, hold, parts.pool))) return click.tell(sentence.notYours)
      const reason = textIn(view.state, WHY_INPUT)
      if (reason === null) return click.tell(sentence.feedbackMissing)
      const until = new Date(parts.now() + daysIn(view.state) * DAY_MS)
      const { issuer, subject, name } = person
      try {
        const proposing = { hold, by: { issuer, subject }, reason, until, at: new Date(parts.now()) }
        const make = () => propose(hold, { issuer, subject, name }, { reason, until })
        const { url } = await proposeOnce(parts.pool, proposing, make)
        await parts.delivery.deliver(hold).catch(() => undefined) // it says so when it is shown next
        return await click.tell(url === undefined ? sentence.proposed : `${sentence.proposed} ${url}`)
      } catch (err) {
        if (!(err instanceof HoldpointError)) throw err
        return click.tell(line(err.message, 300))
      }
    })
  })
}

export function feedbackView(hold: Hold, carried: string): types.ModalView {
  const view = textView(hold, {
    ...{ callbackId: FEEDBACK_VIEW, title: 'Should be allowed', submit: 'Propose', inputId: WHY_INPUT, carried },
    label: 'Why?',
    says: 'This opens a pull request: one exception for this asker, this target and statements of this shape, which ends by itself. Others have to review it. It does not answer this request.',
  })
  const options = Object.entries(DAYS).map(([value, text]) => option(value, text))
  const until: types.InputBlock = {
    type: 'input',
    block_id: UNTIL_BLOCK,
    label: { type: 'plain_text', text: 'For how long?', emoji: false },
    element: {
      ...{ type: 'static_select', action_id: UNTIL_INPUT, options },
      initial_option: option(DAYS_USUAL, DAYS[DAYS_USUAL] ?? ''),
    },
  }
  return { ...view, blocks: [...view.blocks, until] }
}

function option(value: string, text: string): types.PlainTextOption {
  return { text: { type: 'plain_text', text, emoji: false }, value }
}

/** Only what the form offers; whatever else is sent is the usual. */
function daysIn(state: ViewState): number {
  const chosen = state.values[UNTIL_BLOCK]?.[UNTIL_INPUT]?.selected_option?.value ?? DAYS_USUAL
  return Number(Object.hasOwn(DAYS, chosen) ? chosen : DAYS_USUAL)
}
