import type pg from 'pg'
import type { Log } from '../../log.ts'
import type { NoticeDelivery } from '../outbox/delivery.ts'
import type { Queues } from '../queues/queues.ts'
import { rowsOf } from '../state/transaction.ts'
import { RUN_BY_ASKER } from './deferred-runs.ts'

/**
 * Sees to it that what is deferred and approved is run, and that nothing is kept longer than it should be. The approval
 * makes a job through the outbox, as it makes a card; a round now and then makes those again that a queue has lost.
 */
export interface KeepRunsOptions {
  readonly pool: pg.Pool
  readonly queues: Pick<Queues, 'startRuns'>
  readonly now: () => number
  readonly log: Pick<Log, 'warn'>
  readonly everyMs?: number
  /** What no run takes; then whoever ran it is gone. */
  readonly runMsMax: number
}

const EVERY_MS = 15_000
/** A row stays this long after its end, to say what became of it. */
const FORGOTTEN_MS = 7 * 24 * 60 * 60_000

export function runDelivery(queues: Pick<Queues, 'startRuns'>): NoticeDelivery {
  return {
    name: 'deferred-runs',
    wants: { reasons: ['settled'], mode: 'defer' },
    async deliver({ id, status, mode }) {
      if (status === 'approved' && mode === 'defer') await queues.startRuns([id])
    },
  }
}

export function keepRuns(options: KeepRunsOptions): { close(): Promise<void> } {
  let round = Promise.resolve()
  const next = (): void => {
    round = round
      .then(() => keepRound(options))
      .catch((err: unknown) => {
        options.log.warn({ err }, 'deferred statements could not be looked after; the next round tries again')
      })
  }
  next()
  const timer = setInterval(next, options.everyMs ?? EVERY_MS)
  return {
    close() {
      clearInterval(timer)
      return round
    },
  }
}

export async function keepRound({ pool, queues, now, runMsMax }: KeepRunsOptions): Promise<void> {
  const at = new Date(now())
  const ready = await rowsOf<{ hold: string }>(
    pool,
    `SELECT run.hold FROM deferred_run AS run JOIN hold ON hold.id = run.hold
     WHERE run.state = 'waiting' AND hold.status = 'approved' AND hold.grant_expires_at > $1`,
    [at],
  )
  if (ready.length > 0) await queues.startRuns(ready.map(({ hold }) => hold))
  await rowsOf(pool, NEVER_RUN, [at])
  await rowsOf(
    pool,
    `UPDATE deferred_run SET state = 'not_run', ended_at = $1,
       why = 'It was started, and nobody lived to hear how it ended. It is not run again.'
     WHERE state = 'started' AND started_at < $2`,
    [at, new Date(at.getTime() - runMsMax)],
  )
  await rowsOf(pool, 'UPDATE deferred_run SET result = NULL WHERE kept_until <= $1 AND result IS NOT NULL', [at])
  await rowsOf(pool, "DELETE FROM deferred_run WHERE ended_at < $1 AND state IN ('ended', 'not_run')", [
    new Date(at.getTime() - FORGOTTEN_MS),
  ])
}

/** Settled otherwise, or run elsewhere: nothing of the statement needs to be kept. */
const NEVER_RUN = `
  UPDATE deferred_run AS run SET state = 'not_run', ended_at = $1, statement = NULL,
    why = CASE hold.status WHEN 'executed' THEN '${RUN_BY_ASKER}' ELSE 'It was ' || hold.status || '.' END
  FROM hold WHERE hold.id = run.hold AND run.state = 'waiting' AND hold.status NOT IN ('pending', 'approved')`
