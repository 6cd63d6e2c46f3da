import type { types } from '@slack/bolt'
import type { Hold } from '../../../workflows/holds/hold.ts'
import { accessOf, cameFrom, earlier, heldBefore } from '../../text/about-asker.ts'
import { jsonCost, line } from '../../text/bounded-text.ts'
import { comparesProtectedColumns, hideLiterals } from '../../text/hidden-literals.ts'
import { countsFor, votesSoFar, whatItDoes, where, whoAsks, whoMayAnswer, whyHeld } from '../../text/hold-wording.ts'
import { outcomeOf } from '../../text/outcome-words.ts'
import type { Span } from '../../text/span.ts'
import { visibleText } from '../../text/visible-text.ts'
import { besides, consequencesOf } from '../../text/what-follows.ts'
import { actions, openInConsole } from './answer-buttons.ts'
import type { CardContext } from './approval-card.ts'
import { list, paragraph, preformatted } from './rich-text.ts'
import { parameterLines } from './statement-section.ts'

/**
 * The statement in pages, as far as a modal holds it. It offers no answers: what is too long for a card is answered in
 * the console, where nothing is left out.
 */
const PAGE_BUDGET = 2_900
// 65 pages of 2,900 stay under the 250 kB and the 100 blocks that a view may have.
const STATEMENT_PAGES_MAX = 50
const PARAMETER_PAGES_MAX = 15

export function detailsView(hold: Hold, { consoleUrl, about, source }: CardContext): types.ModalView {
  const hidden = comparesProtectedColumns(hold.facts)
  const statement = pagesOf(hidden ? hideLiterals(hold.statement) : hold.statement, STATEMENT_PAGES_MAX)
  const parameters = pagesOf(parameterLines(hold.parameters, hidden), PARAMETER_PAGES_MAX)
  const outcome = outcomeOf(hold)
  const votes = votesSoFar(hold.votes)
  const statementBlocks = [
    ...pageBlocks('Statement', statement),
    ...(hold.parameters.length === 0 ? [] : pageBlocks('Parameters', parameters)),
    ...(hidden ? [paragraph('Values compared with protected columns are shown in the console only.')] : []),
  ]
  // What is said about pages of SQL is not to be looked for behind them.
  const isShort = statementBlocks.length < 4
  const toKnow = hold.status === 'pending' ? besides(hold) : []
  return {
    type: 'modal',
    title: { type: 'plain_text', text: 'Held statement', emoji: false },
    close: { type: 'plain_text', text: 'Close', emoji: false },
    blocks: [
      paragraph(...whoAsks(hold), ' on ', ...where(hold)),
      ...(hold.reason === null ? [] : [paragraph({ bold: 'They say: ' }, line(hold.reason, 400))]),
      ...(outcome === null ? [] : [paragraph({ bold: outcome })]),
      ...(isShort ? statementBlocks : []),
      list('Who asks', whoAsksItems(hold, about)),
      list('What it would do', [
        ...whatItDoes(hold.facts, countsFor(hold), MOST),
        ...consequencesOf(hold, MOST.tables),
      ]),
      list('Why it is held', whyHeld(hold, source)),
      ...(toKnow.length === 0 ? [] : [list('To know', toKnow)]),
      ...(votes.length === 0 ? [] : [list('Answers so far', votes)]),
      paragraph({ bold: 'Who must approve: ' }, `${whoMayAnswer(hold)}, until `, { at: hold.expiresAt }, '.'),
      ...(isShort ? [] : statementBlocks),
      actions([openInConsole(hold, consoleUrl)]),
    ],
  }
}

/** A view has room for all of an ordinary statement. */
const MOST = { tables: 20, columns: 40 }

function whoAsksItems(hold: Hold, about: CardContext['about']): readonly (readonly Span[])[] {
  const from = cameFrom(hold)
  const known = about === undefined ? [] : [...accessOf(hold, about), heldBefore(about)]
  const before = (about?.lately ?? []).slice(1, 6).map((one) => `Earlier: ${earlier(one)}`)
  return [
    [{ bold: 'Asked ' }, { at: hold.createdAt }],
    ...[from, ...known, ...before].filter((one) => one !== null).map((one) => [one]),
  ]
}

interface Pages {
  readonly pages: readonly string[]
  readonly whole: boolean
}

function pageBlocks(heading: string, { pages, whole }: Pages): readonly types.RichTextBlock[] {
  const blocks = pages.map((page, index) =>
    preformatted(pages.length === 1 ? heading : `${heading}, part ${index + 1}`, page),
  )
  return whole ? blocks : [...blocks, paragraph({ bold: `${heading}: the rest is in the console.` })]
}

function pagesOf(text: string, pagesMax: number): Pages {
  const shown = visibleText(text.slice(0, pagesMax * PAGE_BUDGET + 1))
  const pages: string[] = []
  let start = 0
  while (start < shown.length && pages.length < pagesMax) {
    const end = pageEnd(shown, start)
    pages.push(shown.slice(start, end))
    start = end
  }
  return { pages: pages.length === 0 ? [''] : pages, whole: start >= shown.length && text.length <= shown.length }
}

function pageEnd(text: string, start: number): number {
  let cost = 0
  let end = start
  while (end < text.length) {
    const character = String.fromCodePoint(text.codePointAt(end) as number)
    cost += jsonCost(character)
    if (cost > PAGE_BUDGET) break
    end += character.length
  }
  return end
}
