import type { Judgement, SessionView } from '../gate.ts'
import { rowLimitOf } from './run-limits.ts'
import { limitsWrites, writtenMaxOf } from './write-limits.ts'

/**
 * A Query of several statements with a read of limited rows among them. The read has to be the last of what the server
 * is given at once: where it gives a row too many, nothing behind it may have run. So the message goes in parts, each
 * when the one before it is answered. In one message all statements are one transaction up to the next BEGIN, COMMIT or
 * ROLLBACK, and so they stay:
 *
 *   in an open transaction                    the parts are as they would be in one message
 *   outside of one, from `wrapsFrom` on       BEGIN before them and COMMIT behind them, which are ours
 *
 * So does one with a write of which no more than so many rows are kept: it is not committed before it is known how many
 * it wrote. What is left to tell them apart by is statement_timestamp(), which moves on with each part.
 */
export interface MessageParts {
  /** Indices of the first statement of each part. */
  readonly starts: readonly number[]
  /** Index of the first statement of the transaction that is ours; null: there is none. */
  readonly wrapsFrom: number | null
}

/** @returns null: it goes as it came; `inseparable`: it would mean something else in parts */
export function partsOf(
  judgements: readonly Judgement[],
  transaction: SessionView['transaction'],
): MessageParts | 'inseparable' | null {
  const writes = limitsWrites(judgements)
  if (!writes && (judgements.length < 2 || judgements.every((judgement) => rowLimitOf(judgement) === null))) return null
  const last = judgements.length - 1
  const starts = [0]
  let explicit = transaction !== 'idle'
  let begun = 0
  let wrapsFrom: number | null = null
  let unseen = false
  for (const [index, judgement] of judgements.entries()) {
    const does = transactionStep(judgement)
    const splits = rowLimitOf(judgement) !== null
    const written = writes && writtenMaxOf(judgement) !== null
    if (unseen && does !== null) starts.push(index)
    unseen = (unseen && does === null && !splits) || written
    if (splits && index < last) starts.push(index + 1)
    if (explicit) {
      if (does === 'ends') [explicit, begun] = [false, index + 1]
    } else if (does === null) {
      if (written || (splits && (index > begun || index < last))) wrapsFrom ??= begun
    } else if (wrapsFrom !== null) return 'inseparable'
    else if (does === 'begins') explicit = true
    else if (does === 'ends') begun = index + 1
  }
  if (wrapsFrom !== null) starts.push(wrapsFrom)
  return { starts: [...new Set(starts)].sort((a, b) => a - b), wrapsFrom }
}

/** What it does to the transaction of its message; null: nothing. */
function transactionStep({ facts, text }: Judgement): 'begins' | 'ends' | 'within' | null {
  if (facts.kind !== 'transaction') return null
  if (/^(BEGIN|START)/.test(facts.tag)) return 'begins'
  const words = text.replaceAll(/\/\*[\s\S]*?\*\/|--.*/g, ' ')
  if (!/^(COMMIT|END|ROLLBACK|ABORT|PREPARE TRANSACTION)$/.test(facts.tag)) return 'within'
  return /\b(TO|AND\s+CHAIN)\b/i.test(words) ? 'within' : 'ends'
}

/** Beyond this, places in error messages count from the part's own beginning. */
const FILLED_CHARACTERS_MAX = 1 << 20

/** The texts of the parts, with spaces for what stands before them, so that the server's errors name the right place. */
export function textsOf(whole: string, judgements: readonly Judgement[], { starts }: MessageParts): readonly string[] {
  if (starts.length === 1) return [whole]
  const fills = whole.length * starts.length <= FILLED_CHARACTERS_MAX
  let at = 0
  const placed = judgements.map(({ text }) => {
    const found = whole.indexOf(text, at)
    const place = found === -1 ? at : found
    at = place + text.length
    return { text, place }
  })
  return starts.map((start, index) => {
    let part = ''
    for (const { text, place } of placed.slice(start, starts[index + 1])) {
      const gap = fills ? charactersIn(whole.slice(0, place)) - charactersIn(part) : 0
      part += `${' '.repeat(Math.max(0, gap))}${text};`
    }
    return part
  })
}

/** As the server counts. */
function charactersIn(text: string): number {
  let count = 0
  for (const _ of text) count++
  return count
}
