import type { HoldView } from '../schemas.ts'
import { breakGlass, giveReason, review, undoAlike, vote, withdraw } from './api.ts'
import { consequence } from './wording.ts'

/** Everything a person can say to a hold, and what each of it needs. */
export type Choice =
  | 'approve'
  | 'reject'
  | 'withdraw'
  | 'reason'
  | 'break_glass'
  | 'reviewed'
  | 'disputed'
  | 'undo_alike'

interface Words {
  readonly title: string
  /** Of the field for a reason; null: there is none. */
  readonly label: string | null
  /** The sentence that is shown when it is missing; null: it may be. */
  readonly required: string | null
  readonly button: string
}

const why = 'Say why, so that they know what to do.'

export const choiceWords: Readonly<Record<Choice, Words>> = {
  approve: { title: 'Approve this?', label: 'A note, if you like', required: null, button: 'Approve' },
  reject: { title: 'Reject this?', label: 'Why, so that they know what to do', required: why, button: 'Reject' },
  withdraw: { title: 'Take this back?', label: null, required: null, button: 'Withdraw' },
  reason: {
    title: 'Why do you ask for it?',
    label: 'For whoever answers',
    required: 'Say why you ask for it.',
    button: 'Send',
  },
  break_glass: {
    title: 'Run it without an answer?',
    label: 'Why it cannot wait',
    required: 'Say why it cannot wait.',
    button: 'Break the glass',
  },
  reviewed: { title: 'Was it all right?', label: 'A note, if you like', required: null, button: 'It was all right' },
  disputed: {
    title: 'Was it not all right?',
    label: 'What is wrong with it',
    required: 'Say what is wrong with it.',
    button: 'Dispute it',
  },
  undo_alike: { title: 'End it for the others?', label: null, required: null, button: 'End it' },
}

export function choiceConsequence(choice: Choice, hold: HoldView): string {
  if (choice === 'approve') return consequence(hold)
  if (choice === 'break_glass') return 'It runs at once. Reviewers are told now, and have to look at it afterwards.'
  if (choice === 'reason') return 'It is shown with the statement, and can be said once.'
  if (choice === 'undo_alike')
    return 'From now on each that is like it needs an answer of its own. What was let through and has not run is taken back.'
  return choice === 'reviewed' || choice === 'disputed'
    ? 'It has run already; this is for the record.'
    : 'It will not run.'
}

export function say(choice: Choice, { id }: HoldView, reason: string, alike: boolean): Promise<HoldView> {
  switch (choice) {
    case 'withdraw':
      return withdraw(id)
    case 'undo_alike':
      return undoAlike(id)
    case 'reason':
      return giveReason(id, reason)
    case 'break_glass':
      return breakGlass(id, reason)
    case 'reviewed':
    case 'disputed':
      return review(id, choice, reason)
    default:
      return vote(id, { choice, reason, alike: alike && choice === 'approve' })
  }
}

/** Whether it can be said now, by this person, having seen as much as they have. */
export function mayChoose(choice: Choice, { you, needsReason, status }: HoldView, whole: boolean): boolean {
  switch (choice) {
    case 'approve':
      return you.mayVote && you.whyNotApprove === null && whole
    case 'reject':
      return you.mayVote
    case 'withdraw':
      return you.mayWithdraw
    case 'reason':
      return needsReason && you.mayWithdraw && status === 'pending'
    case 'break_glass':
      return you.mayBreakGlass
    case 'undo_alike':
      return you.mayUndoAlike
    default:
      return you.mayReview
  }
}
