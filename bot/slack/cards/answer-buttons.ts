import type { types } from '@slack/bolt'
import type { Hold } from '../../../workflows/holds/hold.ts'
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
}

export function pendingButtons(hold: Hold, { consoleUrl, whole, takesFeedback }: Offered): types.ActionsBlock {
  const alike = whole && mayApproveAlike(hold) ? [approveAlike(hold)] : []
  const more = takesFeedback ? [feedback(hold)] : []
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
  return [
    button({ actionId: holdAction.ask, label: 'Ask', value }),
    button({ actionId: holdAction.details, label: 'Details', value }),
    openInConsole(hold, consoleUrl),
  ]
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

export function feedback({ id: value }: Hold, label = 'Should have been allowed'): types.Button {
  return button({ actionId: holdAction.feedback, label, value })
}

export function actions(elements: readonly types.Button[]): types.ActionsBlock {
  return { type: 'actions', elements: [...elements] }
}
