import type { App } from '@slack/bolt'
import { HoldpointError } from '../../../errors.ts'
import type { Review } from '../../../workflows/holds/answering.ts'
import type { Hold } from '../../../workflows/holds/hold.ts'
import { line } from '../../text/bounded-text.ts'
import { holdAction } from '../cards/hold-actions.ts'
import { textIn, textView } from '../cards/text-view.ts'
import { type AnswerParts, answer, type Click, carriedOf, clickOf, clickOfView, recordRefusal } from './click.ts'
import { sentence } from './private-sentences.ts'

/** What a reviewer says, afterwards, of what was run by breaking the glass: fine, or not and why. */
const VIEWS = { reviewed: 'holdpoint_reviewed_view', disputed: 'holdpoint_disputed_view' } as const
export const REVIEW_INPUT = 'holdpoint_review'

type Verdict = Review['verdict']

export function answerReviews(app: App, parts: AnswerParts): void {
  for (const verdict of ['reviewed', 'disputed'] as const) {
    app.action({ type: 'block_actions', action_id: holdAction[verdict] }, async ({ ack, body, action, respond }) => {
      await ack()
      const click = clickOf(body, action, respond, parts)
      await answer(click, parts, async (_person, hold) => {
        if (hold.brokenGlass?.review !== null) return click.tell(sentence.reviewedAlready)
        const view = reviewView(hold, verdict, carriedOf(click))
        return parts.client.views.open({ trigger_id: body.trigger_id, view })
      })
    })

    app.view({ type: 'view_submission', callback_id: VIEWS[verdict] }, async ({ ack, body, view }) => {
      await ack()
      const click = clickOfView(body, view.private_metadata, parts)
      await answer(click, parts, ({ issuer, subject }) =>
        review(click, { issuer, subject }, { verdict, reason: textIn(view.state, REVIEW_INPUT) }, parts),
      )
    })
  }
}

async function review(
  click: Click,
  by: { readonly issuer: string; readonly subject: string },
  said: { readonly verdict: Verdict; readonly reason: string | null },
  parts: AnswerParts,
): Promise<unknown> {
  try {
    await parts.holds.review(click.hold, by, { ...said, via: 'slack' })
    return await click.tell(said.verdict === 'reviewed' ? sentence.reviewedFine : sentence.reviewedNotFine)
  } catch (err) {
    if (!(err instanceof HoldpointError)) throw err
    await recordRefusal(click, err.code, parts)
    return click.tell(line(err.message, 300))
  }
}

export function reviewView(hold: Hold, verdict: Verdict, carried: string) {
  const fine = verdict === 'reviewed'
  return textView(hold, {
    ...{ callbackId: VIEWS[verdict], title: fine ? 'Reviewed: fine' : 'Reviewed: not fine', submit: 'Put on record' },
    ...{ inputId: REVIEW_INPUT, carried, optional: fine },
    label: fine ? 'A comment, if you like' : 'What is wrong with it? They will read it.',
    says: 'It has run already. What you say is on record, under your name, and ends the review.',
  })
}
