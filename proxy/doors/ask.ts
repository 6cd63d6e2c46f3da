import type { Holds } from '../../workflows/holds/hold.ts'
import type { Queues } from '../../workflows/queues/queues.ts'
import type { DeferredRuns } from '../../workflows/results/deferred-runs.ts'
import type { Answer } from './answer.ts'
import type { Ask, RunStatement } from './run-statement.ts'

/**
 * A statement, run now or kept for when it is approved. What is kept is kept before the asker is told that it will be
 * run; an approval that came even before that is made up for here.
 */
export interface AskParts {
  readonly run: RunStatement
  readonly runs: DeferredRuns
  readonly holds: Pick<Holds, 'find'>
  readonly queues: Pick<Queues, 'startRuns'>
}

export function createAsk({ run, runs, holds, queues }: AskParts): (ask: Ask) => Promise<Answer> {
  return async (ask) => {
    const answer = await run(ask)
    if (answer.kind !== 'held' || answer.hold.mode !== 'defer') return answer
    const { sql, parameters, rowsMax, door, application, identity } = ask
    const statement = { sql, parameters, rowsMax, door, application, provenUntil: identity.expiresAt }
    await runs.remember(answer.hold.id, statement)
    const hold = await holds.find(answer.hold.id)
    if (hold?.status === 'approved') await queues.startRuns([hold.id])
    return hold === null ? answer : { ...answer, hold }
  }
}
