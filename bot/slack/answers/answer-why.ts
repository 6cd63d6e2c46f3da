import type { App } from '@slack/bolt'
import { HoldpointError } from '../../../errors.ts'
import { line } from '../../text/bounded-text.ts'
import { holdAction } from '../cards/hold-actions.ts'
import { textIn, textView } from '../cards/text-view.ts'
import type { AskParts } from './ask.ts'
import { isBehind } from './asker.ts'
import { answer, carriedOf, clickOf, clickOfView, recordRefusal } from './click.ts'
import { sentence } from './private-sentences.ts'

/** Why it is asked for, by whoever asked, the person it acts for, or who answers for it in the directory. */
export const WHY_VIEW = 'holdpoint_why_view'
const WHY_INPUT = 'holdpoint_why'

export function answerWhy(app: App, parts: AskParts): void {
  app.action({ type: 'block_actions', action_id: holdAction.sayWhy }, async ({ ack, body, action, respond }) => {
    await ack()
    const click = clickOf(body, action, respond, parts)
    await answer(click, parts, async (person, hold) => {
      if (!(await isBehind(person, hold, parts.directory))) return click.tell(sentence.notYours)
      const view = textView(hold, {
        ...{ callbackId: WHY_VIEW, title: 'Say why', submit: 'Say it', inputId: WHY_INPUT, carried: carriedOf(click) },
        label: 'Why is it asked for?',
        says: 'Reviewers read it with the statement. It is said once, and stands.',
      })
      return parts.client.views.open({ trigger_id: body.trigger_id, view })
    })
  })

  app.view({ type: 'view_submission', callback_id: WHY_VIEW }, async ({ ack, body, view }) => {
    await ack()
    const click = clickOfView(body, view.private_metadata, parts)
    await answer(click, parts, async ({ issuer, subject }) => {
      const reason = textIn(view.state, WHY_INPUT)
      if (reason === null) return click.tell(sentence.explanationMissing)
      try {
        await parts.holds.giveReason(click.hold, { issuer, subject }, reason)
        return await click.tell(sentence.explained)
      } catch (err) {
        if (!(err instanceof HoldpointError)) throw err
        await recordRefusal(click, err.code, parts)
        return click.tell(line(err.message, 300))
      }
    })
  })
}
