import type { App } from '@slack/bolt'
import { HoldpointError } from '../../../errors.ts'
import { waitingAlike } from '../../../workflows/holds/alike.ts'
import { line } from '../../text/bounded-text.ts'
import { APPROVE_ALIKE_VIEW, alikeView, canShowAll } from '../cards/alike-view.ts'
import { mayApproveAlike } from '../cards/answer-buttons.ts'
import { holdAction } from '../cards/hold-actions.ts'
import { type AnswerParts, answer, carriedOf, clickOf, clickOfView, recordRefusal, showView } from './click.ts'
import { sentence, toRefused, toVoter } from './private-sentences.ts'

/**
 * An approval that counts for others like it, and its end. It says what it allows before it counts: these others run
 * unseen, so the statement, the number of runs and the time stand in the view that is confirmed.
 */
export function answerAlike(app: App, parts: AnswerParts): void {
  app.action({ type: 'block_actions', action_id: holdAction.approveAlike }, async ({ ack, body, action, respond }) => {
    await ack()
    const click = clickOf(body, action, respond, parts)
    await answer(click, parts, async (_person, hold) => {
      if (hold.status !== 'pending') return click.tell(sentence.answeredAlready)
      if (!mayApproveAlike(hold)) return click.tell(sentence.notAlike)
      const waiting = await waitingAlike(parts.pool, hold, new Date(parts.now()))
      if (!canShowAll(waiting)) return click.tell(sentence.tooManyAlike)
      const view = alikeView(hold, waiting, carriedOf(click))
      return showView(body, { trigger_id: body.trigger_id, view }, parts)
    })
  })

  app.view({ type: 'view_submission', callback_id: APPROVE_ALIKE_VIEW }, async ({ ack, body, view }) => {
    await ack()
    const click = clickOfView(body, view.private_metadata, parts)
    await answer(click, parts, async ({ issuer, subject }, hold) => {
      if (!mayApproveAlike(hold)) return click.tell(sentence.notAlike)
      const said = { choice: 'approve', reason: null, via: 'slack', alike: true } as const
      try {
        return await click.tell(toVoter(await parts.holds.vote(hold.id, { issuer, subject }, said), 'approve'))
      } catch (err) {
        parts.log.info({ err, hold: hold.id }, 'a vote in Slack was refused')
        return click.tell(toRefused(err))
      }
    })
  })

  app.action({ type: 'block_actions', action_id: holdAction.undoAlike }, async ({ ack, body, action, respond }) => {
    await ack()
    const click = clickOf(body, action, respond, parts)
    await answer(click, parts, async ({ issuer, subject }, hold) => {
      try {
        const { alikeApproval } = await parts.holds.undoAlike(hold.id, { issuer, subject }, 'slack')
        return await click.tell(sentence.alikeUndone(alikeApproval?.runs ?? 0))
      } catch (err) {
        if (!(err instanceof HoldpointError)) throw err
        await recordRefusal(click, err.code, parts)
        return click.tell(line(err.message, 300))
      }
    })
  })
}
