import type { Gate, Judgement, SessionView } from '../gate.ts'
import { leadsAlike } from '../sql/remembered.ts'
import { traitsOf } from './traits.ts'

/** SQLSTATE, for the trail: nothing was wrong with the statement, but with what came behind it. */
export const ROLLED_BACK = '40000'

/**
 * Whether the same comes out when a statement is judged anew, by what the definitions are now. What was bound to the old
 * ones may then run on, as it is masked in the same way.
 */
export async function comesOutTheSame(
  gate: Gate,
  view: SessionView,
  before: Judgement,
  isAlike = (_: Judgement): boolean => true,
): Promise<boolean> {
  const [now, ...more] = await gate.judge(before.text, view)
  if (now === undefined || more.length > 0 || now.decision.outcome !== before.decision.outcome) return false
  const alike = JSON.stringify(now.outputMasks) === JSON.stringify(before.outputMasks)
  const asProven = traitsOf(now).proof === traitsOf(before).proof && now.scrub === before.scrub
  // It may have been replaced once more since.
  return alike && asProven && isAlike(now) && (await gate.stands(now, view))
}

/**
 * Of what has run: that it may write as much, and that the functions behind it are those that were there before. A table
 * stays as it is while what has written it is not committed, but a function may have been replaced twice.
 */
export function wroteAlike(before: Judgement): (now: Judgement) => boolean {
  return (now) =>
    JSON.stringify(now.decision.limits) === JSON.stringify(before.decision.limits) &&
    leadsAlike(routinesOf(now), routinesOf(before))
}

function routinesOf({ definitions = [], footing }: Judgement) {
  return definitions.filter(({ oid }) => footing?.routines.has(oid) === true)
}
