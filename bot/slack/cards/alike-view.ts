import type { types } from '@slack/bolt'
import type { Hold } from '../../../workflows/holds/hold.ts'
import { alikeOffer } from '../../text/alike-words.ts'
import { line } from '../../text/bounded-text.ts'
import { whoAsks } from '../../text/hold-wording.ts'
import { requestBlock } from './request-block.ts'
import { list, paragraph } from './rich-text.ts'
import { hasLookAlikes, isShownWhole, statementBlocks } from './statement-section.ts'

/**
 * Asks before an approval counts for others like it. What waits now and would run at once stands in it, each whole:
 * only what comes later is unseen, so often and so long as the policy lets it.
 */
export const APPROVE_ALIKE_VIEW = 'holdpoint_approve_alike_view'
/** Three and a half thousand characters each stay far under the 250 kB and the 100 blocks of a view. */
const WAITING_MAX = 30

/** Whether a view can show all that would run at once; else there is none. */
export function canShowAll(waiting: readonly Hold[]): boolean {
  return waiting.length <= WAITING_MAX && waiting.every((hold) => isShownWhole(hold) && !hasLookAlikes(hold))
}

export function alikeView(hold: Hold, waiting: readonly Hold[], carried: string): types.ModalView {
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
      ...(waiting.length === 0 ? [] : [paragraph({ bold: 'These wait as well, and run at once, too:' })]),
      ...waiting.map((other, index) => requestBlock(other, `${index + 1}`)),
      list('You approve', alikeOffer(hold, waiting.length)),
    ],
  }
}
