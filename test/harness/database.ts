import { randomBytes } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import pg from 'pg'
import { inject } from 'vitest'

/** A database of its own for one test file, dropped at its end with everything that is still connected to it by then. */
export interface TestDatabase extends AsyncDisposable {
  readonly url: string
  readonly name: string
}

/** @param template the database to clone; its connections must be closed */
export async function freshDatabase(template = 'template1'): Promise<TestDatabase> {
  const name = `test_${randomBytes(6).toString('hex')}`
  const admin = inject('postgresUrl')
  await run(admin, `CREATE DATABASE ${name} TEMPLATE ${template}`)
  const url = new URL(admin)
  url.pathname = `/${name}`
  return {
    url: url.href,
    name,
    [Symbol.asyncDispose]: async () => {
      await untilLeft(admin, name)
      await run(admin, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`)
    },
  }
}

const LEAVING_MS_MAX = 2_000

/** A pool's end() is over before its sockets are closed: one that is ended by force just then throws where nobody listens. */
async function untilLeft(admin: string, name: string): Promise<void> {
  const connected = `SELECT FROM pg_stat_activity WHERE datname = '${name}'`
  for (let waited = 0; waited < LEAVING_MS_MAX && (await run(admin, connected)) > 0; waited += 20) await delay(20)
}

/** @returns how many rows it gave or changed */
async function run(url: string, sql: string): Promise<number> {
  const client = new pg.Client(url)
  await client.connect()
  try {
    return (await client.query(sql)).rowCount ?? 0
  } finally {
    await client.end()
  }
}
