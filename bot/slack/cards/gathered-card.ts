import type { types } from '@slack/bolt'
import type { Hold } from '../../../workflows/holds/hold.ts'
import { alikeWords } from '../../text/alike-words.ts'
import { BLOCKS_JSON_MAX, jsonCostOf, line } from '../../text/bounded-text.ts'
import { hiddenStatement } from '../../text/hidden-literals.ts'
import { whatItTouches, where, whoAsks, whoMayAnswer, whyHeld } from '../../text/hold-wording.ts'
import { outcomeOf } from '../../text/outcome-words.ts'
import { repeatedWords } from '../../text/repeated-words.ts'
import type { Span } from '../../text/span.ts'
import { consequencesOf, saidLately } from '../../text/what-follows.ts'
import { actions, approveAlike, feedbackButtons, mayApproveAlike, openInConsole, undoAlike } from './answer-buttons.ts'
import { aboutAsker, type Card, type CardContext } from './approval-card.ts'
import { type Gathered, shownId } from './gathered-cards.ts'
import { holdAction } from './hold-actions.ts'
import { requestBlock, spaceOf } from './request-block.ts'
import { button, escapeMrkdwn, list, paragraph } from './rich-text.ts'
import { hasLookAlikes, isShownWhole } from './statement-section.ts'

/**
 * Many holds of one asker that differ in constants only, as one Slack message: a pure function of them all. Different
 * constants are different statements, so those that are to be answered together stand on the card, each whole, and the
 * button says how many they are. What came later or did not fit is not among them.
 */
const SHOWN_MAX = 8
/** Characters of statements and parameters, together. */
const SHOWN_BUDGET = 4_200

export function gatheredCard(gathered: Gathered, context: CardContext): Card {
  for (let most = SHOWN_MAX; ; most--) {
    const blocks = blocksOf(gathered, shownIn(gathered, most), context)
    if (most === 0 || jsonCostOf(blocks) <= BLOCKS_JSON_MAX)
      return { text: escapeMrkdwn(gatheredHeadline(gathered)), blocks, shown: shownIn(gathered, most) }
  }
}

/** Which of them the card shows whole, and so offers to answer together. */
function shownIn({ pending }: Gathered, most: number): readonly Hold[] {
  const shown: Hold[] = []
  let space = SHOWN_BUDGET
  for (const hold of pending) {
    if (!isShownWhole(hold) || hasLookAlikes(hold) || hold.needsReason) continue
    space -= spaceOf(hold)
    if (space < 0 || shown.length >= most) break
    shown.push(hold)
  }
  return shown
}

export function gatheredHeadline({ lead, pendingCount, counts }: Gathered): string {
  const all = Object.values(counts).reduce((sum, count) => sum + count, 0)
  const what = `${line(lead.facts.tag, 30)} on ${line(lead.target.name, 40)} for ${line(lead.identity.name, 50)}`
  return pendingCount > 0 ? `Needs approval: ${pendingCount} × ${what}` : `Answered: ${all} × ${what}`
}

function blocksOf(gathered: Gathered, shown: readonly Hold[], context: CardContext): readonly types.KnownBlock[] {
  const { lead, pending, pendingCount } = gathered
  const first = pending[0] ?? lead
  const tag = line(lead.facts.tag, 40)
  const header = { type: 'plain_text', text: gatheredHeadline(gathered), emoji: false } as const
  const asks = paragraph(
    ...whoAsks(lead),
    pendingCount > 0 ? ` asks to run ${tag} on ` : ` asked to run ${tag} on `,
    ...where(lead),
  )
  const open: readonly types.KnownBlock[] =
    pendingCount === 0
      ? []
      : [
          paragraph(
            { bold: pendingCount === 1 ? 'One request waits. ' : `${pendingCount} requests wait. ` },
            pendingCount === 1
              ? 'The others like it have been answered.'
              : 'They differ in constants only; each is a request of its own.',
          ),
          ...shown.map((hold, index) => requestBlock(hold, `${index + 1}`)),
          ...notShown(pendingCount - shown.length),
          list('What each would do', [...whatItTouches(lead.facts), ...consequencesOf(uncounted(lead))]),
          list('Why they are held', whyHeld(first, context.source)),
          paragraph({ bold: 'Who must approve: ' }, whoMayAnswer(first), ', each of them.'),
          ...soFar(pending),
          whatAnswersDo(gathered, shown),
        ]
  return [
    { type: 'header', text: header },
    asks,
    ...aboutAsker(lead, context),
    ...open,
    ...sofarAnswered(gathered),
    ...repeatedly(context),
    ...comments(context),
    actions(buttons(gathered, shown, context)),
    { type: 'context', elements: [{ type: 'plain_text', text: line(lead.id, 100), emoji: false }] },
  ]
}

