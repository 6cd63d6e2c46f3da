import type pg from 'pg'
import type { Config } from '../config.ts'
import type { Log } from '../log.ts'
import { createDirectory, type Directory } from './directory/directory.ts'
import { createServiceTokens, type ServiceTokens } from './directory/service-tokens.ts'
import { createHolds, type KeptHolds } from './holds/holds.ts'
import { pollMsFor } from './holds/waiting.ts'
import { createQueues } from './queues/create-queues.ts'
import type { Queues } from './queues/queues.ts'
import { lazySeal } from './results/seal.ts'
import { migrate } from './state/migrate.ts'
import { openState } from './state/state.ts'

/** What every process of Holdpoint has of the state database: proxies, worker and bot alike. */
export interface Workflows {
  readonly pool: pg.Pool
  readonly directory: Directory
  readonly serviceTokens: ServiceTokens
  readonly queues: Queues
  readonly holds: KeptHolds
  close(): Promise<void>
}

export interface WorkflowsOptions {
  readonly config: Pick<Config, 'state' | 'holds' | 'doors' | 'data'>
  readonly log: Log
  readonly now: () => number
}

/**
 * Brings the state database up to date first: whoever starts first does it, the others wait for it.
 * @throws StateError
 */
export async function openWorkflows({ config, log, now }: WorkflowsOptions): Promise<Workflows> {
  await using stack = new AsyncDisposableStack()
  const pool = openState(config.state.url, log)
  stack.defer(() => pool.end())
  await migrate(pool)
  const queues = createQueues(config.state, log)
  stack.defer(() => queues.close())
  const { pendingMax, pendingPerAskerMax, abandonedAfterMs } = config.holds
  const holds = createHolds({
    pool,
    queues,
    pendingMax,
    pendingPerAskerMax,
    abandonedAfterMs,
    now,
    log,
    seal: lazySeal(config),
    pollMs: pollMsFor(abandonedAfterMs),
  })
  stack.use(holds)
  const opened = stack.move()
  return {
    pool,
    directory: createDirectory(pool),
    serviceTokens: createServiceTokens(pool),
    queues,
    holds,
    close: () => opened.disposeAsync(),
  }
}
