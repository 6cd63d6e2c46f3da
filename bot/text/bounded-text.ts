import { visibleLine, visibleText } from './visible-text.ts'

/**
 * Slack refuses a message for the length of one text and for the length of all blocks together. The second limit is not
 * documented; people measured refusals (msg_blocks_too_long) from about 12,000 characters of JSON on, see
 * github.com/slackapi/bolt-js/issues/2509 and 2867. So every text here has a budget, counted in the characters its
 * JSON takes when everything outside ASCII is escaped, which is the largest that anyone may count.
 */
export const BLOCKS_JSON_MAX = 12_000

/** As many rows as a reviewer scrolls over; a statement padded with line breaks to push its end away is not "shown". */
const ROWS_MAX = 60
const ROW_COLUMNS = 80
const TAB_COLUMNS = 8

export interface Excerpt {
  readonly text: string
  readonly whole: boolean
}

/** As much of a text as fits, with what was hidden made visible first. Measured after that, never before. */
export function excerpt(text: string, budget: number): Excerpt {
  // Nothing gets shorter by being made visible except \r\n, and a budget's worth of those is over ROWS_MAX anyway.
  const candidate = visibleText(wellFormedPrefix(text, budget + 1))
  let cost = 0
  let rows = 1
  let column = 0
  let end = 0
  for (const character of candidate) {
    cost += jsonCost(character)
    if (character === '\n' || column >= ROW_COLUMNS) {
      rows++
      column = 0
    }
    if (character !== '\n') column += character === '\t' ? TAB_COLUMNS : 1
    if (cost > budget || rows > ROWS_MAX) return { text: candidate.slice(0, end), whole: false }
    end += character.length
  }
  return { text: candidate, whole: text.length <= budget + 1 }
}

/** One line within a budget; what does not fit is replaced by an ellipsis. Never empty, which Slack refuses. */
export function line(text: string, budget: number): string {
  if (text === '') return '(empty)'
  const candidate = visibleLine(wellFormedPrefix(text, budget + 1))
  let cost = 0
  let end = 0
  for (const character of candidate) {
    cost += jsonCost(character)
    if (cost > budget - ELLIPSIS_COST) break
    end += character.length
  }
  return end === candidate.length && text.length <= budget + 1 ? candidate : `${candidate.slice(0, end)}…`
}

/** Some of a list, and how many more there are. */
export function some(items: readonly string[], max: number): string {
  const shown = items.slice(0, max).join(', ')
  return items.length > max ? `${shown} and ${items.length - max} more` : shown
}

/** Characters that one character takes in JSON with everything outside ASCII escaped. */
export function jsonCost(character: string): number {
  const code = character.charCodeAt(0)
  if (code === 0x0a || code === 0x09 || code === 0x22 || code === 0x5c || code === 0x2f) return 2
  return code < 0x20 || code > 0x7e ? 6 * character.length : 1
}

/** Of blocks as they are sent. */
export function jsonCostOf(blocks: unknown): number {
  let cost = 0
  for (const character of JSON.stringify(blocks))
    cost += character === '/' ? 2 : character > '~' ? jsonCost(character) : 1
  return cost
}

const ELLIPSIS_COST = 6

/** Does not cut between the halves of a surrogate pair: half of one would be shown as a hidden character that is not there. */
function wellFormedPrefix(text: string, length: number): string {
  const cut = text.slice(0, length)
  const last = cut.charCodeAt(cut.length - 1)
  return cut.length < text.length && last >= 0xd800 && last <= 0xdbff ? cut.slice(0, -1) : cut
}
