import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Config, loadConfig } from '../../config.ts'
import { openLog } from '../../log.ts'
import { openOwnReadings } from '../../proxy/open-own-readings.ts'
import type { KeptExamples, ReadColumn } from '../../workflows/holds/examples.ts'
import { migrate } from '../../workflows/state/migrate.ts'
import { openState } from '../../workflows/state/state.ts'
import { freshDatabase, type TestDatabase } from '../harness/database.ts'
import { POLICIES } from '../policies/default-policy.ts'
import { ana, cleo, type GateStand, openGateStand } from './gate-stand.ts'

/** What the bot's process opens for itself, from its configuration, when somebody first looks at rows. */
let shop: GateStand
let state: TestDatabase
const data = mkdtempSync(join(tmpdir(), 'holdpoint-readings-'))
beforeAll(async () => {
  shop = await openGateStand()
  state = await freshDatabase()
}, 180_000)
afterAll(async () => {
  rmSync(data, { recursive: true, force: true })
  await state?.[Symbol.asyncDispose]()
  await shop?.[Symbol.asyncDispose]()
})

function configured(changes: Partial<Config['targets'][number]> = {}): Config {
  const { hostname: host, port, username: user, password } = new URL(shop.database.url)
  const database = shop.database.name
  const target = { name: 'prod/shop', environment: 'production', host, port: Number(port), database, user, password }
  const targets = [{ ...target, tls: 'disable', ...changes }]
  return loadConfig({}, { mode: 'development', data, 'policies.path': POLICIES, targets })
}

async function opened(config: Config) {
  const stack = new AsyncDisposableStack()
  const pool = openState(state.url)
  stack.defer(() => pool.end())
  await migrate(pool)
  const log = openLog({ level: 'silent', process: 'test' })
  const readings = openOwnReadings({ config, pool, env: process.env, log, now: Date.now })
  stack.defer(() => readings.close())
  return { readings, [Symbol.asyncDispose]: () => stack.disposeAsync() }
}

function emails(): KeptExamples {
  const { snapshot } = shop.catalog
  const relation = snapshot.relation('public', 'customers')
  const source = relation && snapshot.sourcesOf(relation).find(({ column }) => column === 'email')
  const typeOid = relation?.attributes.find(({ name }) => name === 'email')?.type
  if (source === undefined || typeOid === undefined) throw new Error('customers have an e-mail address')
  const reads: readonly ReadColumn[] = [{ ...source, typeOid }]
  const rows = [{ before: [{ text: 'canary@x.org' }], after: null, changed: [false] }]
  return { role: snapshot.loginRole, reads, columns: [{ at: 0, written: false, madeOf: [] }], rows }
}

const target = () => ({ name: 'prod/shop', environment: 'production' as const, database: shop.database.name })

test('judges each identity by the configured policies and the target’s own definitions', async () => {
  await using bot = await opened(configured())
  const seen = async (identity: typeof ana) =>
    (await bot.readings.examplesFor({ identity, target: target(), examples: emails() })).rows[0]?.before
  expect(await Promise.all([seen(ana), seen(cleo)])).toEqual([['c***@***.org'], ['canary@x.org']])
})

test.each<[string, Partial<Config['targets'][number]>]>([
  ['a target that does not answer', { port: 1 }],
  ['a target that is not configured', { name: 'prod/other' }],
  ['a target that is another database by now', { database: 'other' }],
])('shows nothing of %s, and says so', async (_, changes) => {
  await using bot = await opened(configured(changes))
  const shown = await bot.readings.examplesFor({ identity: cleo, target: target(), examples: emails() })
  expect(shown).toMatchObject({ rows: [{ before: ['[hidden]'] }], policy: null })
  expect(shown.whyHidden).toMatch(/so nothing of it is shown\.$/)
})

test('tries a target again at the next look', async () => {
  const config = configured()
  const broken = { ...config, targets: config.targets.map((one) => ({ ...one })) }
  const [one] = broken.targets
  if (one === undefined) throw new Error('there is a target')
  Object.assign(one, { port: 1 })
  await using bot = await opened(broken)
  const look = () => bot.readings.examplesFor({ identity: cleo, target: target(), examples: emails() })
  expect((await look()).whyHidden).not.toBeNull()
  Object.assign(one, { port: config.targets[0]?.port })
  expect((await look()).rows[0]?.before).toEqual(['canary@x.org'])
})
