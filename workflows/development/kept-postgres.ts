import { setTimeout as delay } from 'node:timers/promises'
import type { Log } from '../../log.ts'
import { type Postgres, type PostgresOptions, startPostgres } from './postgres.ts'

/**
 * The embedded PostgreSQL for as long as the tree runs: when it ends without being asked to, it is started again on
 * the same port, and the others, who all know how to wait for a database, find it there.
 *
 *   running ──exit──▶ waiting (0.2 s, doubling to 5 s) ──▶ starting ──▶ running
 *      └────stop────────────┴───────────────────────────────┴──▶ ended
 */
export interface KeptPostgresOptions extends PostgresOptions {
  readonly log: Pick<Log, 'error' | 'info'>
}

const WAIT_MS = 200
const WAIT_MS_MAX = 5_000

/** @throws DevelopmentError when it cannot be started the first time */
export async function keepPostgres({ log, ...options }: KeptPostgresOptions): Promise<Postgres> {
  const stopping = new AbortController()
  const first = await startPostgres(options)
  let running = first
  const kept = (async () => {
    for (;;) {
      await running.ended
      if (stopping.signal.aborted) return
      log.error({ pid: running.pid }, 'PostgreSQL ended and is started again')
      const next = await startAgain()
      if (next === null) return
      running = next
      log.info({ pid: running.pid }, 'PostgreSQL runs again')
    }
  })()

  /** @returns null when the tree ends meanwhile */
  async function startAgain(): Promise<Postgres | null> {
    for (let waitMs = WAIT_MS; ; waitMs = Math.min(waitMs * 2, WAIT_MS_MAX)) {
      // What is left of a killed server has to go first; until then a new one refuses to start.
      await delay(waitMs, undefined, { signal: stopping.signal }).catch(() => undefined)
      if (stopping.signal.aborted) return null
      const started = await startPostgres(options).catch((err: unknown) => {
        log.error({ err }, 'PostgreSQL could not be started again')
        return null
      })
      if (started !== null && stopping.signal.aborted) await started.stop()
      if (started !== null) return started
    }
  }

  return {
    ...first,
    get pid() {
      return running.pid
    },
    ended: kept,
    async stop() {
      stopping.abort()
      await running.stop()
      await kept
    },
  }
}
