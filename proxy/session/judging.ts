import type { Judgement } from '../gate.ts'
import { isSkipped } from './batch.ts'
import type { SessionContext } from './context.ts'
import type { Judged } from './prepared.ts'

export interface Judgeable {
  readonly text: string
  judged: Judged | null
}

export type Decide = (judgements: readonly Judgement[]) => Promise<void> | undefined

/** Judges what is about to run, or takes the judgement of this very turn, within which nothing can have changed. */
export function judged(session: SessionContext, item: Judgeable, decide: Decide): Promise<void> | undefined {
  if (item.judged !== null && item.judged.turn === session.turn) return decide(item.judged.judgements)
  const judgements = session.gate.judge(item.text, session.state)
  if (!(judgements instanceof Promise)) return remember(session, item, judgements, decide)
  return judgements.then((late) => {
    session.turn++
    return isSkipped(session) ? undefined : remember(session, item, late, decide)
  })
}

function remember(
  session: SessionContext,
  item: Judgeable,
  judgements: readonly Judgement[],
  decide: Decide,
): Promise<void> | undefined {
  item.judged = { turn: session.turn, judgements }
  return decide(judgements)
}
