import type { types } from '@slack/bolt'
import type { Hold } from '../../../workflows/holds/hold.ts'
import { line } from '../../text/bounded-text.ts'
import { paragraph } from './rich-text.ts'

/** A modal that asks for one text about one hold. Who submits it is looked up again. */
export interface TextView {
  readonly callbackId: string
  /** At most 24 characters, as Slack wants titles. */
  readonly title: string
  readonly submit: string
  readonly label: string
  readonly inputId: string
  /** Said above the field: what submitting does. */
  readonly says?: string
  readonly initial?: string
  /** Nothing need be written. */
  readonly optional?: boolean
  /** ids, and where to answer. */
  readonly carried: string
}

export const TEXT_BLOCK = 'text'
export const TEXT_CHARACTERS_MAX = 500

export function textView(hold: Hold, asks: TextView): types.ModalView {
  const plain = (text: string): types.PlainTextElement => ({ type: 'plain_text', text, emoji: false })
  return {
    type: 'modal',
    callback_id: asks.callbackId,
    private_metadata: asks.carried,
    title: plain(asks.title),
    submit: plain(asks.submit),
    close: plain('Back'),
    blocks: [
      paragraph(`${line(hold.facts.tag, 40)} on ${line(hold.target.name, 60)} for `, {
        bold: line(hold.identity.name, 60),
      }),
      ...(asks.says === undefined ? [] : [paragraph(asks.says)]),
      {
        type: 'input',
        block_id: TEXT_BLOCK,
        ...(asks.optional === true ? { optional: true } : {}),
        label: plain(asks.label),
        element: {
          type: 'plain_text_input',
          action_id: asks.inputId,
          multiline: true,
          ...(asks.optional === true ? {} : { min_length: 1 }),
          max_length: TEXT_CHARACTERS_MAX,
          ...(asks.initial === undefined ? {} : { initial_value: asks.initial.slice(0, TEXT_CHARACTERS_MAX) }),
        },
      },
    ],
  }
}

export interface ViewState {
  readonly values: Readonly<
    Record<
      string,
      Readonly<
        Record<
          string,
          { readonly value?: string | null; readonly selected_option?: { readonly value: string } | null | undefined }
        >
      >
    >
  >
}

/** @returns null when nothing was written */
export function textIn(state: ViewState, inputId: string): string | null {
  const text = state.values[TEXT_BLOCK]?.[inputId]?.value?.trim() ?? ''
  return text === '' ? null : text.slice(0, TEXT_CHARACTERS_MAX)
}
