import { Worker } from 'node:worker_threads'
import type { Difference } from '../../replay/difference.ts'

/**
 * Replays in a thread of its own. Anybody can open a pull request, and a policy can be made to think for hours: here it
 * takes nobody's time but its own, and when its time is up the thread is ended.
 */
export interface ReplayTask {
  readonly stateUrl: string
  readonly before: { readonly bytes: Buffer; readonly digest: string }
  readonly after: { readonly bytes: Buffer; readonly digest: string }
  readonly now: number
  readonly days: number
  readonly inputsMax: number
}

export type ReplayOutcome = { readonly difference: Difference } | { readonly problem: string }

const REPLAY_MS_MAX = 10 * 60_000
const HEAP_MIB_MAX = 512

/** @returns the difference, or why there is none, as a sentence */
export function replayApart(task: ReplayTask, msMax = REPLAY_MS_MAX): Promise<Difference | string> {
  const worker = new Worker(new URL('replay-thread.ts', import.meta.url), {
    workerData: task,
    resourceLimits: { maxOldGenerationSizeMb: HEAP_MIB_MAX },
  })
  return new Promise((resolve) => {
    const settle = (outcome: Difference | string): void => {
      clearTimeout(timer)
      resolve(outcome)
      void worker.terminate()
    }
    const timer = setTimeout(() => settle(`The replay took longer than ${msMax / 1_000} seconds and was ended.`), msMax)
    worker.once('message', (outcome: ReplayOutcome) =>
      settle('problem' in outcome ? outcome.problem : outcome.difference),
    )
    worker.once('error', () => settle('The replay failed: the policy used too much memory or ended its thread.'))
    worker.once('exit', () => settle('The replay ended without a result.'))
  })
}
