import type { Judgement, SessionView } from '../gate.ts'
import { isBegin } from './kept-writes.ts'
import { rowLimitOf } from './run-limits.ts'
import { limitsWrites, writtenMaxOf } from './write-limits.ts'

/**
 * A Query of several statements with a read of limited rows among them. The read has to be the last of what the server
 * is given at once: where it gives a row too many, nothing behind it may have run. So the message goes in parts, each
 * when the one before it is answered. In one message all statements are one transaction up to the next BEGIN, COMMIT or
 * ROLLBACK, and so they stay:
 *
 *   in an open transaction                    the parts are as they would be in one message
 *   outside of one, from each of `wraps` on   BEGIN before them and COMMIT behind them, which are ours; or the client's
 *                                             own BEGIN or COMMIT, which goes on with or ends what ours began
 *
 * So does one with a write of which no more than so many rows are kept, or whose definitions are asked about once more
 * before it is kept (unconfirmed.ts): it is not committed before it is known how many it wrote, and by what. What is left to tell them apart by is statement_timestamp(), which moves on with each part.
 */
export interface MessageParts {
  /** Indices of the first statement of each part. */
  readonly starts: readonly number[]
  /** Indices of the first statements of the transactions that are ours. */
  readonly wraps: readonly number[]
}

/**
 * @param confirms whether it is asked once more what it rests on, before what it writes is kept
 * @returns null: it goes as it came; `inseparable`: it would mean something else in parts
 */
export function partsOf(
  judgements: readonly Judgement[],
  transaction: SessionView['transaction'],
  confirms: (judgement: Judgement) => boolean = () => false,
): MessageParts | 'inseparable' | null {
  const writes = limitsWrites(judgements)
  const asked = judgements.map(confirms)
  const limits = writes || (judgements.length > 1 && judgements.some((judgement) => rowLimitOf(judgement) !== null))
  if (!limits && !asked.includes(true)) return null
  const last = judgements.length - 1
  const starts = [0]
  const wraps: number[] = []
  let explicit = transaction !== 'idle'
  let begun = 0
  /** Of what is ours: its first statement, and whether it is there for a limit. */
  let ours: { readonly from: number; limited: boolean } | null = null
  let unseen = false
  for (const [index, judgement] of judgements.entries()) {
    const does = transactionStep(judgement)
    const splits = rowLimitOf(judgement) !== null
    const limited = (writes && writtenMaxOf(judgement) !== null) || (splits && (index > begun || index < last))
    const written = (writes && writtenMaxOf(judgement) !== null) || asked[index] === true
    if (unseen && does !== null) starts.push(index)
    unseen = (unseen && does === null && !splits) || written
    if (splits && index < last) starts.push(index + 1)
    if (explicit) {
      if (does === 'ends') [explicit, begun] = [false, index + 1]
    } else if (does === null) {
      if (written || limited) ours ??= { from: begun, limited: false }
      if (ours !== null && limited) ours.limited = true
    } else if (ours?.limited === true) return 'inseparable'
    else if (does !== 'within') {
      if (ours !== null) wraps.push(ours.from)
      if (ours !== null) starts.push(index)
      ours = null
      if (does === 'begins') explicit = true
      else begun = index + 1
    }
  }
  if (ours !== null) wraps.push(ours.from)
  starts.push(...wraps)
  if (!limits && wraps.length === 0 && starts.every((start) => start === 0)) return null
  return { starts: [...new Set(starts)].sort((a, b) => a - b), wraps }
}

/** What it does to the transaction of its message; null: nothing. */
export function transactionStep({ facts, text }: Judgement): 'begins' | 'ends' | 'within' | null {
  if (facts.kind !== 'transaction') return null
  if (isBegin({ facts })) return 'begins'
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
