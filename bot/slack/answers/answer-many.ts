import type { App } from '@slack/bolt'
import type { Hold } from '../../../workflows/holds/hold.ts'
import { holdAction } from '../cards/hold-actions.ts'
import { ONE_BY_ONE_VIEW, oneByOneView } from '../cards/one-by-one-view.ts'
import { rejectManyView, rejectReason } from '../cards/reject-view.ts'
import { isShownWhole } from '../cards/statement-section.ts'
import { isForThem } from './asker.ts'
import { type AnswerParts, answer, type Click, carriedOf, clickOf, clickOfView, personOf } from './click.ts'
import { sentence, toRefused, toVoterOfMany } from './private-sentences.ts'
import type { LinkedPerson } from './standing.ts'

/**
 * One click for several holds: those that the card which was clicked on showed whole, by the id of what it showed.
 * What came after it was posted is not among them, and each is read again, voted on by itself and on record by itself.
 */
export const REJECT_MANY_VIEW = 'holdpoint_reject_many_view'
type Answer = { readonly choice: 'approve' | 'reject'; readonly reason: string | null }

export function answerMany(app: App, parts: AnswerParts): void {
  app.action({ type: 'block_actions', action_id: holdAction.approveShown }, async ({ ack, body, action, respond }) => {
    await ack()
    const click = clickOf(body, action, respond, parts)
    await withShown(click, parts, (person, holds) =>
      voteOnEach(click, person, holds, { choice: 'approve', reason: null }, parts),
    )
  })

  app.action({ type: 'block_actions', action_id: holdAction.rejectShown }, async ({ ack, body, action, respond }) => {
    await ack()
    const click = clickOf(body, action, respond, parts)
    await withShown(click, parts, async (_person, holds) => {
      const [first] = holds.filter(({ status }) => status === 'pending')
      if (first === undefined) return click.tell(sentence.allAnswered)
      const view = rejectManyView(first, {
        callbackId: REJECT_MANY_VIEW,
        carried: carriedOf(click),
        count: holds.length,
      })
      return parts.client.views.open({ trigger_id: body.trigger_id, view })
    })
  })

  app.view({ type: 'view_submission', callback_id: REJECT_MANY_VIEW }, async ({ ack, body, view }) => {
    await ack()
    const click = clickOfView(body, view.private_metadata, parts)
    await withShown(click, parts, async (person, holds) => {
      const reason = rejectReason(view.state)
      if (reason === null) return click.tell(sentence.reasonMissing)
      return voteOnEach(click, person, holds, { choice: 'reject', reason }, parts)
    })
  })

  app.action({ type: 'block_actions', action_id: holdAction.oneByOne }, async ({ ack, body, action, respond }) => {
    await ack()
    const click = clickOf(body, action, respond, parts)
    await answer(click, parts, async (person, hold) => {
      if (!(await isForThem(person, hold, parts.pool))) return click.tell(sentence.notYours)
      const group = await parts.gathered.group(await parts.gathered.leadOf(hold))
      if (group === null) return undefined
      return parts.client.views.open({ trigger_id: body.trigger_id, view: oneByOneView(group, parts.holdUrl) })
    })
  })
}

/** The view, when a click came from it, shows what is left. */
export async function refreshOneByOne(body: object, parts: AnswerParts): Promise<void> {
  const { view } = body as {
    readonly view?: { readonly id: string; readonly callback_id?: string; readonly private_metadata?: string }
  }
  if (view?.callback_id !== ONE_BY_ONE_VIEW) return
  const group = await parts.gathered.group(view.private_metadata ?? '')
  if (group === null) return
  await parts.client.views
    .update({ view_id: view.id, view: oneByOneView(group, parts.holdUrl) })
    .catch((err: unknown) =>
      parts.log.info({ err }, 'a view in Slack was closed before it could be brought up to date'),
    )
}

async function withShown(
  click: Click,
  parts: AnswerParts,
  act: (person: LinkedPerson, holds: readonly Hold[]) => Promise<unknown>,
): Promise<void> {
  try {
    const ids = await parts.gathered.shown(click.hold)
    const [first] = ids
    if (first === undefined) return void (await click.tell(sentence.gone))
    const person = await personOf({ ...click, hold: first }, parts)
    if (person === null) return
    const found = await Promise.all(ids.map((id) => parts.holds.find(id)))
    const holds = found.filter((hold) => hold !== null)
    // It was when it was shown; nothing of a hold that this rests on changes.
    if (!holds.every(isShownWhole)) return void (await click.tell(sentence.notShownWhole))
    await act(person, holds)
  } catch (err) {
    parts.log.error({ err, shown: click.hold }, 'a click in Slack could not be answered')
    await click.tell(sentence.failed).catch(() => undefined)
  }
}

/** One after the other: what is refused for one of them keeps nothing from the others. */
async function voteOnEach(
  click: Click,
  { issuer, subject }: LinkedPerson,
  holds: readonly Hold[],
  said: Answer,
  parts: AnswerParts,
): Promise<unknown> {
  const counted: Hold[] = []
  const refused: string[] = []
  for (const { id } of holds) {
    try {
      counted.push(await parts.holds.vote(id, { issuer, subject }, { ...said, via: 'slack' }))
    } catch (err) {
      parts.log.info({ err, hold: id }, 'a vote in Slack was refused')
      refused.push(toRefused(err))
    }
  }
  return click.tell(toVoterOfMany(counted, refused, said.choice))
}
