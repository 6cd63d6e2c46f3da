import type { types } from '@slack/bolt'
import type { Hold } from '../../../workflows/holds/hold.ts'
import { type Excerpt, excerpt, line } from '../../text/bounded-text.ts'
import { comparesProtectedColumns, hideLiterals } from '../../text/hidden-literals.ts'
import { lookAlikes, visibleLine } from '../../text/visible-text.ts'
import { paragraph, preformatted } from './rich-text.ts'

/** The statement on a card, and whether it is all of it. */

// Together with the rest of the card these stay under BLOCKS_JSON_MAX; a property test holds them to it. A reviewer who
// has to read more than this should read it on a page.
const STATEMENT_BUDGET = 2_600
const PARAMETERS_BUDGET = 800
// What cannot be answered here is only to be recognised here.
const GLANCE_BUDGET = 500

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
  const written = hidden ? hideLiterals(hold.statement) : hold.statement
  const bound = parameterLines(hold.parameters, hidden)
  const statement = excerpt(written, STATEMENT_BUDGET)
  const parameters = excerpt(bound, PARAMETERS_BUDGET)
  if (statement.whole && parameters.whole) return { hidden, statement, parameters }
  return { hidden, statement: excerpt(written, GLANCE_BUDGET), parameters: excerpt(bound, GLANCE_BUDGET) }
}

/** As a card shows them, the cut of what is too long included. */
export function statementExcerpt(hold: Hold): { readonly statement: string; readonly parameters: string } {
  const { statement, parameters } = shown(hold)
  return { statement: marked(statement), parameters: marked(parameters) }
}

/** Words that mix alphabets: said beside the statement, where there is room for it. */
export function hasLookAlikes(hold: Hold): boolean {
  return lookAlikes(shown(hold).statement.text).length > 0
}

export function statementBlocks(hold: Hold): readonly types.KnownBlock[] {
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
  else if (hold.status === 'pending' && (!statement.whole || !parameters.whole))
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
