import pg from 'pg'
import type { Log } from '../../log.ts'
import { StateError } from './errors.ts'

/**
 * The state database: what outlives a connection and a process. Every wait has a bound, so a database that hangs
 * becomes an error, and an error becomes a refusal.
 */
const BOUNDS = {
  max: 10,
  connectionTimeoutMillis: 5_000,
  idleTimeoutMillis: 30_000,
  statement_timeout: 15_000,
  query_timeout: 20_000,
  lock_timeout: 10_000,
  idle_in_transaction_session_timeout: 30_000,
  keepAlive: true,
} as const

/**
 * Opens nothing yet: connections are made when they are needed.
 *
 * @param url postgres://…, config.state.url
 * @throws StateError not_configured
 */
export function openState(url: string, log?: Pick<Log, 'warn'>): pg.Pool {
  if (url === '') {
    throw new StateError('not_configured', 'No state database is configured', {
      hint: 'Set state.url in the configuration, or HOLDPOINT_STATE_URL',
    })
  }
  const pool = new pg.Pool({ connectionString: url, application_name: 'holdpoint', ...BOUNDS })
  // Without a listener an idle connection's end would end the process.
  pool.on('error', (err) => log?.warn({ err }, 'an idle connection to the state database ended'))
  // One that is in use tells whoever uses it, by its query failing, and tells it once more as an event: the same end.
  pool.on('connect', (client) => void client.on('error', () => undefined))
  return pool
}
