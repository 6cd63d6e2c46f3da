import type { Log } from '../../log.ts'
import type { Queues } from '../queues/queues.ts'
import { announce, type DeadlineRow, rescheduleJobs } from './jobs.ts'
import type { Wake } from './wake.ts'

/** What was approved has run by then, as a rule. */
const JOBS_AFTER_MS = 30

export interface AfterwardsOptions {
  readonly queues: Queues
  readonly wakes: readonly Wake[]
  readonly now: () => number
  readonly log: Pick<Log, 'warn'>
}

export interface Afterwards {
  tell(
    moved: readonly { readonly row: DeadlineRow; readonly notices: readonly string[] }[],
    notices: readonly string[],
  ): void
  /** For jobs that could not be made. */
  unmade(err: unknown): void
}

/**
 * What follows a committed change. Never awaited by whoever made it: the reconciler does what fails here. Who waits is
 * woken first; jobs, which cost the state database more than the change itself did, come when what was approved has run.
 */
export function createAfterwards({ queues, wakes, now, log }: AfterwardsOptions): Afterwards {
  const unmade = (err: unknown): void => log.warn({ err }, 'jobs of a hold could not be made; the reconciler will')
  return {
    unmade,
    tell(moved, notices) {
      const all = [...notices, ...moved.flatMap((one) => one.notices)]
      Promise.all(moved.flatMap(({ row }) => wakes.map((wake) => wake.publish(row.id)))).catch(unmade)
      const makeJobs = (): void => {
        const jobs = moved.map(({ row }) => rescheduleJobs(queues, row, now()))
        Promise.all([announce(queues, all), ...jobs]).catch(unmade)
      }
      if (moved.length === 0) makeJobs()
      else setTimeout(makeJobs, JOBS_AFTER_MS)
    },
  }
}
