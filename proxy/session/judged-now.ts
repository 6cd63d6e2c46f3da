import type { Urgency } from '../catalog/looks.ts'
import type { Judgement } from '../gate.ts'
import type { Asked } from './asking.ts'
import type { SessionContext } from './context.ts'

/** Looks for definitions that were changed elsewhere. Never rejects. */
export type Look = (urgency: Urgency) => Promise<void>

export async function judgedAfter(urgency: Urgency, asked: Asked, look: Look): Promise<readonly Judgement[]> {
  await look(urgency)
  return asked.judge()
}

/**
 * For what was approved: definitions that others changed a moment ago make it another statement than the one that was
 * approved. Asking about just those that it rests on is a tenth of comparing all of them, and does not grow with the
 * catalog.
 */
export async function judgedNow(
  { gate, state }: Pick<SessionContext, 'gate' | 'state'>,
  asked: Asked,
  look: Look,
): Promise<readonly Judgement[]> {
  const judgements = await asked.judge()
  const stand = judgements.map((one) => (one.footing ?? null) !== null && gate.stands(one, state, 'now'))
  return (await Promise.all(stand)).every(Boolean) ? judgements : judgedAfter('at once', asked, look)
}
