/** What each button of a hold does: shared by cards, views and their handlers, so that they cannot drift apart. */
export const holdAction = {
  approve: 'holdpoint_approve',
  reject: 'holdpoint_reject',
  /** All that the card shows whole; the value is the id of what it showed. */
  approveShown: 'holdpoint_approve_shown',
  rejectShown: 'holdpoint_reject_shown',
  approveAlike: 'holdpoint_approve_alike',
  undoAlike: 'holdpoint_undo_alike',
  oneByOne: 'holdpoint_one_by_one',
  reviewed: 'holdpoint_reviewed',
  disputed: 'holdpoint_disputed',
  details: 'holdpoint_details',
  ask: 'holdpoint_ask',
  sayWhy: 'holdpoint_say_why',
  feedback: 'holdpoint_feedback',
  seeProposal: 'holdpoint_see_proposal',
  console: 'holdpoint_console',
} as const
