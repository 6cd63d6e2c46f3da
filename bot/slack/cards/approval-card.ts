import type { types } from '@slack/bolt'
import type { Comment } from '../../../workflows/holds/comments.ts'
import type { Hold, HoldStatus } from '../../../workflows/holds/hold.ts'
import { BLOCKS_JSON_MAX, jsonCostOf, line } from '../../text/bounded-text.ts'
import {
  countsFor,
  outcomeOf,
  votesSoFar,
  whatItDoes,
  where,
  whoAsks,
  whoMayAnswer,
  whyHeld,
} from '../../text/hold-wording.ts'
import type { Span } from '../../text/span.ts'
import { besides, brokenGlassOf, consequencesOf, saidLately, whatFollows } from '../../text/what-follows.ts'
import { button, escapeMrkdwn, list, paragraph } from './rich-text.ts'
import { isShownWhole, statementBlocks } from './statement-section.ts'

/**
 * One hold as a Slack message: a pure function, so that every change re-renders the whole card from the record and
 * nothing ever patches what was posted.
 *
 * A card can be approved from only when it shows the statement and its parameters whole. Cut off, or with literals
 * hidden because they were compared with a protected column, it is not whole: then there is no Approve and no Reject,
 * only Details and the way to the console, where the rest is shown to those who may see it. Nobody answers for what
 * they have not seen.
 */
export interface Card {
  /** What notifications and screen readers say instead of the blocks. */
  readonly text: string
  readonly blocks: readonly types.KnownBlock[]
}

/** What a card shows beside the hold itself. */
export interface CardContext {
  /** The hold's page in the console. */
  readonly consoleUrl: string
  /** What people said about it. */
  readonly comments?: readonly Comment[]
  /** Whether somebody can take up that it should have been allowed. */
  readonly takesFeedback?: boolean
}

/** Shared by cards and their handlers, so that they cannot drift apart. */
export const holdAction = {
  approve: 'holdpoint_approve',
  reject: 'holdpoint_reject',
  details: 'holdpoint_details',
  ask: 'holdpoint_ask',
  feedback: 'holdpoint_feedback',
  console: 'holdpoint_console',
} as const

const ASKED_REASON_BUDGET = 200
const COMMENTS_SHOWN = 3

export function approvalCard(hold: Hold, context: CardContext): Card {
  const asks = paragraph(...whoAsks(hold), ` asks to run ${line(hold.facts.tag, 40)} on `, ...where(hold))
  const blocks: readonly types.KnownBlock[] = [
    { type: 'header', text: { type: 'plain_text', text: headline(hold), emoji: false } },
    asks,
    ...reasonGiven(hold),
    ...statementBlocks(hold),
    list('What it would do', whatItDoes(hold.facts, countsFor(hold))),
    list('Why it is held', whyHeld(hold)),
    paragraph({ bold: 'Who must approve: ' }, whoMayAnswer(hold)),
    ...closing(hold, context),
    { type: 'context', elements: [{ type: 'plain_text', text: line(hold.id, 100), emoji: false }] },
  ]
  return { text: escapeMrkdwn(headline(hold)), blocks: withAsides(blocks, asidesOf(hold, context)) }
}

function reasonGiven({ reason, needsReason }: Hold): readonly types.KnownBlock[] {
  if (reason !== null) return [paragraph({ bold: 'They say: ' }, line(reason, ASKED_REASON_BUDGET))]
  return needsReason ? [paragraph({ bold: 'They have not said why, and have to before it can be approved.' })] : []
}

/** What helps and can be missed, most important first. All of it is in the console. */
function asidesOf(hold: Hold, { comments = [] }: CardContext): readonly types.KnownBlock[] {
  const pending = hold.status === 'pending'
  const sections: readonly (readonly [string, readonly (readonly Span[])[]])[] = [
    ['The glass was broken', brokenGlassOf(hold)],
    ['What else it would do', pending ? consequencesOf(hold) : []],
    ['Answers so far', votesSoFar(hold.votes)],
    ['To know', pending ? besides(hold) : []],
    ['What your answer does', pending && isShownWhole(hold) ? whatFollows(hold) : []],
    ['Said in the thread', saidLately(comments, COMMENTS_SHOWN)],
  ]
  return sections.flatMap(([heading, items]) => (items.length === 0 ? [] : [list(heading, items)]))
}

/** As many of them as Slack takes, before the buttons. The statement never gives way to them. */
function withAsides(
  blocks: readonly types.KnownBlock[],
  asides: readonly types.KnownBlock[],
): readonly types.KnownBlock[] {
  const at = blocks.findIndex(({ type }) => type === 'actions')
  const end = at < 0 ? blocks.length - 1 : at
  const card = [...blocks.slice(0, end), ...asides, ...blocks.slice(end)]
  if (asides.length === 0 || jsonCostOf(card) <= BLOCKS_JSON_MAX) return card
  return withAsides(blocks, asides.slice(0, -1))
}

const HEADLINE: Readonly<Record<HoldStatus, string>> = {
  pending: 'Needs approval',
  approved: 'Approved',
  executed: 'Approved and run',
  rejected: 'Rejected',
  expired: 'Expired',
  withdrawn: 'Withdrawn',
  abandoned: 'Abandoned',
}

export function headline(hold: Hold): string {
  const { identity, target, facts, status } = hold
  const who = line(identity.name, 50)
  return `${HEADLINE[status]}: ${line(facts.tag, 30)} on ${line(target.name, 40)} for ${who}`
}

function closing(hold: Hold, context: CardContext): readonly types.KnownBlock[] {
  const outcome = outcomeOf(hold)
  if (outcome === null) {
    const until = paragraph({ bold: 'Until ' }, { at: hold.expiresAt }, ', then it is refused.')
    return isShownWhole(hold) ? [buttons(hold, context)] : [until, buttons(hold, context)]
  }
  const afterwards = context.takesFeedback ? [actions([feedback(hold)])] : []
  return [paragraph({ bold: outcome }), ...afterwards]
}

function buttons(hold: Hold, { consoleUrl, takesFeedback }: CardContext): types.ActionsBlock {
  const value = hold.id
  const answers = isShownWhole(hold)
    ? [
        button({ actionId: holdAction.approve, label: 'Approve', value, style: 'primary' }),
        button({ actionId: holdAction.reject, label: 'Reject', value, style: 'danger' }),
      ]
    : []
  const ask = button({ actionId: holdAction.ask, label: 'Ask', value })
  const details = button({ actionId: holdAction.details, label: 'Details', value })
  const open = { ...button({ actionId: holdAction.console, label: 'Open in console', value }), url: consoleUrl }
  return actions([...answers, ask, details, open, ...(takesFeedback ? [feedback(hold)] : [])])
}

function feedback({ id: value }: Hold): types.Button {
  return button({ actionId: holdAction.feedback, label: 'Should have been allowed', value })
}

function actions(elements: types.Button[]): types.ActionsBlock {
  return { type: 'actions', elements }
}
