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

export function rejectReason(state: ViewState): string | null {
  return textIn(state, REASON_INPUT)
}
