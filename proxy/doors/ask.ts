import { assertIsFor } from '../../policies/scopes.ts'
import type { Holds } from '../../workflows/holds/hold.ts'
import type { Queues } from '../../workflows/queues/queues.ts'
import type { DeferredRuns } from '../../workflows/results/deferred-runs.ts'
import type { Answer, Held } from './answer.ts'
import { breakingGlass } from './break-glass.ts'
import type { Ask, RunStatement } from './run-statement.ts'

/**
 * A statement, run now or kept for when it is approved. What is kept is kept before the asker is told that it will be
 * run; an approval that came even before that is made up for here.
 */
export interface AskParts {
  readonly run: RunStatement
  readonly runs: DeferredRuns
  readonly holds: Pick<Holds, 'find' | 'breakGlass'>
  readonly queues: Pick<Queues, 'startRuns'>
}

export function createAsk(parts: AskParts): (ask: Ask) => Promise<Answer> {
  return async (ask) => {
    assertIsFor(ask.identity, 'holdpoint:run')
    if (ask.breakGlass == null) return kept(await parts.run(ask), ask, parts)
    const broken = await breakingGlass({ ...ask, breakGlass: ask.breakGlass }, parts)
    if (broken.answer !== null) return broken.answer
    const answer = await kept(await parts.run(ask), ask, parts)
    return answer.kind === 'held' ? { ...answer, whole: broken.why } : answer
  }
}

async function kept(answer: Answer, ask: Ask, { runs, holds, queues }: AskParts): Promise<Answer | Held> {
  if (answer.kind !== 'held' || answer.hold.mode !== 'defer') return answer
  const { sql, parameters, rowsMax, door, application, identity } = ask
  const statement = { sql, parameters, rowsMax, door, application, provenUntil: identity.expiresAt }
  await runs.remember(answer.hold.id, statement)
  const hold = await holds.find(answer.hold.id)
  if (hold?.status === 'approved') await queues.startRuns([hold.id])
  return hold === null ? answer : { ...answer, hold }
}
