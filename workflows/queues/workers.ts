import type pg from 'pg'
import type { Log } from '../../log.ts'
import { watchDeparted } from '../holds/departed.ts'
import type { KeptHolds } from '../holds/holds.ts'
import { ABANDONED_AFTER_MS, watchUnwaited } from '../holds/unwaited.ts'
import { createDeliver } from '../outbox/deliver.ts'
import type { NoticeDelivery } from '../outbox/delivery.ts'
import { PER_DELIVERY_MAX } from '../outbox/delivery-line.ts'
import { registerDeliveries } from '../outbox/register.ts'
import type { Queues } from './queues.ts'
import { reconcile } from './reconcile.ts'

export interface WorkersOptions {
  readonly pool: pg.Pool
  readonly queues: Queues
  readonly holds: Pick<KeptHolds, 'due' | 'abandon' | 'endDeparted'>
  readonly deliver: readonly NoticeDelivery[]
  readonly log: Pick<Log, 'warn' | 'error'>
  readonly now?: () => number
  readonly reconcileEveryMs?: number
  /** How long nobody may say that a client waits; then its hold is abandoned. */
  readonly abandonedAfterMs?: number
}

export interface Workers {
  /** One round of the reconciler now, over everything that is open. */
  reconcile(): Promise<void>
  /** Waits for what is running, at most for a short while. */
  close(): Promise<void>
}

const RECONCILE_EVERY_MS = 15_000

/**
 * What runs beside the proxies: expiry by the clock, the end of what no client waits for any more and of what nobody is
 * there to run, notices to people, and the round that makes lost jobs again. Any number of processes may do this side by side.
 */
export async function startWorkers(options: WorkersOptions): Promise<Workers> {
  const { pool, queues, holds, deliver: deliveries, log } = options
  const now = options.now ?? Date.now
  const everyMs = options.reconcileEveryMs ?? RECONCILE_EVERY_MS
  await registerDeliveries(pool, deliveries, new Date(now()))
  await queues.ready()
  const again = (notice: string, inMs: number): Promise<void> => queues.announce([{ notice, inMs }])
  const ending = new AbortController()
  const shown = deliveries.filter(({ latestOnly }) => latestOnly !== undefined).map(({ name }) => name)
  const expiry = queues.work('holds', { concurrency: 4, run: (hold) => holds.due(hold) })
  const notices = queues.work('notices', {
    concurrency: PER_DELIVERY_MAX * Math.max(1, deliveries.length),
    run: createDeliver({ pool, deliveries, now, log, again, signal: ending.signal }),
  })
  const round = (withinMs: number): Promise<void> =>
    reconcile({ pool, queues, now, withinMs, revived: shown }).then(
      () => undefined,
      (err: unknown) => log.warn({ err }, 'jobs could not be compared with their rows; the next round tries again'),
    )
  await Promise.all([expiry.ready(), notices.ready()])
  await round(Number.POSITIVE_INFINITY)
  const timer = setInterval(() => void round(2 * everyMs), everyMs)
  const unwaited = watchUnwaited({ pool, holds, afterMs: options.abandonedAfterMs ?? ABANDONED_AFTER_MS, log })
  const departed = watchDeparted({ holds, log })
  return {
    reconcile: () => round(Number.POSITIVE_INFINITY),
    async close() {
      clearInterval(timer)
      ending.abort()
      await Promise.all([expiry.close(), notices.close(), unwaited.close(), departed.close()])
    },
  }
}
