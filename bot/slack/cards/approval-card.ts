import type { types } from '@slack/bolt'
import type { Hold, HoldStatus } from '../../../workflows/holds/hold.ts'
import { type Excerpt, excerpt, line } from '../../text/bounded-text.ts'
import { comparesProtectedColumns, hideLiterals } from '../../text/hidden-literals.ts'
import { outcomeOf, votesSoFar, whatItDoes, where, whoAsks, whoMayAnswer, whyHeld } from '../../text/hold-wording.ts'
import { lookAlikes, visibleLine } from '../../text/visible-text.ts'
import { button, escapeMrkdwn, list, paragraph, preformatted } from './rich-text.ts'

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

/** Shared by cards and their handlers, so that they cannot drift apart. */
export const holdAction = {
  approve: 'holdpoint_approve',
  reject: 'holdpoint_reject',
  details: 'holdpoint_details',
  console: 'holdpoint_console',
} as const

// Together with the rest of the card these stay under BLOCKS_JSON_MAX; a property test holds them to it. A reviewer who
// has to read more than this should read it on a page.
const STATEMENT_BUDGET = 2_600
const PARAMETERS_BUDGET = 800
const ASKED_REASON_BUDGET = 200

/** @param consoleUrl the hold's page in the console */
export function approvalCard(hold: Hold, consoleUrl: string): Card {
  const asks = paragraph(...whoAsks(hold), ` asks to run ${line(hold.facts.tag, 40)} on `, ...where(hold))
  const said = hold.reason === null ? [] : [paragraph('They say: ', line(hold.reason, ASKED_REASON_BUDGET))]
  const votes = votesSoFar(hold.votes)
  const blocks: types.KnownBlock[] = [
    { type: 'header', text: { type: 'plain_text', text: headline(hold), emoji: false } },
    asks,
    ...said,
    ...statementBlocks(hold),
    list('What it would do', whatItDoes(hold.facts, hold.preview)),
    list('Why it is held', whyHeld(hold)),
    paragraph({ bold: 'Who must approve: ' }, whoMayAnswer(hold)),
    ...(votes.length === 0 ? [] : [list('Answers', votes)]),
    ...closing(hold, consoleUrl),
    { type: 'context', elements: [{ type: 'plain_text', text: line(hold.id, 100), emoji: false }] },
  ]
  return { text: escapeMrkdwn(headline(hold)), blocks }
}

/** Whether a click on this hold's card may count: asked again when the click arrives, whatever the card looked like. */
export function isShownWhole(hold: Hold): boolean {
  const { statement, parameters, hidden } = shown(hold)
  return statement.whole && parameters.whole && !hidden
}

interface Shown {
  readonly statement: Excerpt
  readonly parameters: Excerpt
  readonly hidden: boolean
}

function shown(hold: Hold): Shown {
  const hidden = comparesProtectedColumns(hold.facts)
  return {
    hidden,
    statement: excerpt(hidden ? hideLiterals(hold.statement) : hold.statement, STATEMENT_BUDGET),
    parameters: excerpt(parameterLines(hold.parameters, hidden), PARAMETERS_BUDGET),
  }
}

function statementBlocks(hold: Hold): readonly types.KnownBlock[] {
  const { statement, parameters, hidden } = shown(hold)
  const blocks: types.KnownBlock[] = [preformatted('Statement', marked(statement))]
  if (hold.parameters.length > 0) blocks.push(preformatted('Parameters', marked(parameters)))
  const suspicious = lookAlikes(statement.text).slice(0, 3)
  if (suspicious.length > 0)
    blocks.push(
      paragraph({ bold: 'Mixed alphabets: ' }, line(suspicious.join(', '), 80), ' may not be what they look like.'),
    )
  if (hidden)
    blocks.push(paragraph('Values compared with protected columns are not shown in Slack. Answer in the console.'))
  else if (!statement.whole || !parameters.whole)
    blocks.push(paragraph('Too long to show whole here, so it cannot be answered here. Read it in the console.'))
  return blocks
}

/** One parameter a line: a line break inside a value is shown as a code point and cannot draw a parameter of its own. */
export function parameterLines(parameters: readonly (string | null)[], hidden: boolean): string {
  const value = (text: string | null): string => {
    if (text === null) return 'NULL'
    return hidden ? '‹hidden›' : `'${visibleLine(text.slice(0, PARAMETERS_BUDGET * 2)).replaceAll("'", "''")}'`
  }
  return parameters
    .slice(0, PARAMETERS_BUDGET)
    .map((text, index) => `$${index + 1} = ${value(text)}`)
    .join('\n')
}

function marked({ text, whole }: Excerpt): string {
  return whole ? text : `${text}\n[… not shown whole]`
}

const HEADLINE: Readonly<Record<HoldStatus, string>> = {
  pending: 'Held',
  approved: 'Approved',
  executed: 'Approved and run',
  rejected: 'Rejected',
  expired: 'Expired',
  withdrawn: 'Withdrawn',
  abandoned: 'Abandoned',
}

function headline(hold: Hold): string {
  const { identity, target, facts, status } = hold
  const who = line(identity.name, 50)
  return `${HEADLINE[status]}: ${line(facts.tag, 30)} on ${line(target.name, 40)} for ${who}`
}

function closing(hold: Hold, consoleUrl: string): readonly types.KnownBlock[] {
  const outcome = outcomeOf(hold)
  if (outcome !== null) return [paragraph({ bold: outcome })]
  return [paragraph({ bold: 'Until ' }, { at: hold.expiresAt }, ', then it is refused.'), buttons(hold, consoleUrl)]
}

function buttons(hold: Hold, consoleUrl: string): types.ActionsBlock {
  const value = hold.id
  const answers = isShownWhole(hold)
    ? [
        button({ actionId: holdAction.approve, label: 'Approve', value, style: 'primary' }),
        button({ actionId: holdAction.reject, label: 'Reject', value, style: 'danger' }),
      ]
    : []
  const details = button({ actionId: holdAction.details, label: 'Details', value })
  const open = { ...button({ actionId: holdAction.console, label: 'Open in console', value }), url: consoleUrl }
  return { type: 'actions', elements: [...answers, details, open] }
}
