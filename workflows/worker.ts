import type { Pool } from 'pg'
import type { Config } from '../config.ts'
import type { Log } from '../log.ts'
import type { NoticeDelivery } from './outbox/delivery.ts'
import { startWorkers } from './queues/workers.ts'
import { keepRuns, runDelivery } from './results/keep-runs.ts'
import { sealOf } from './results/seal.ts'
import { allowedOrigins, webhookDelivery } from './results/webhooks.ts'
import { openJournal } from './trail/journal.ts'
import { trailFolder } from './trail/journal-files.ts'
import { keepInputs } from './trail/keep-inputs.ts'
import { startShipper } from './trail/shipper.ts'
import type { Workflows } from './workflows.ts'

/** What goes on while nobody is connected: holds run out, people are told, the trail reaches the state database. */
export interface WorkerOptions {
  readonly config: Pick<Config, 'data' | 'holds' | 'trail' | 'doors'>
  readonly workflows: Workflows
  readonly deliveries: readonly NoticeDelivery[]
  readonly log: Log
  readonly now: () => number
}

/** Connecting, being judged and being recorded take their time, too. */
const RUN_GRACE_MS = 120_000

/** @throws TrailError, QueueError */
export async function startWorker(options: WorkerOptions): Promise<{ close(): Promise<void> }> {
  const { config, workflows, deliveries, log, now } = options
  const { holds, pool, queues } = workflows
  const { abandonedAfterMs } = config.holds
  await using stack = new AsyncDisposableStack()
  const folder = trailFolder(config.data)
  const trail = await openJournal({ folder, process: 'worker', durability: config.trail.durability, now, log })
  stack.defer(() => trail.close())
  const shipper = startShipper({ folder, pool, log, trail })
  stack.defer(() => shipper.close())
  const workers = await startWorkers({
    pool,
    queues,
    holds,
    deliver: [...deliveries, runDelivery(queues), ...webhooks({ config, pool, now })],
    log,
    now,
    abandonedAfterMs,
  })
  stack.defer(() => workers.close())
  const inputs = keepInputs({ pool, keptDays: config.trail.inputsKeptDays, now, log })
  stack.defer(() => inputs.close())
  const runMsMax = config.doors.statementTimeoutMs + RUN_GRACE_MS
  const runs = keepRuns({ pool, queues, now, log, runMsMax })
  stack.defer(() => runs.close())
  const running = stack.move()
  return { close: () => running.disposeAsync() }
}

/** Only where callbacks may go anywhere at all. */
function webhooks({ config, pool, now }: { config: WorkerOptions['config']; pool: Pool; now: () => number }) {
  const origins = allowedOrigins(config.doors.webhookOrigins)
  if (origins.size === 0) return []
  return [webhookDelivery({ pool, seal: sealOf(config), origins, now })]
}
