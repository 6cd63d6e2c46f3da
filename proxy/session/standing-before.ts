import type { Judgement } from '../gate.ts'
import type { SessionContext } from './context.ts'
import { outcomeOf } from './judge-in-order.ts'
import { refusedBecause } from './refusal.ts'
import { onlyReads } from './traits.ts'

/** Said to whoever has to judge or bind anew. */
export const CHANGED = 'Holdpoint: a definition that the statement rests on was changed while it ran; run it again'
export const definitionsChanged = refusedBecause('40001', CHANGED)

/**
 * What a statement does outside of its transaction (a file, another server, a number of a sequence) cannot be taken back,
 * so that the definitions it rests on (triggers, rules, defaults) are asked for just before it goes; and once more before
 * what it wrote is kept (unconfirmed.ts). What only reads is looked at when its rows are here.
 *
 * @returns null when nothing is to be asked
 */
export function standingBefore(
  { gate, state }: SessionContext,
  judgements: readonly Judgement[],
): Promise<boolean> | null {
  if (outcomeOf(judgements) === 'deny') return null
  const doubtful = judgements.filter((judgement) => (judgement.footing ?? null) !== null && !onlyReads(judgement))
  if (doubtful.length === 0) return null
  const asked = doubtful.map((judgement) => gate.stands(judgement, state))
  return asked.every((stands) => stands === true) ? null : Promise.all(asked).then((all) => all.every(Boolean))
}
