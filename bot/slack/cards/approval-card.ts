import type { types } from '@slack/bolt'
import type { AskerBackground } from '../../../workflows/holds/background.ts'
import type { Comment } from '../../../workflows/holds/comments.ts'
import type { Hold, HoldStatus } from '../../../workflows/holds/hold.ts'
import type { Repeated } from '../../../workflows/holds/repeated.ts'
import type { RuleSource } from '../../../workflows/releases/rule-source.ts'
import { accessOf, cameFrom, heldBefore } from '../../text/about-asker.ts'
import { alikeWords } from '../../text/alike-words.ts'
import { BLOCKS_JSON_MAX, jsonCostOf, line } from '../../text/bounded-text.ts'
import { countsFor, votesSoFar, whatItDoes, where, whoAsks, whoMayAnswer, whyHeld } from '../../text/hold-wording.ts'
import { outcomeOf } from '../../text/outcome-words.ts'
import { repeatedWords } from '../../text/repeated-words.ts'
import type { Span } from '../../text/span.ts'
import { askedAnew, besides, brokenGlassOf, consequencesOf, saidLately, whatFollows } from '../../text/what-follows.ts'
import {
  actions,
  details,
  feedbackButtons,
  openInConsole,
  pendingButtons,
  reviewButtons,
  undoAlike,
} from './answer-buttons.ts'
import { holdAction } from './hold-actions.ts'
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
  /** Of a card for many: those it shows whole and offers to answer together. */
  readonly shown?: readonly Hold[]
}

/** What a card shows beside the hold itself. */
export interface CardContext {
  /** The hold's page in the console. */
  readonly consoleUrl: string
  /** Since when who asks is known, and how it went before. */
  readonly about?: AskerBackground
  /** Where the policy came from that held it. */
  readonly source?: RuleSource
  /** What people said about it. */
  readonly comments?: readonly Comment[]
  /** Whether somebody can take up that it should have been allowed. */
  readonly takesFeedback?: boolean
  /** The same has been approved so often that it should be a rule. */
  readonly repeated?: Repeated
}

const ASKED_REASON_BUDGET = 200
const COMMENTS_SHOWN = 3

export function approvalCard(hold: Hold, context: CardContext): Card {
  const pending = hold.status === 'pending'
  const body = pending ? waitingBody(hold, context) : settledBody(hold, context)
  const frame = (inner: readonly types.KnownBlock[]): readonly types.KnownBlock[] => [
    { type: 'header', text: { type: 'plain_text', text: headline(hold), emoji: false } },
    ...inner,
    { type: 'context', elements: [{ type: 'plain_text', text: line(hold.id, 100), emoji: false }] },
  ]
  const all = frame(body(true))
  const blocks = jsonCostOf(all) <= BLOCKS_JSON_MAX ? all : frame(body(false))
  return { text: escapeMrkdwn(headline(hold)), blocks: withAsides(blocks, asidesOf(hold, context)) }
}

/** @param all whether what else it would do is said, which gives way to the statement */
type Body = (all: boolean) => readonly types.KnownBlock[]

/** In the order in which somebody judges: who, why, what, how much, and what a click does. */
function waitingBody(hold: Hold, context: CardContext): Body {
  const whole = isShownWhole(hold)
  return (all) => [
    asking(hold, 'asks'),
    ...reasonGiven(hold),
    ...aboutAsker(hold, context),
    ...statementBlocks(hold),
    list('What it would do', [...whatItDoes(hold.facts, countsFor(hold)), ...(all ? consequencesOf(hold) : [])]),
    list('Why it is held', whyHeld(hold, context.source)),
    paragraph(
      { bold: 'Who must approve: ' },
      `${whoMayAnswer(hold)}, until `,
      { at: hold.expiresAt },
      '. Then it is refused.',
    ),
    pendingButtons(hold, { ...context, whole }),
  ]
}

/** How it ended stands first; then what it was. */
function settledBody(hold: Hold, context: CardContext): Body {
  const alike = alikeWords(hold)
  const glass = brokenGlassOf(hold)
  const buttons = afterwards(hold, context)
  const anew = askedAnew(hold, context.consoleUrl)
  return () => [
    paragraph({ bold: outcomeOf(hold) ?? '' }),
    ...(anew === null ? [] : [paragraph(...anew)]),
    ...(glass.length === 0 ? [] : [list('The glass was broken', glass)]),
    ...(alike.length === 0 ? [] : [paragraph(...alike)]),
    asking(hold, 'asked'),
    ...reasonGiven(hold),
    ...aboutAsker(hold, context),
    ...statementBlocks(hold),
    list('What it was to do', whatItDoes(hold.facts, countsFor(hold))),
    list('Why it was held', whyHeld(hold, context.source)),
    ...(buttons.length === 0 ? [] : [actions(buttons)]),
  ]
}

function asking(hold: Hold, verb: string): types.KnownBlock {
  return paragraph(...whoAsks(hold), ` ${verb} to run ${line(hold.facts.tag, 40)} on `, ...where(hold))
}

/** In small letters: it matters when something about it is odd. */
export function aboutAsker(hold: Hold, { about }: Pick<CardContext, 'about'>): readonly types.KnownBlock[] {
  const known = about === undefined ? [] : [...accessOf(hold, about), heldBefore(about)]
  const lines = [cameFrom(hold), ...known].filter((one) => one !== null)
  const elements = lines.map((text) => ({ type: 'plain_text', text: line(text, 400), emoji: false }) as const)
  return elements.length === 0 ? [] : [{ type: 'context', elements }]
}

function reasonGiven({ reason, needsReason, status }: Hold): readonly types.KnownBlock[] {
  if (reason !== null) return [paragraph({ bold: 'They say: ' }, line(reason, ASKED_REASON_BUDGET))]
  return needsReason && status === 'pending'
    ? [paragraph({ bold: 'They have not said why, and have to before it can be approved.' })]
    : []
}

/** What helps and can be missed, most important first. All of it is in the console. */
function asidesOf(hold: Hold, { comments = [], repeated }: CardContext): readonly types.KnownBlock[] {
  const pending = hold.status === 'pending'
  const sections: readonly (readonly [string, readonly (readonly Span[])[]])[] = [
    ['Answers so far', votesSoFar(hold.votes)],
    ['To know', [...(pending ? besides(hold) : []), ...repeatedWords(repeated)]],
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
  const { identity, target, facts, status, brokenGlass } = hold
  const who = line(identity.name, 50)
  const state = brokenGlass === null ? HEADLINE[status] : reviewHeadline(brokenGlass)
  return `${state}: ${line(facts.tag, 30)} on ${line(target.name, 40)} for ${who}`
}

/** What is left to do when it is answered. */
function afterwards(hold: Hold, context: CardContext): readonly types.Button[] {
  const { brokenGlass, alikeApproval, id } = hold
  const ask = button({ actionId: holdAction.ask, label: 'Ask', value: id })
  return [
    ...(brokenGlass?.review === null
      ? [...reviewButtons(hold), ask, details(hold), openInConsole(hold, context.consoleUrl)]
      : []),
    ...(alikeApproval?.undone === null ? [undoAlike(id)] : []),
    ...feedbackButtons(hold, context),
  ]
}

/** Nobody approved it: what matters is whether somebody has looked at it since. */
function reviewHeadline({ review, overdueToldAt }: NonNullable<Hold['brokenGlass']>): string {
  if (review !== null) return review.verdict === 'reviewed' ? 'Reviewed' : 'Disputed'
  return overdueToldAt === null ? 'Needs review' : 'Review overdue'
}
