import { readFileSync } from 'node:fs'
import type pg from 'pg'
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
