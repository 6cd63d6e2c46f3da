import type { TargetConfig } from '../../config.ts'
import { CatalogError } from './errors.ts'
import { gaveWay } from './load.ts'

/** Says what to look at, without a word of the server's. */
export function notRead({ name, host, port, user, database }: TargetConfig, cause: unknown): CatalogError {
  const hint = gaveWay(cause)
    ? 'Somebody holds a lock that keeps them from being printed; pg_locks says whose it is'
    : `Check that ${host}:${port} answers and that ${user} may log in to ${database}`
  return new CatalogError('not_loaded', `The definitions of ${name} could not be read`, { cause, hint })
}
