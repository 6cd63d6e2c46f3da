import type { App } from '@slack/bolt'
import type { Hold } from '../../../workflows/holds/hold.ts'
import { outcomeOf } from '../../text/outcome-words.ts'
import { detailsView } from '../cards/details-view.ts'
import { holdAction } from '../cards/hold-actions.ts'
import { REJECT_VIEW, rejectReason, rejectView } from '../cards/reject-view.ts'
import { isShownWhole } from '../cards/statement-section.ts'
import { refreshOneByOne } from './answer-many.ts'
import { isForThem } from './asker.ts'
import { type AnswerParts, answer, type Click, carriedOf, clickOf, clickOfView, showView } from './click.ts'
import { sentence, toRefused, toVoter } from './private-sentences.ts'

/**
 * What happens when somebody answers. Every handler acknowledges first and believes nothing afterwards: it reads the
 * hold again, asks who the user is again, and leaves whether they may vote to the holds.
 */
export function answerClicks(app: App, parts: AnswerParts): void {
  app.action({ type: 'block_actions', action_id: holdAction.approve }, async ({ ack, body, action, respond }) => {
    await ack()
    const click = clickOf(body, action, respond, parts)
    await answer(click, parts, async (person, found) => {
      if (!isShownWhole(found)) return click.tell(sentence.notShownWhole)
      await vote(click, person, { choice: 'approve', reason: null }, parts)
      return refreshOneByOne(body, parts)
    })
  })

  app.action({ type: 'block_actions', action_id: holdAction.reject }, async ({ ack, body, action, respond }) => {
    await ack()
    const click = clickOf(body, action, respond, parts)
    await answer(click, parts, async (_person, found) => {
      if (!isShownWhole(found)) return click.tell(sentence.notShownWhole)
      if (found.status !== 'pending') return tellLate(click, found, parts)
      const asking = { trigger_id: body.trigger_id, view: rejectView(found, carriedOf(click)) }
      return showView(body, asking, parts)
    })
  })

  app.action({ type: 'block_actions', action_id: holdAction.details }, async ({ ack, body, action, respond }) => {
    await ack()
    const click = clickOf(body, action, respond, parts)
    await answer(click, parts, async (person, found) => {
      if (!(await isForThem(person, found, parts.pool))) return click.tell(sentence.notYours)
      const view = detailsView(found, await parts.contextOf(found))
      return showView(body, { trigger_id: body.trigger_id, view }, parts)
    })
  })

  // These buttons are links; Slack still reports the click and wants it acknowledged.
  for (const link of [holdAction.console, holdAction.seeProposal])
    app.action({ type: 'block_actions', action_id: link }, async ({ ack }) => ack())

  app.view({ type: 'view_submission', callback_id: REJECT_VIEW }, async ({ ack, body, view }) => {
    await ack()
    const click = clickOfView(body, view.private_metadata, parts)
    await answer(click, parts, async (person) => {
      const reason = rejectReason(view.state)
      if (reason === null) return click.tell(sentence.reasonMissing)
      return vote(click, person, { choice: 'reject', reason }, parts)
    })
  })
}

async function vote(
  click: Click,
  { issuer, subject }: { readonly issuer: string; readonly subject: string },
  { choice, reason }: { readonly choice: 'approve' | 'reject'; readonly reason: string | null },
  parts: AnswerParts,
): Promise<unknown> {
  let hold: Hold
  try {
    hold = await parts.holds.vote(click.hold, { issuer, subject }, { choice, reason, via: 'slack' })
  } catch (err) {
    parts.log.info({ err, hold: click.hold }, 'a vote in Slack was refused')
    const now = await parts.holds.find(click.hold)
    return now !== null && now.status !== 'pending' ? tellLate(click, now, parts) : click.tell(toRefused(err))
  }
  return click.tell(toVoter(hold, choice))
}

/** Whoever can still click on an answered hold looks at a card that missed a change. */
async function tellLate({ tell }: Click, hold: Hold, { delivery }: AnswerParts): Promise<unknown> {
  await delivery.deliver(hold).catch(() => undefined) // it said why in the log, and the outbox tries again
  return tell(outcomeOf(hold) ?? sentence.failed)
}
