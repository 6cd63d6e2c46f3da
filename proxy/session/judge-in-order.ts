import type { Decision } from '../../policies/decision.ts'
import type { Judgement } from '../gate.ts'
import { deniedBySession } from './refusal.ts'
import { traitsOf } from './traits.ts'

/** The worst decision decides for all that came in one message. */
export function outcomeOf(judgements: readonly Judgement[]): Decision['outcome'] {
  let outcome: Decision['outcome'] = 'allow'
  for (const { decision } of judgements) {
    if (decision.outcome === 'deny') return 'deny'
    if (decision.outcome === 'hold') outcome = 'hold'
  }
  return outcome
}

/**
 * All statements of one Query were judged before the first of them runs. Where one may change what a later one means,
 * the later one's judgement is worth nothing.
 *
 * @param namesTouched the open transaction has changed names, so that its end may change them back
 */
export function judgeInOrder(judgements: readonly Judgement[], namesTouched: boolean): readonly Judgement[] {
  if (judgements.length < 2) return judgements
  let changed = false
  return judgements.map((judgement) => {
    const traits = traitsOf(judgement)
    const stale = changed && !traits.indifferent
    changed ||= traits.changesMeaning || (traits.transaction && namesTouched)
    return stale ? deniedBySession(judgement, 'session.order', TITLE, REASON) : judgement
  })
}

const TITLE = 'A statement follows one that may change what it means'
const REASON = 'An earlier statement of the same query may change what this one means; send it as a query of its own.'
