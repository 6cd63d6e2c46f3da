import type { App } from '@slack/bolt'
import { HoldpointError } from '../../../errors.ts'
import type { Hold } from '../../../workflows/holds/hold.ts'
import { isAsker } from '../../../workflows/holds/identity-key.ts'
import { groupsAt } from '../../../workflows/holds/standing.ts'
import { line } from '../../text/bounded-text.ts'
import { outcomeOf } from '../../text/outcome-words.ts'
import { textIn, textView } from '../cards/text-view.ts'
import { type AnswerParts, answer, carriedOf, clickOfView } from './click.ts'
import { sentence } from './private-sentences.ts'
import type { LinkedPerson } from './standing.ts'

/** Running one's own request now, with a reason, to be reviewed afterwards. Confirmed in a view; the holds decide. */
export const BREAK_GLASS_VIEW = 'holdpoint_break_glass_view'
const REASON_INPUT = 'holdpoint_break_glass_reason'

/** @returns what to say instead of the view; null when it was opened */
export async function openBreakGlass(
  hold: Hold,
  said: { readonly person: LinkedPerson; readonly words: readonly string[]; readonly triggerId: string },
  { client, now }: AnswerParts,
): Promise<string | null> {
  const { person, words, triggerId } = said
  const allowed = hold.decision.answering?.breakGlass ?? null
  if (allowed === null) return 'The policy lets nobody run this before it is approved.'
  if (!isAsker(hold.identity, person)) return 'Only whoever asked can do that.'
  if (!groupsAt(person, hold.decision.answering, new Date(now())).has(allowed.group))
    return `Only members of ${line(allowed.group, 60)} can do that.`
  const view = textView(hold, {
    ...{ callbackId: BREAK_GLASS_VIEW, title: 'Break the glass', submit: 'Run it now', inputId: REASON_INPUT },
    carried: carriedOf({ hold: hold.id, on: null }),
    label: 'Why can it not wait?',
    says: 'It may run at once, approved by nobody. Reviewers are told now, and they have to review it afterwards.',
    ...(words.length > 1 ? { initial: words.slice(1).join(' ') } : {}),
  })
  await client.views.open({ trigger_id: triggerId, view })
  return null
}

export function answerBreakGlass(app: App, parts: AnswerParts): void {
  app.view({ type: 'view_submission', callback_id: BREAK_GLASS_VIEW }, async ({ ack, body, view }) => {
    await ack()
    const click = clickOfView(body, view.private_metadata, parts)
    await answer(click, parts, async ({ issuer, subject }) => {
      const reason = textIn(view.state, REASON_INPUT)
      if (reason === null) return click.tell(sentence.breakGlassReasonMissing)
      try {
        const hold = await parts.holds.breakGlass(click.hold, { issuer, subject }, { reason, via: 'slack' })
        return await click.tell(`The glass is broken, and the reviewers are told. ${outcomeOf(hold) ?? ''}`.trim())
      } catch (err) {
        if (!(err instanceof HoldpointError)) throw err
        return click.tell(line(err.message, 300))
      }
    })
  })
}
