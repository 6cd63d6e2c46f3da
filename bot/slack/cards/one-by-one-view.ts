import type { types } from '@slack/bolt'
import type { Hold } from '../../../workflows/holds/hold.ts'
import { line } from '../../text/bounded-text.ts'
import { countsFor, rowsTouched, where, whoAsks } from '../../text/hold-wording.ts'
import { outcomeOf } from '../../text/outcome-words.ts'
import { actions, answers, details, openInConsole } from './answer-buttons.ts'
import type { Gathered } from './gathered-cards.ts'
import { paragraph } from './rich-text.ts'
import { isShownWhole, statementBlocks } from './statement-section.ts'

/** Every request of a gathering with its own buttons, in a modal. Ten times a card's longest stays under 250 kB. */
export const ONE_BY_ONE_VIEW = 'holdpoint_one_by_one_view'
const SHOWN_MAX = 10

export function oneByOneView(
  { lead, pending, pendingCount, answered }: Gathered,
  holdUrl: (hold: string) => string,
): types.ModalView {
  const more = pendingCount - Math.min(pending.length, SHOWN_MAX)
  return {
    type: 'modal',
    callback_id: ONE_BY_ONE_VIEW,
    private_metadata: lead.id,
    title: { type: 'plain_text', text: 'One by one', emoji: false },
    close: { type: 'plain_text', text: 'Close', emoji: false },
    blocks: [
      paragraph(...whoAsks(lead), ' on ', ...where(lead)),
      ...(pendingCount === 0 ? [paragraph({ bold: 'Nothing waits any more.' })] : []),
      ...pending.slice(0, SHOWN_MAX).flatMap((hold, index) => requestBlocks(hold, index + 1, holdUrl(hold.id))),
      ...(more > 0 ? [paragraph({ bold: `and ${more} more. ` }, 'They come up here as these are answered.')] : []),
      ...answered.slice(0, 1).map((hold) => paragraph({ bold: 'Answered last: ' }, line(outcomeOf(hold) ?? '', 300))),
    ],
  }
}

function requestBlocks(hold: Hold, number: number, consoleUrl: string): readonly types.KnownBlock[] {
  const { reason, needsReason } = hold
  const counted = countsFor(hold)
  const rows = counted === null ? 'rows said in the console only' : `rows: ${rowsTouched(counted)}`
  const said = reason === null ? '' : ` They say: ${line(reason, 200)}`
  const why = needsReason ? ' They have to say why before it can be approved.' : said
  const mine = isShownWhole(hold) ? answers(hold) : []
  return [
    paragraph({ bold: `Request ${number}` }, `, ${rows}, waits until `, { at: hold.expiresAt }, `.${why}`),
    ...statementBlocks(hold),
    actions([...mine, details(hold), openInConsole(hold, consoleUrl)]),
    { type: 'divider' },
  ]
}
