import type { types } from '@slack/bolt'
import type { Hold } from '../../../workflows/holds/hold.ts'
import type { Repeated } from '../../../workflows/holds/repeated.ts'
import { holdAction } from './hold-actions.ts'
import { button } from './rich-text.ts'
import { isShownWhole } from './statement-section.ts'

/** The buttons of a hold, wherever it is shown. Behind each is an id and nothing else. */
export interface Offered {
  /** The hold's page in the console. */
  readonly consoleUrl: string
  /** Whether the statement and its parameters are shown whole where the buttons stand: else nothing can be answered. */
  readonly whole: boolean
  /** Whether somebody can take up that it should have been allowed. */
  readonly takesFeedback?: boolean
  readonly repeated?: Repeated
}

export function pendingButtons(hold: Hold, offered: Offered): types.ActionsBlock {
  const { consoleUrl, whole } = offered
  const alike = whole && mayApproveAlike(hold) ? [approveAlike(hold)] : []
  const more = feedbackButtons(hold, offered)
  return actions([...(whole ? answers(hold) : []), ...alike, ...aside(hold, consoleUrl), ...more])
}

export function answers({ id: value }: Hold): readonly types.Button[] {
  return [
    button({ actionId: holdAction.approve, label: 'Approve', value, style: 'primary' }),
    button({ actionId: holdAction.reject, label: 'Reject', value, style: 'danger' }),
  ]
}

/** What answers nothing. */
function aside(hold: Hold, consoleUrl: string): readonly types.Button[] {
  const { id: value } = hold
  return [button({ actionId: holdAction.ask, label: 'Ask', value }), details(hold), openInConsole(hold, consoleUrl)]
}

export function details({ id: value }: Pick<Hold, 'id'>): types.Button {
  return button({ actionId: holdAction.details, label: 'Details', value })
}

export function openInConsole({ id: value }: Hold, url: string, label = 'Open in console'): types.Button {
  return { ...button({ actionId: holdAction.console, label, value }), url }
}

/** Whether the policy lets an approval count for others like it, and this one has been seen whole. */
export function mayApproveAlike(hold: Hold): boolean {
  return hold.gathering !== null && (hold.decision.answering?.sameShape ?? null) !== null && isShownWhole(hold)
}

/** The dots: something is asked before it counts. */
export function approveAlike({ id: value }: Hold): types.Button {
  return button({ actionId: holdAction.approveAlike, label: 'Approve alike…', value })
}

export function undoAlike(value: string): types.Button {
  return button({ actionId: holdAction.undoAlike, label: 'Undo approve alike', value, style: 'danger' })
}

export function reviewButtons({ id: value }: Hold): readonly types.Button[] {
  return [
    button({ actionId: holdAction.reviewed, label: 'Reviewed: fine', value, style: 'primary' }),
    button({ actionId: holdAction.disputed, label: 'Reviewed: not fine', value, style: 'danger' }),
  ]
}

/** To propose an exception; where one is proposed already, the way to it. */
export function feedbackButtons(
  { id: value }: Pick<Hold, 'id'>,
  { takesFeedback, repeated }: Pick<Offered, 'takesFeedback' | 'repeated'>,
): readonly types.Button[] {
  if (takesFeedback !== true) return []
  const url = repeated?.proposed ?? null
  if (url !== null && /^https?:\/\/\S+$/.test(url))
    return [{ ...button({ actionId: holdAction.seeProposal, label: 'See what is proposed', value }), url }]
  const label = repeated === undefined ? 'Should have been allowed' : 'Propose a pull request…'
  return [button({ actionId: holdAction.feedback, label, value })]
}

export function actions(elements: readonly types.Button[]): types.ActionsBlock {
  return { type: 'actions', elements: [...elements] }
}
