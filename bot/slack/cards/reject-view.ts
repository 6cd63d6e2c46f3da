import type { types } from '@slack/bolt'
import type { Hold } from '../../../workflows/holds/hold.ts'
import { textIn, textView, type ViewState } from './text-view.ts'

/** Asks why. */
export const REJECT_VIEW = 'holdpoint_reject_view'
const REASON_INPUT = 'holdpoint_reject_reason'

export function rejectView(hold: Hold, carried: string): types.ModalView {
  return textView(hold, {
    ...{ callbackId: REJECT_VIEW, title: 'Reject', submit: 'Reject', inputId: REASON_INPUT, carried },
    label: 'Why? They will read it.',
  })
}

/** For several at once, of which one stands for the others. */
export function rejectManyView(
  hold: Hold,
  { callbackId, carried, count }: { readonly callbackId: string; readonly carried: string; readonly count: number },
): types.ModalView {
  return textView(hold, {
    ...{ callbackId, title: `Reject ${count}`, submit: `Reject ${count}`, inputId: REASON_INPUT, carried },
    label: 'Why? They will read it.',
    says: `This rejects the ${count} requests that the card showed, and none that came later.`,
  })
}

export function rejectReason(state: ViewState): string | null {
  return textIn(state, REASON_INPUT)
}
