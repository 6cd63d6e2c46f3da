import { HoldpointError } from '../../../errors.ts'
import type { Hold } from '../../../workflows/holds/hold.ts'
import { outcomeOf } from '../../text/outcome-words.ts'
import type { Stranger } from './standing.ts'

/** What is said to one person, in private, about their click. One sentence that says what to do next. */
export const sentence = {
  gone: 'This hold is not known any more.',
  notShownWhole: 'The card does not show this statement whole, so it cannot be answered here. Open it in the console.',
  allAnswered: 'All that this card showed has been answered already.',
  answeredAlready: 'This has been answered already.',
  tooManyAlike:
    'More of these wait than can be shown to you whole here. Answer some of them one by one first, or approve alike in the console.',
  notAlike: 'An approval of this counts for this statement alone. Approve it by itself.',
  alikeUndone: (runs: number) =>
    `Undone: it allows nothing more. ${runs === 0 ? 'No run of it was' : runs === 1 ? 'One run of it was' : `${runs} runs of it were`} given out before; what of that had not begun is taken back.`,
  reviewedAlready: 'This has been reviewed already.',
  reviewedFine: 'Your review is on record: fine.',
  reviewedNotFine: 'Your review is on record: not fine.',
  peopleOnly: 'Only people can do that.',
  pinIncomplete: 'Choose a release and a time, and say why. Nothing was asked for.',
  pinRequested: 'It is asked for. Nothing changes until another administrator confirms it, within an hour.',
  delegationIncomplete: 'Choose who, from when and until when. Nothing was changed.',
  delegateNotLinked:
    'Whom you chose cannot answer here: they have not linked their account, or are no member of this workspace.',
  delegated: (name: string) => `${name} may answer in your place in that time, as far as the policy lets them.`,
  delegationEnded: 'It is ended. From now on nobody answers in that place.',
  explained: 'Your reason is on the card. Reviewers can answer now.',
  explanationMissing: 'Say why, in a few words.',
  notYours: 'This hold is not yours to see.',
  questionMissing: 'There was nothing to ask.',
  askerNotLinked: (name: string) =>
    `Your question is on record and in the console. ${name} has no Slack account linked, so nobody could be asked here.`,
  feedbackMissing: 'A proposal needs a reason.',
  proposed: 'Your proposal is made. Others have to review it before anything changes.',
  breakGlassReasonMissing: 'Say why it cannot wait. Nothing was run.',
  reasonTaken: 'Noted as the reason for this request.',
  reasonMissing: 'A rejection needs a reason.',
  failed: 'That did not work, and nothing was counted. Try again, or answer in the console.',
} as const

const STRANGERS: Readonly<Record<Exclude<Stranger, 'not_linked'>, string>> = {
  other_workspace: 'Only members of the workspace that this app belongs to can answer. Nothing was counted.',
  guest: 'Guests of the workspace cannot answer. Nothing was counted.',
  bot: 'Bots cannot answer. Nothing was counted.',
  deactivated: 'Your account is deactivated. Nothing was counted.',
  unknown_user: 'Slack does not know this account. Nothing was counted.',
}

export function toStranger(stranger: Exclude<Stranger, 'not_linked'>): string {
  return STRANGERS[stranger]
}

export function toUnlinked(link: string): string {
  return `Nothing was counted: Slack accounts answer only after their owner has signed in once. Sign in here within 15 minutes, then click again: ${link}`
}

export function toVoter(hold: Hold, choice: 'approve' | 'reject'): string {
  if (choice === 'reject') return 'Your rejection is counted.'
  if (hold.status !== 'pending') return `Your approval is counted. ${outcomeOf(hold) ?? ''}`.trim()
  return 'Your approval is counted. More approvals are needed.'
}

/** Refusals are said once each, however many they are for. */
export function toVoterOfMany(
  counted: readonly Hold[],
  refused: readonly string[],
  choice: 'approve' | 'reject',
): string {
  const what = choice === 'approve' ? 'approval' : 'rejection'
  const open = counted.filter(({ status }) => status === 'pending').length
  return [
    ...(counted.length === 0 ? [] : [`Your ${what} is counted for ${requests(counted.length)}.`]),
    ...(choice === 'approve' && open > 0 ? ['More approvals are needed.'] : []),
    ...[...Map.groupBy(refused, (why) => why)].map(([why, of]) =>
      counted.length === 0 && of.length === refused.length ? why : `Not for ${requests(of.length)}: ${why}`,
    ),
  ].join(' ')
}

function requests(count: number): string {
  return count === 1 ? 'one request' : `${count} requests`
}

const REFUSALS: Readonly<Record<string, string>> = {
  not_found: sentence.gone,
  own_request: 'Nobody answers their own request, their agent’s or their agent’s owner’s.',
  not_a_reviewer: 'You are not in a group that may answer this.',
  not_a_person: 'Only people can answer.',
  unknown_person: 'The directory does not know you. Sign in to the console once, then click again.',
  deactivated: 'Your account is deactivated.',
  already_voted: 'You have answered this already.',
  not_pending: sentence.answeredAlready,
  alone: sentence.notAlike,
  reason_missing: 'This cannot be approved before whoever asked has said why. Nothing was counted.',
}

/** What went wrong, as far as it concerns the person who clicked. */
export function toRefused(error: unknown): string {
  const code = error instanceof HoldpointError ? error.code : ''
  return REFUSALS[code] ?? sentence.failed
}
