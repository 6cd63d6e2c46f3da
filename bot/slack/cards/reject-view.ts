import type { types } from '@slack/bolt'
import type { Hold } from '../../../workflows/holds/hold.ts'
import { line } from '../../text/bounded-text.ts'
import { paragraph } from './rich-text.ts'

/** Asks why. The view carries the hold's id and nothing else; who submits it is looked up again. */
export const REJECT_VIEW = 'holdpoint_reject_view'
const REASON_BLOCK = 'reason'
const REASON_INPUT = 'holdpoint_reject_reason'
const REASON_CHARACTERS_MAX = 500

export function rejectView(hold: Hold): types.ModalView {
  return {
    type: 'modal',
    callback_id: REJECT_VIEW,
    private_metadata: hold.id,
    title: { type: 'plain_text', text: 'Reject', emoji: false },
    submit: { type: 'plain_text', text: 'Reject', emoji: false },
    close: { type: 'plain_text', text: 'Back', emoji: false },
    blocks: [
      paragraph(`${line(hold.facts.tag, 40)} on ${line(hold.target.name, 60)} for `, {
        bold: line(hold.identity.name, 60),
      }),
      {
        type: 'input',
        block_id: REASON_BLOCK,
        label: { type: 'plain_text', text: 'Why? They will read it.', emoji: false },
        element: {
          type: 'plain_text_input',
          action_id: REASON_INPUT,
          multiline: true,
          min_length: 1,
          max_length: REASON_CHARACTERS_MAX,
        },
      },
    ],
  }
}

interface ViewState {
  readonly values: Readonly<Record<string, Readonly<Record<string, { readonly value?: string | null }>>>>
}

/** @returns null when nothing was written */
export function rejectReason(state: ViewState): string | null {
  const text = state.values[REASON_BLOCK]?.[REASON_INPUT]?.value?.trim() ?? ''
  return text === '' ? null : text.slice(0, REASON_CHARACTERS_MAX)
}
