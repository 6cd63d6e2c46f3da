import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { type Config, loadConfig } from '../../../config.ts'
import { openLog } from '../../../log.ts'
import { type ProxyServer, startProxy } from '../../../proxy/server.ts'
import type { Hold } from '../../../workflows/holds/hold.ts'
import { startWorker } from '../../../workflows/worker.ts'
import { openWorkflows, type Workflows } from '../../../workflows/workflows.ts'
import { freshDatabase, type TestDatabase } from '../../harness/database.ts'
import { opa, POLICIES } from '../../policies/default-policy.ts'
import { type KeyServer, startKeyServer } from '../identity/stand.ts'

/** A whole proxy with all its doors, in this process, before a copy of the sample shop; and the worker beside it. */
export interface DoorsStand extends AsyncDisposable {
  readonly config: Config
  readonly workflows: Workflows
  readonly keys: KeyServer
  readonly direct: pg.Client
  readonly base: string
  /** Of the wire, without anybody in it. */
  readonly wireUrl: string
  /** Ends the proxy and starts another one on the same databases. */
  restart(meanwhile?: () => Promise<void>): Promise<void>
  token(name: string, more?: Readonly<Record<string, unknown>>): Promise<string>
  /** @param claims of the token, beside the usual */
  call(name: string, method: string, path: string, body?: object, claims?: object): Promise<Called>
  statement(name: string, sql: string, more?: object): Promise<Called>
  /** As a reviewer would in the console. */
  answer(hold: string, choice: 'approve' | 'reject', by?: string): Promise<Hold>
  /** @param onHold `error` when left out */
  wire(name: string, claims?: object, onHold?: 'error' | 'wait'): Promise<pg.Client>
}

export interface Called {
  readonly status: number
  readonly headers: Headers
  // biome-ignore lint/suspicious/noExplicitAny: tests look at whatever came
  readonly body: any
  readonly text: string
}

const GROUPS: Readonly<Record<string, readonly string[]>> = {
  ana: ['engineers'],
  ben: ['engineers', 'dba', 'data-owners'],
  cleo: ['dba', 'security', 'data-owners'],
  dora: ['engineers'],
  gus: ['engineers', 'break-glass'],
  'report-bot': ['agents'],
}

export async function openDoorsStand(overrides: Readonly<Record<string, unknown>> = {}): Promise<DoorsStand> {
  const keys = await startKeyServer()
  const [shop, state] = await Promise.all([freshDatabase(), freshDatabase()])
  const data = mkdtempSync(join(tmpdir(), 'holdpoint-doors-'))
  const direct = new pg.Client(shop.url)
  await direct.connect()
  await direct.query(
    readFileSync(join(import.meta.dirname, '../../../workflows/development/sample-schema.sql'), 'utf8'),
  )
  await direct.query(readFileSync(join(import.meta.dirname, 'rows.sql'), 'utf8'))
  const config = configOf({ keys, shop, state, data, overrides })
  const log = openLog({ level: (process.env.DOORS_LOG ?? 'silent') as 'silent', process: 'test' })
  const now = Date.now
  const workflows = await openWorkflows({ config, log, now })
  for (const name of ['ana', 'ben', 'cleo']) {
    const groups = GROUPS[name] ?? []
    await workflows.directory.upsert({ issuer: keys.issuer, subject: name, name, email: null, kind: 'human', groups })
  }
  const worker = await startWorker({ config, workflows, deliveries: [], log, now })
  const start = (): Promise<ProxyServer> =>
    startProxy({ config, number: 1, opa: () => opa(), cancelElsewhere: () => undefined, log, now })
  let proxy = await start()
  const base = (): string => `http://127.0.0.1:${proxy.doorsPort}`

  const token = (name: string, more: Readonly<Record<string, unknown>> = {}): Promise<string> => {
    const about = { iss: keys.issuer, aud: 'holdpoint', client_id: 'test', exp: Math.floor(now() / 1000) + 3600 }
    const ana = { sub: 'ana', preferred_username: 'ana', groups: GROUPS.ana }
    const act = { sub: 'report-bot', preferred_username: 'report-bot', groups: GROUPS['report-bot'] }
    const who = name === 'report-bot' ? { ...ana, act } : { sub: name, preferred_username: name, groups: GROUPS[name] }
    return keys.token({ ...about, ...who, ...more })
  }
  const call: DoorsStand['call'] = async (name, method, path, body, claims = {}) => {
    const headers = { authorization: `Bearer ${await token(name, { ...claims })}` }
    const response = await fetch(`${base()}${path}`, {
      method,
      headers: body === undefined ? headers : { ...headers, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    const text = await response.text()
    return { status: response.status, headers: response.headers, text, body: text === '' ? null : JSON.parse(text) }
  }
  return {
    config,
    workflows,
    keys,
    direct,
    get base() {
      return base()
    },
    get wireUrl() {
      return `postgres://127.0.0.1:${proxy.port}`
    },
    async restart(meanwhile = async () => undefined) {
      await proxy.close()
      await meanwhile()
      proxy = await start()
    },
    token,
    call,
    statement: (name, sql, more = {}) => call(name, 'POST', '/v1/targets/prod/shop/statements', { sql, ...more }),
    answer: (hold, choice, by = 'cleo') =>
      workflows.holds.vote(hold, { issuer: keys.issuer, subject: by }, { choice, reason: 'because', via: 'console' }),
    async wire(name, claims = {}, onHold = 'error') {
      const client = new pg.Client({
        host: '127.0.0.1',
        port: proxy.port,
        user: name,
        password: await token(name, { ...claims }),
        database: 'prod/shop',
        options: `-c holdpoint.on_hold=${onHold}`,
      })
      await client.connect()
      return client
    },
    async [Symbol.asyncDispose]() {
      await proxy.close()
      await worker.close()
      await workflows.close()
      await direct.end()
      await Promise.all([shop[Symbol.asyncDispose](), state[Symbol.asyncDispose](), keys.down()])
      rmSync(data, { recursive: true, force: true })
    },
  }
}

interface ConfigParts {
  readonly keys: KeyServer
  readonly shop: TestDatabase
  readonly state: TestDatabase
  readonly data: string
  readonly overrides: Readonly<Record<string, unknown>>
}

function configOf({ keys, shop, state, data, overrides }: ConfigParts): Config {
  const url = new URL(shop.url)
  const target = {
    name: 'prod/shop',
    environment: 'production',
    host: url.hostname,
    port: Number(url.port),
    database: shop.name,
    user: url.username,
    password: url.password,
    tls: 'disable',
  }
  return loadConfig(
    {},
    {
      data,
      mode: 'development',
      'proxy.port': 0,
      'doors.port': 0,
      'state.url': state.url,
      'policies.path': POLICIES,
      targets: [target],
      'identity.providers': [{ issuer: keys.issuer, audience: 'holdpoint', algorithms: ['ES256'] }],
      ...overrides,
    },
  )
}
