import type { Decision } from '../../policies/decision.ts'
import type { Judgement } from '../gate.ts'
import { type Doubts, noDoubts } from './doubts.ts'
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

/** What the session knows before the first of the statements runs. */
export interface BeforeTheFirst {
  /** The open transaction has changed names, so that its end changes them back. */
  readonly touched: Doubts
  readonly temporaryRelations: ReadonlySet<string>
}

/**
 * All statements of one Query are judged before the first of them runs. The gate follows what names come to mean from
 * one to the next, but for what only the server knows: what is back when a transaction ends, and which relation a name
 * means when a temporary one is gone that may have taken others along. What comes behind such a statement is not judged but refused.
 */
export function judgeInOrder(judgements: readonly Judgement[], before: BeforeTheFirst): readonly Judgement[] {
  if (judgements.length < 2) return judgements
  const temporary = new Set(before.temporaryRelations)
  let touched = before.touched !== noDoubts
  let unknown = false
  return judgements.map((judgement) => {
    const { endsTransaction, unsettles, indifferent } = traitsOf(judgement)
    const { createsTemporary, dropsTemporary, dropsSurely = [] } = judgement.effects
    const refused = unknown && !indifferent
    for (const name of dropsSurely) temporary.delete(name)
    unknown ||= (endsTransaction && touched) || dropsTemporary.some((name) => name === '*' || temporary.has(name))
    touched ||= unsettles !== noDoubts
    for (const name of createsTemporary) temporary.add(name)
    return refused ? deniedBySession(judgement, 'session.order', TITLE, REASON) : judgement
  })
}

const TITLE = 'A statement follows one behind which names may mean something else'
const REASON =
  'Behind an earlier statement of the same query, names may mean something else; send it as one of its own.'
