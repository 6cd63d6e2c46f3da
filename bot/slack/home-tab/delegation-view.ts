import type { types } from '@slack/bolt'
import { paragraph } from '../cards/rich-text.ts'

/** Asks who answers for somebody while they are away, and from when until when. */
export const DELEGATION_VIEW = 'holdpoint_delegation_view'
export const DELEGATION = {
  to: { block: 'to', input: 'holdpoint_delegation_to' },
  from: { block: 'from', input: 'holdpoint_delegation_from' },
  until: { block: 'until', input: 'holdpoint_delegation_until' },
} as const
const DAY_MS = 24 * 60 * 60_000
const DAYS_USUAL = 7

export function delegationView(now: number): types.ModalView {
  const plain = (text: string): types.PlainTextElement => ({ type: 'plain_text', text, emoji: false })
  const time = (name: 'from' | 'until', label: string, at: number): types.InputBlock => ({
    ...{ type: 'input', block_id: DELEGATION[name].block, label: plain(label) },
    element: {
      ...{ type: 'datetimepicker', action_id: DELEGATION[name].input },
      initial_date_time: Math.floor(at / 1_000),
    },
  })
  return {
    type: 'modal',
    callback_id: DELEGATION_VIEW,
    title: plain('While you are away'),
    submit: plain('Let them answer'),
    close: plain('Back'),
    blocks: [
      paragraph(
        'Somebody else answers in your place, where the policy lets them: by groups that you share, or that it names. Your right is used once for each request, by one of you.',
      ),
      {
        ...{ type: 'input', block_id: DELEGATION.to.block, label: plain('Who answers for you?') },
        element: { type: 'users_select', action_id: DELEGATION.to.input },
      },
      time('from', 'From', now),
      time('until', 'Until', now + DAYS_USUAL * DAY_MS),
    ],
  }
}

interface State {
  readonly values: Readonly<
    Record<
      string,
      Readonly<Record<string, { readonly selected_user?: string | null; readonly selected_date_time?: number | null }>>
    >
  >
}

/** @returns null when something is missing */
export function delegationIn(
  state: State,
): { readonly user: string; readonly from: Date; readonly until: Date } | null {
  const of = (name: keyof typeof DELEGATION) => state.values[DELEGATION[name].block]?.[DELEGATION[name].input]
  const user = of('to')?.selected_user ?? null
  const [from, until] = [of('from')?.selected_date_time ?? null, of('until')?.selected_date_time ?? null]
  if (user === null || from === null || until === null) return null
  return { user, from: new Date(from * 1_000), until: new Date(until * 1_000) }
}
