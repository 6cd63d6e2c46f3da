import type { Judgement } from './gate.ts'
import type { Analysis } from './sql/analyse.ts'
import type { NumberlessText } from './sql/numbers.ts'

/** The judgement of every text that differs from a first one in nothing but whole numbers that do not matter. */
export class JudgementShape {
  readonly first: Judgement
  readonly #before: number
  readonly #after: number

  constructor(text: string, first: Judgement) {
    this.first = first
    this.#before = text.indexOf(first.text)
    this.#after = text.length - this.#before - first.text.length
  }

  /** @param text of the same shape: what stands before and after the statement holds no numbers */
  withNumbersOf(text: string): Judgement {
    const own = text.slice(this.#before, text.length - this.#after)
    // Not frozen, as its first is: nobody else is given this one, and freezing costs as much as the rest together.
    return { ...this.first, text: own, redactedText: own }
  }
}

/** One statement, read whole, in which every number that stands alone is one that no fact depends on. */
export function isNumberBlind(analyses: readonly Analysis[], { numbers }: NumberlessText): boolean {
  const [only] = analyses
  if (only === undefined || analyses.length > 1 || only.facts.unresolved.length > 0) return false
  return only.redactedText === only.text && only.inertNumbers === numbers
}
