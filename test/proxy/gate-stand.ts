import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import pg from 'pg'
import type { TargetConfig } from '../../config.ts'
import type { Policy } from '../../policies/evaluate.ts'
import type { Identity } from '../../policies/input.ts'
import { loadLabels } from '../../policies/labels.ts'
import { type Catalog, openCatalog } from '../../proxy/catalog/catalog.ts'
import { createGate, type Gate, type Judgement, type SessionView } from '../../proxy/gate.ts'
import { loadParser } from '../../proxy/sql/analyse.ts'
import { freshDatabase, type TestDatabase } from '../harness/database.ts'
import { defaultPolicy, POLICIES } from '../policies/default-policy.ts'

const person = (name: string, ...groups: string[]) => ({ issuer: 'https://id.test', subject: name, name, groups })
const human = (name: string, ...groups: string[]): Identity => ({
  ...person(name, ...groups),
  kind: 'human',
  actsFor: null,
  provenBy: 'oidc',
  expiresAt: '2030-01-01T00:00:00Z',
})

export const ana = human('ana', 'engineers')
export const cleo = human('cleo', 'dba', 'data-owners', 'security', 'pii-readers')
export const bot: Identity = { ...human('report-bot', 'agents'), kind: 'agent', actsFor: person('ana', 'engineers') }
export const etl: Identity = { ...human('etl', 'services'), kind: 'service', provenBy: 'service_token' }

/** A gate before the sample shop on a real PostgreSQL, judging by the default policies. */
export interface GateStand extends AsyncDisposable {
  readonly gate: Gate
  readonly catalog: Catalog
  readonly policy: Policy
  readonly client: pg.Client
  readonly database: TestDatabase
  session(changes?: Partial<SessionView>): SessionView
  /** The judgement of a text of one statement. */
  judge(text: string, changes?: Partial<SessionView>): Promise<Judgement>
}

export async function openGateStand(more = ''): Promise<GateStand> {
  await loadParser()
  const database = await freshDatabase()
  const client = new pg.Client(database.url)
  await client.connect()
  const schema = join(import.meta.dirname, '../../workflows/development/sample-schema.sql')
  await client.query(readFileSync(schema, 'utf8') + more)
  const url = new URL(database.url)
  const target: TargetConfig = {
    name: 'prod/shop',
    environment: 'production',
    host: url.hostname,
    port: Number(url.port),
    database: database.name,
    user: url.username,
    password: url.password,
    tls: 'disable',
  }
  const log = { warn: () => undefined, info: () => undefined }
  const catalog = await openCatalog({ target, labels: loadLabels(POLICIES), log })
  const policy = await defaultPolicy()
  const gate = createGate({
    catalogs: new Map([
      ['prod/shop', catalog],
      ['dev/shop', catalog],
    ]),
    policy: () => policy,
  })
  const session = (changes: Partial<SessionView> = {}): SessionView => ({
    identity: ana,
    target: { name: 'prod/shop', environment: 'production', database: database.name },
    door: 'postgres',
    application: 'test',
    transaction: 'idle',
    role: target.user,
    searchPath: '"$user", public',
    temporaryRelations: new Set(),
    preparedStatement: () => undefined,
    cursor: () => undefined,
    ...changes,
  })
  return {
    gate,
    catalog,
    policy,
    client,
    database,
    session,
    async judge(text, changes) {
      const judgements = await gate.judge(text, session(changes))
      if (judgements.length !== 1) throw new Error(`${judgements.length} judgements`)
      return judgements[0] as Judgement
    },
    async [Symbol.asyncDispose]() {
      await catalog.close()
      await client.end()
      await database[Symbol.asyncDispose]()
    },
  }
}

/** How a development target differs: what is loose there and held or denied in production. */
export const development: Partial<SessionView> = {
  target: { name: 'dev/shop', environment: 'development', database: 'shop' },
}
