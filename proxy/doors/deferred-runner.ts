import type { Config, TargetConfig } from '../../config.ts'
import type { Log } from '../../log.ts'
import type { Hold, Holds } from '../../workflows/holds/hold.ts'
import type { Queues, QueueWorker } from '../../workflows/queues/queues.ts'
import { type AskerSources, askerNow } from '../../workflows/results/asker-now.ts'
import { type DeferredRuns, RUN_BY_ASKER } from '../../workflows/results/deferred-runs.ts'
import type { Answer } from './answer.ts'
import type { RunStatement } from './run-statement.ts'

/**
 * Runs what was deferred once it is approved: in a session of its own, as its asker is now, with the very text and
 * parameters, so that the session finds the approval and takes it as it would for a retry. Nothing here decides.
 */
export interface DeferredRunnerParts extends AskerSources {
  readonly config: Pick<Config, 'targets' | 'doors'>
  readonly queues: Pick<Queues, 'work'>
  readonly holds: Pick<Holds, 'find' | 'take' | 'complete'>
  readonly runs: DeferredRuns
  /** Keeps what is held anew, to be run by itself once that is approved. */
  readonly ask: RunStatement
  readonly log: Pick<Log, 'error'>
}

const AT_ONCE = 4

export function startDeferredRunner(parts: DeferredRunnerParts): QueueWorker {
  return parts.queues.work('runs', { concurrency: AT_ONCE, run: (hold) => runDeferred(parts, hold) })
}

async function runDeferred(parts: DeferredRunnerParts, id: string): Promise<void> {
  const hold = await parts.holds.find(id)
  if (hold?.status !== 'approved') return
  const target = parts.config.targets.find(({ name }) => name === hold.target.name)
  if (target === undefined) return parts.runs.notRun(id, 'Its database is no longer one of those that are served here.')
  const statement = await parts.runs.start(id)
  if (statement === null) return
  const { sql, parameters, rowsMax, door, application, provenUntil } = statement
  const asker = await askerNow({ ...hold.identity, expiresAt: provenUntil }, parts)
  if ('why' in asker) return parts.runs.notRun(id, asker.why)
  try {
    const answer = await parts.ask({
      identity: asker.identity,
      target: target as TargetConfig,
      door,
      application,
      address: hold.client ?? 'deferred',
      sql,
      parameters,
      rowsMax,
      bytesMax: parts.config.doors.resultBytesMax,
      reason: hold.reason,
      onHold: 'defer',
      approvedBy: id,
      signal: new AbortController().signal,
    })
    await keep(parts, hold, answer)
  } catch (err) {
    parts.log.error({ err, hold: id }, 'a deferred statement could not be run to its end')
    await parts.runs.notRun(id, 'Holdpoint failed while it ran; how it ended is not known.')
  }
}

async function keep({ runs, holds }: DeferredRunnerParts, hold: Hold, answer: Answer): Promise<void> {
  if (answer.kind === 'held') {
    const why = 'What it would do has changed since it was approved, or others have to be asked by now.'
    return runs.notRun(hold.id, `${why} It waits for a new approval, as ${answer.hold.id}, and runs once it has that.`)
  }
  // Its approval was used by its asker, or taken back, at the moment when it was to run (session/refusal.ts).
  if (answer.kind === 'failed' && answer.detail === hold.id) {
    const { status } = (await holds.find(hold.id)) ?? hold
    return runs.notRun(hold.id, status === 'executed' ? RUN_BY_ASKER : `It was ${status}.`)
  }
  await runs.end(hold.id, JSON.stringify(answer))
  // Policy lets it run without an approval by now: the one it got is used up all the same.
  if (answer.kind === 'completed' && (await holds.take(hold.id))) {
    await holds.complete(hold.id, { ok: true, tag: answer.tag ?? '', durationMs: 0 })
  }
}
