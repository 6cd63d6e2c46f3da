import type { types } from '@slack/bolt'
import type { Hold } from '../../../workflows/holds/hold.ts'
import { jsonCost, line } from '../../text/bounded-text.ts'
import { comparesProtectedColumns, hiddenStatement } from '../../text/hidden-literals.ts'
import { countsFor, rowsTouched } from '../../text/hold-wording.ts'
import { visibleText } from '../../text/visible-text.ts'
import { blockOf, preformattedElement, sectionElement } from './rich-text.ts'
import { parameterLines, statementExcerpt } from './statement-section.ts'

/** One of several requests: its statement and its parameters, how many rows, and why, in one block. */
const REASON = 120

export function requestBlock(hold: Hold, number: string): types.RichTextBlock {
  const { reason, needsReason, parameters } = hold
  const counted = countsFor(hold)
  const rows = counted === null ? 'rows said in the console only' : `rows: ${rowsTouched(counted)}`
  const why = reason !== null ? ` They say: ${line(reason, REASON)}` : needsReason ? ' They have not said why yet.' : ''
  const statement = statementExcerpt(hold)
  return blockOf([
    sectionElement({ bold: `${number}: ` }, `${rows}.${why}`),
    preformattedElement(statement.statement),
    ...(parameters.length === 0 ? [] : [preformattedElement(statement.parameters)]),
  ])
}

/** How much of a card it takes, about. */
export function spaceOf(hold: Hold): number {
  const text =
    visibleText(hiddenStatement(hold)) + parameterLines(hold.parameters, comparesProtectedColumns(hold.facts))
  let cost = 0
  for (const character of text) cost += jsonCost(character)
  return cost
}
