import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestProject } from 'vitest/node'
import { freePort } from '../../workflows/development/free-port.ts'
import { startPostgres } from '../../workflows/development/postgres.ts'
import { defaultPolicies, opa } from '../policies/default-policy.ts'
import { installMissingPrograms } from './machine.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** A superuser's URL to the run's own PostgreSQL 18, database `postgres`. */
    readonly postgresUrl: string
    /** A cache of this run: what one test file had built and tested, the next need not. */
    readonly policyCache: string
  }
}

const say = (line: string): void => void process.stderr.write(`holdpoint: ${line}\n`)

/**
 * What takes long and is needed by many, before the first test: the machine's programs, OPA with the compiled policies,
 * and one real PostgreSQL for the whole run, in which every test file makes databases of its own.
 */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  await installMissingPrograms(say)
  await opa(say)
  await defaultPolicies(say)
  const folder = mkdtempSync(join(tmpdir(), 'holdpoint-test-'))
  chmodSync(folder, 0o755) // as root the server runs as another user, who has to reach its folder
  const port = await freePort()
  const server = await startPostgres({
    cluster: join(folder, 'postgres'),
    port,
    password: 'test',
    settings: { fsync: 'off', max_connections: '300' },
  })
  project.provide('postgresUrl', server.url('postgres'))
  project.provide('policyCache', join(folder, 'policy-cache'))
  return async () => {
    await server.stop()
    rmSync(folder, { recursive: true, force: true })
  }
}
