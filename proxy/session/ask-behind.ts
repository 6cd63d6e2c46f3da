import type { SessionContext } from './context.ts'
import { isChained, isDoubtful } from './doubts.ts'
import { askAlong } from './probe.ts'
import type { Run } from './recorder.ts'

/**
 * Behind a Query or Sync whose statements change what names mean: the question goes along with it, so that the client's
 * next message waits for no round trip of ours. What has to be left for later is asked for when it matters.
 */
export function askBehind(session: SessionContext): void {
  const { exchange, state } = session
  const runs = exchange.remaining().flatMap((slot) => slot.runs.slice(slot.at))
  if (runs.some(({ traits }) => traits.copyFrom)) return
  const doubts = state.doubtsAfter(runs.map(({ traits }) => traits))
  if (!isDoubtful(doubts) || (doubts.relations && !maySnapshot(runs))) return
  askAlong(session, doubts)
}

/** Whether a snapshot of ours disturbs nothing: no transaction is open behind them, or it has one already. */
function maySnapshot(runs: readonly Run[]): boolean {
  const last = runs.at(-1)
  if (last === undefined) return false
  const { traits, judgement } = last
  if (traits.unsettles.relations) return true
  return runs.length === 1 && traits.endsTransaction && !isChained(judgement.text)
}