/** How many rows foreign keys change is another number for each of them. */
function uncounted(hold: Hold): Hold {
  const { consequences } = hold
  if (consequences == null || consequences.cascades === null) return hold
  return {
    ...hold,
    consequences: { ...consequences, cascades: consequences.cascades.map((one) => ({ ...one, rows: null })) },
  }
}

function notShown(count: number): readonly types.KnownBlock[] {
  if (count === 0) return []
  const what = count === 1 ? 'One more is' : `${count} more are`
  return [paragraph({ bold: `${what} not shown here` }, ' and not answered by these buttons. Look at them one by one.')]
}

function whatAnswersDo({ pending }: Gathered, shown: readonly Hold[]): types.KnownBlock {
  const these = shown.length === 1 ? 'the one shown above' : `the ${shown.length} shown above`
  const items: (readonly Span[])[] = []
  if (shown.length > 0) {
    items.push([{ bold: 'Approve: ' }, `${these}, each exactly as shown, one time. Nothing that comes later.`])
    items.push([{ bold: 'Reject: ' }, `${these}. You are asked why, and they read it.`])
  }
  const first = pending[0]
  const alike = first !== undefined && mayApproveAlike(first) ? (first.decision.answering?.sameShape ?? null) : null
  if (alike !== null)
    items.push([
      { bold: 'Approve alike: ' },
      'these, and others that come, unseen, so often and so long as the policy lets it. All that wait are shown to you first.',
    ])
  if (first !== undefined)
    items.push([{ bold: 'No answer: ' }, 'none of them runs. The first waits until ', { at: first.expiresAt }, '.'])
  return list('What your answer does', items)
}

/** Who approved how many of those that still wait. */
function soFar(pending: readonly Hold[]): readonly types.KnownBlock[] {
  const names = pending.flatMap(({ votes }) => votes.map(({ voter }) => line(voter.name, 40)))
  const counts = [...Map.groupBy(names, (name) => name)]
    .slice(0, 5)
    .map(([name, of]): readonly Span[] => [`${name} approved ${of.length} of them`])
  return counts.length === 0 ? [] : [list('Answers so far', counts)]
}

const COUNTED: readonly (readonly [keyof Gathered['counts'], string])[] = [
  ['executed', 'approved and run'],
  ['approved', 'approved, not run yet'],
  ['rejected', 'rejected'],
  ['expired', 'expired'],
  ['withdrawn', 'withdrawn'],
  ['abandoned', 'abandoned'],
]

function sofarAnswered({ counts, answered, alike }: Gathered): readonly types.KnownBlock[] {
  const said = COUNTED.flatMap(([status, words]) =>
    counts[status] === undefined ? [] : [`${counts[status]} ${words}`],
  )
  const lines = answered.map((hold): readonly Span[] => [
    { code: line(hiddenStatement(hold), 90) },
    ` ${line(outcomeOf(hold) ?? '', 160)}`,
  ])
  return [
    ...(said.length === 0 ? [] : [list(`Answered: ${said.join(', ')}`, lines)]),
    ...(alike === null ? [] : [paragraph(...alikeWords(alike))]),
  ]
}

function repeatedly({ repeated }: CardContext): readonly types.KnownBlock[] {
  return repeatedWords(repeated).map((words) => paragraph(...words))
}

function comments({ comments: said = [] }: CardContext): readonly types.KnownBlock[] {
  return said.length === 0 ? [] : [list('Said in the thread', saidLately(said, 3))]
}

function buttons(
  { lead, pending, pendingCount, alike }: Gathered,
  shown: readonly Hold[],
  context: CardContext,
): readonly types.Button[] {
  const first = pending[0]
  const value = shownId(shown)
  const these = shown.length === 1 ? 'the one shown' : `these ${shown.length}`
  const answer: readonly types.Button[] =
    shown.length === 0
      ? []
      : [
          button({ actionId: holdAction.approveShown, label: `Approve ${these}`, value, style: 'primary' }),
          button({ actionId: holdAction.rejectShown, label: `Reject ${these}`, value, style: 'danger' }),
        ]
  const undo = alike?.alikeApproval?.undone === null ? [undoAlike(alike.id)] : []
  return [
    ...answer,
    ...(first !== undefined && mayApproveAlike(first) ? [approveAlike(first)] : []),
    ...(pendingCount > 0
      ? [
          button({ actionId: holdAction.oneByOne, label: 'One by one', value: lead.id }),
          button({ actionId: holdAction.ask, label: 'Ask', value: lead.id }),
        ]
      : []),
    ...undo,
    openInConsole(first ?? lead, context.consoleUrl),
    ...feedbackButtons(lead, context),
  ]
}
