import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import pg from 'pg'
import { freshDatabase, type TestDatabase } from '../harness/database.ts'
import { type RunningHoldpoint, startHoldpoint, temporaryFolder } from '../harness/holdpoint.ts'
import { RawClient } from '../proxy/session/raw-client.ts'

/**
 * A running Holdpoint before a production database in which everything can be done: its login role is a superuser, so
 * that whatever is refused, is refused by Holdpoint and not by the server.
 */
export interface Stand extends AsyncDisposable {
  readonly holdpoint: RunningHoldpoint
  readonly database: TestDatabase
  /** What it was started with, to start it again over the same data. */
  readonly configFile: string
  /** A superuser's connection to the same database that does not go through Holdpoint. */
  readonly direct: pg.Client
  urlOf(person: string): string
  /** Puts the rows back that attacks may change. */
  replant(): Promise<void>
  /** Comes back at once when it is held, also as a person. */
  open(person: string, parameters?: Record<string, string>): Promise<RawClient>
  api(person: string, path: string, body?: object): Promise<{ readonly status: number; readonly body: never }>
}

export interface StandConfig {
  readonly target?: object
  readonly [section: string]: unknown
}

const folder = import.meta.dirname

/**
 * @param config as in a configuration file; what its `target` says goes for the one target
 * @param database one of its own on the run's server where left out
 */
export async function openStand(more = '', config: StandConfig = {}, database?: TestDatabase): Promise<Stand> {
  return standBefore(database ?? (await freshDatabase()), more, config)
}

async function standBefore(database: TestDatabase, more: string, config: StandConfig): Promise<Stand> {
  const direct = new pg.Client(database.url)
  direct.on('error', () => undefined)
  await direct.connect()
  const sample = join(folder, '../../workflows/development/sample-schema.sql')
  const replanted = readFileSync(join(folder, 'rows.sql'), 'utf8')
  for (const sql of [
    readFileSync(sample, 'utf8'),
    forServer(
      readFileSync(join(folder, 'schema.sql'), 'utf8'),
      Number((await direct.query('SHOW server_version_num')).rows[0].server_version_num),
    ),
    replanted,
    'ANALYZE',
    more,
  ])
    await direct.query(sql)
  const files = temporaryFolder()
  const file = join(files, 'targets.yaml')
  const { target, ...others } = config
  writeFileSync(file, JSON.stringify({ targets: [{ ...targetOf(database.url), ...target }], ...others }))
  const holdpoint = await startHoldpoint({ args: ['--config', file] })
  const urlOf = (person: string): string => {
    const url = new URL(holdpoint.identity(person).postgres)
    url.pathname = `/${database.name}`
    return url.href
  }
  return {
    holdpoint,
    database,
    configFile: file,
    direct,
    urlOf,
    replant: async () => {
      await direct.query(replanted)
    },
    open: (person, parameters = {}) =>
      RawClient.open(urlOf(person), { options: '-c holdpoint.on_hold=error', ...parameters }),
    async api(person, path, body) {
      const response = await fetch(`${holdpoint.ready.api}${path}`, {
        method: body === undefined ? 'GET' : 'POST',
        headers: {
          authorization: `Bearer ${holdpoint.identity(person).token}`,
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      })
      return { status: response.status, body: (await response.json()) as never }
    },
    async [Symbol.asyncDispose]() {
      await holdpoint[Symbol.asyncDispose]()
      await direct.end()
      await database[Symbol.asyncDispose]()
      rmSync(files, { recursive: true, force: true })
    },
  }
}

/** Before 18 there are no generated columns that are computed when they are read. */
function forServer(schema: string, version: number): string {
  return version < 180_000 ? schema.replaceAll(' VIRTUAL', ' STORED') : schema
}

function targetOf(url: string): object {
  const { hostname, port, pathname, username, password } = new URL(url)
  return {
    name: 'prod/adversary',
    environment: 'production',
    host: hostname,
    port: Number(port),
    database: pathname.slice(1),
    user: username,
    password: decodeURIComponent(password),
    tls: 'disable',
  }
}
