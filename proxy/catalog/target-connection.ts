import { readFileSync } from 'node:fs'
import pg from 'pg'
import type { TargetConfig } from '../../config.ts'

/** How we ask a target's server beside the sessions of clients, as the role whose login they share. */
export function connectionOf(target: TargetConfig): pg.ClientConfig {
  return {
    host: target.host,
    port: target.port,
    database: target.database,
    user: target.user,
    password: target.password ?? '',
    application_name: 'holdpoint catalog',
    connectionTimeoutMillis: 10_000,
    ssl:
      target.tls === 'disable'
        ? false
        : {
            rejectUnauthorized: target.tls === 'verify-full',
            ...(target.ca === undefined ? {} : { ca: readFileSync(target.ca) }),
          },
  }
}

/** @param lost hears of each connection that is lost, in use or not */
export function poolOf(connection: pg.ClientConfig, lost: (error: Error) => void): pg.Pool {
  const pool = new pg.Pool({ ...connection, max: 2, idleTimeoutMillis: 30_000 })
  pool.on('error', lost)
  // One that is in use when it is lost says so itself; what runs on it fails by its own promise.
  pool.on('connect', (client) => client.on('error', lost))
  return pool
}
