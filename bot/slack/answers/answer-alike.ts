import type { App, types } from '@slack/bolt'
import { HoldpointError } from '../../../errors.ts'
import type { Hold } from '../../../workflows/holds/hold.ts'
import { alikeOffer } from '../../text/alike-words.ts'
import { line } from '../../text/bounded-text.ts'
import { whoAsks } from '../../text/hold-wording.ts'
import { mayApproveAlike } from '../cards/answer-buttons.ts'
import { holdAction } from '../cards/hold-actions.ts'
import { list, paragraph } from '../cards/rich-text.ts'
import { statementBlocks } from '../cards/statement-section.ts'
import { type AnswerParts, answer, carriedOf, clickOf, clickOfView, recordRefusal } from './click.ts'
import { sentence, toRefused, toVoter } from './private-sentences.ts'

/**
 * An approval that counts for others like it, and its end. It says what it allows before it counts: these others run
 * unseen, so the statement, the number of runs and the time stand in the view that is confirmed.
 */
export const APPROVE_ALIKE_VIEW = 'holdpoint_approve_alike_view'

export function answerAlike(app: App, parts: AnswerParts): void {
  app.action({ type: 'block_actions', action_id: holdAction.approveAlike }, async ({ ack, body, action, respond }) => {
    await ack()
    const click = clickOf(body, action, respond, parts)
    await answer(click, parts, async (_person, hold) => {
      if (hold.status !== 'pending') return click.tell(sentence.answeredAlready)
      if (!mayApproveAlike(hold)) return click.tell(sentence.notAlike)
      const view = alikeView(hold, carriedOf(click))
      return parts.client.views.open({ trigger_id: body.trigger_id, view })
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

export function alikeView(hold: Hold, carried: string): types.ModalView {
  const plain = (text: string): types.PlainTextElement => ({ type: 'plain_text', text, emoji: false })
  return {
    type: 'modal',
    callback_id: APPROVE_ALIKE_VIEW,
    private_metadata: carried,
    title: plain('Approve alike'),
    submit: plain('Approve alike'),
    close: plain('Back'),
    blocks: [
      paragraph(...whoAsks(hold), ` on ${line(hold.target.name, 60)}`),
      ...statementBlocks(hold),
      list('You approve', alikeOffer(hold)),
    ],
  }
}
