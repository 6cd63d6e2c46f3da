import pg from 'pg'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { loadLabels } from '../../../policies/labels.ts'
import { type Catalog, openCatalog } from '../../../proxy/catalog/catalog.ts'
import { createGate, type Judgement } from '../../../proxy/gate.ts'
import { POLICIES } from '../../policies/default-policy.ts'
import { type GateStand, openGateStand } from '../gate-stand.ts'
import { targetOf } from '../sql/sample.ts'

/** Holdpoint starts while somebody holds, or waits for, an ACCESS EXCLUSIVE lock for long. */
let stand: GateStand
let holding: pg.Client
let waiting: pg.Client
beforeAll(async () => {
  stand = await openGateStand(`
    CREATE TABLE locked (id int CHECK (id > 0), email text);
    CREATE VIEW seen AS SELECT id, email FROM locked; CREATE VIEW seen_again AS SELECT id FROM seen;
    CREATE TABLE above (id int PRIMARY KEY); CREATE TABLE below (id int REFERENCES above ON DELETE CASCADE);
    CREATE TABLE family (id int, email text); CREATE TABLE child () INHERITS (family);
    CREATE VIEW childs AS SELECT id FROM child;
    CREATE SCHEMA first; CREATE TABLE first.twice (id int, CHECK (id > 0)); CREATE VIEW first.of_twice AS TABLE first.twice;
    CREATE TABLE twice (id int)`)
}, 180_000)
afterAll(() => stand?.[Symbol.asyncDispose]())
beforeEach(async () => {
  holding = new pg.Client(stand.database.url)
  waiting = new pg.Client(stand.database.url)
  waiting.on('error', () => undefined)
  await Promise.all([holding.connect(), waiting.connect()])
})
afterEach(async () => {
  await Promise.all([holding.end(), waiting.end()])
})

const log = { warn: () => undefined, info: () => undefined }
const start = (): Promise<Catalog> =>
  openCatalog({ target: targetOf(stand.database.url), labels: loadLabels(POLICIES), log })
const said = ({ decision, nativeError }: Judgement) => [decision.outcome, nativeError?.sqlstate ?? null]
const LOCKED = ['deny', '55P03']

async function judging(catalog: Catalog, sql: string, searchPath = '"$user", public') {
  const gate = createGate({ catalogs: new Map([['prod/shop', catalog]]), policy: () => stand.policy })
  return said((await gate.judge(sql, stand.session({ searchPath })))[0] as Judgement)
}

async function compared(catalog: Catalog, expected: Readonly<Record<string, readonly unknown[]>>): Promise<void> {
  const asked = Object.keys(expected)
  const answers = await Promise.all(asked.map((sql) => judging(catalog, sql)))
  expect(Object.fromEntries(asked.map((sql, index) => [sql, answers[index]]))).toEqual(expected)
}

test('it starts, and nothing waits but what needs what is locked', async () => {
  await holding.query('BEGIN; LOCK TABLE locked, below, child IN ACCESS EXCLUSIVE MODE')
  const catalog = await start()
  expect(catalog.pending).not.toBeNull()
  await compared(catalog, {
    'SELECT id FROM customers': ['allow', null],
    'SELECT * FROM customer_contacts': ['allow', null],
    'SELECT 1': ['allow', null],
    'INSERT INTO twice VALUES (1)': ['allow', null],
    'SELECT id FROM seen': LOCKED,
    'SELECT id FROM seen_again': LOCKED,
    'SELECT id FROM locked': LOCKED,
    'SELECT email FROM family': LOCKED,
    'DELETE FROM above WHERE id = 1': LOCKED,
  })
  await holding.query('ROLLBACK')
  await catalog.pending
  await compared(catalog, {
    'SELECT id FROM seen': ['allow', null],
    'SELECT id FROM seen_again': ['allow', null],
    'SELECT email FROM family': ['allow', null],
  })
  expect(catalog.snapshot.definitions.relations.map(({ oid }) => oid).sort()).toEqual(
    stand.catalog.snapshot.definitions.relations.map(({ oid }) => oid).sort(),
  )
  for (const name of ['locked', 'seen', 'seen_again', 'above', 'below', 'family', 'child', 'childs']) {
    const oid = stand.catalog.snapshot.relation('public', name)?.oid ?? 0
    expect(catalog.snapshot.definitionHash(oid), name).toBe(stand.catalog.snapshot.definitionHash(oid))
  }
  await catalog.close()
})

test('a name is not taken for another of that name, while the one it means is locked', async () => {
  await holding.query('BEGIN; LOCK TABLE first.twice IN ACCESS EXCLUSIVE MODE')
  const catalog = await start()
  expect(await judging(catalog, 'SELECT id FROM twice', 'first, public')).toEqual(LOCKED)
  await holding.query('ROLLBACK')
  await catalog.close()
})

test('a lock that is only waited for is in the way as well', async () => {
  await holding.query('BEGIN; SELECT * FROM locked')
  const { pid } = (await waiting.query('SELECT pg_backend_pid() AS pid')).rows[0]
  const waits = waiting.query('BEGIN; LOCK TABLE locked IN ACCESS EXCLUSIVE MODE').catch(() => undefined)
  const isWaiting = 'SELECT count(*)::int AS n FROM pg_locks WHERE pid = $1 AND NOT granted'
  await expect.poll(async () => (await stand.client.query(isWaiting, [pid])).rows[0].n, { timeout: 30_000 }).toBe(1)
  const catalog = await start()
  expect(await judging(catalog, 'SELECT id FROM customers')).toEqual(['allow', null])
  expect(await judging(catalog, 'SELECT id FROM seen')).toEqual(LOCKED)
  await holding.query('ROLLBACK')
  await waits
  await waiting.query('ROLLBACK')
  await catalog.close()
})

test('what cannot be begun without is not waited for for ever, and the error says where to look', async () => {
  const atomic = 'CREATE FUNCTION of_locked() RETURNS bigint LANGUAGE sql BEGIN ATOMIC SELECT count(*) FROM locked; END'
  await stand.client.query(atomic)
  await holding.query('BEGIN; LOCK TABLE locked IN ACCESS EXCLUSIVE MODE')
  await expect(start()).rejects.toMatchObject({ code: 'not_loaded', hint: expect.stringContaining('pg_locks') })
  await holding.query('ROLLBACK')
  await stand.client.query('DROP FUNCTION of_locked')
})
