import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Footing } from '../../../proxy/catalog/confirmations.ts'
import { QuestionConnection } from '../../../proxy/catalog/question-connection.ts'
import { Witnesses } from '../../../proxy/catalog/witnesses.ts'
import { backend } from '../../../proxy/wire/message-types.ts'
import { decodeTextRow } from '../../../proxy/wire/messages/data-row.ts'
import { encodeQuery } from '../../../proxy/wire/messages/query.ts'
import { type Sample, sample, targetOf } from '../sql/sample.ts'

let shop: Sample
let connection: QuestionConnection
let witnesses: Witnesses
beforeAll(async () => {
  shop = await sample()
  await shop.client.query(`CREATE TABLE watched (id int, note text); CREATE TABLE neighbour (id int PRIMARY KEY);
    CREATE FUNCTION copying() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN new; END'`)
  await shop.catalog.refresh()
  connection = await connect(shop.url)
  witnesses = new Witnesses(connection)
}, 60_000)
afterAll(async () => {
  connection?.close()
  await shop?.[Symbol.asyncDispose]()
})

function connect(url: string): Promise<QuestionConnection> {
  return QuestionConnection.open(targetOf(url), () => undefined)
}

function footing(changes: Partial<Footing> = {}): Footing {
  const { snapshot } = shop.catalog
  return {
    snapshot,
    isPlain: true,
    relations: new Set([snapshot.relation('public', 'watched')?.oid as number]),
    relationNames: new Set(['watched']),
    routines: new Set(),
    routineNames: new Set(['lower']),
    domains: new Set(),
    ...changes,
  }
}

async function stands(of: Footing): Promise<boolean> {
  return (await witnesses.ask([of])).stands(of)
}

async function confirm(of: Footing): Promise<void> {
  const answers = await witnesses.ask([of])
  answers.confirmed(of)
}

/**
 * A server that has told its sessions of very much at once, such as other tests' tables, begins anew with who has fallen
 * behind, and then each of its witnesses tells of a change that was none. So it is tried again.
 */
const TRIED = { timeout: 20_000, interval: 20 }

/** Confirmed, and nothing has happened since. */
async function settled(of: Footing): Promise<boolean> {
  await confirm(of)
  return stands(of)
}

test('a witness says nothing before what it stands for was looked at', async () => {
  const of = footing()
  expect(await stands(of)).toBe(false)
  await expect.poll(() => settled(of), TRIED).toBe(true)
})

test.for([
  'CREATE TRIGGER t BEFORE INSERT ON watched FOR EACH ROW EXECUTE FUNCTION copying()',
  'CREATE TRIGGER u BEFORE INSERT ON watched FOR EACH ROW EXECUTE FUNCTION copying()',
  'ALTER TABLE watched DISABLE TRIGGER u',
  'DROP TRIGGER t ON watched',
  "ALTER TABLE watched ALTER note SET DEFAULT 'a'",
  "ALTER TABLE watched ALTER note SET DEFAULT 'b'",
  'ALTER TABLE watched ADD CHECK (id > 0)',
  'ALTER TABLE watched ADD FOREIGN KEY (id) REFERENCES neighbour',
  'CREATE INDEX ON watched (upper(note))',
  'CREATE RULE r AS ON INSERT TO watched DO ALSO NOTHING',
  'CREATE OR REPLACE RULE r AS ON INSERT TO watched DO ALSO SELECT 1',
  'CREATE POLICY p ON watched USING (true)',
  'ALTER TABLE watched ENABLE ROW LEVEL SECURITY',
  'ALTER POLICY p ON watched USING (false)',
  'CREATE TABLE first_child () INHERITS (watched)',
  'CREATE TABLE second_child () INHERITS (watched)',
  'ALTER TABLE watched RENAME note TO noted',
  'ALTER TABLE watched RENAME TO renamed; ALTER TABLE renamed RENAME TO watched',
  'ALTER TABLE watched ALTER id TYPE bigint',
  'BEGIN; SAVEPOINT s; ALTER TABLE watched ADD COLUMN more int; RELEASE s; COMMIT',
  'CREATE SCHEMA early; CREATE VIEW early.watched AS SELECT 1 AS id',
  'DROP VIEW early.watched',
  'CREATE FUNCTION early.lower(text) RETURNS text LANGUAGE sql RETURN $1',
  'CREATE OR REPLACE FUNCTION early.lower(text) RETURNS text LANGUAGE sql RETURN $1 || $1',
  'CREATE OPERATOR ==== (LEFTARG = int, RIGHTARG = int, FUNCTION = int4eq)',
  'CREATE CAST (text AS int) WITH INOUT',
  'DROP CAST (text AS int)',
  'ALTER SCHEMA early RENAME TO later',
])('the witness of a plain table tells, once: %s', async (change) => {
  const of = footing()
  await expect.poll(() => settled(of), TRIED).toBe(true)
  await shop.client.query(change)
  expect(await stands(of)).toBe(false)
  await expect.poll(() => settled(of), TRIED).toBe(true)
})

test('what happens to rows, and to what is named otherwise, is not told', async () => {
  const of = footing()
  await confirm(of)
  await shop.client.query(`INSERT INTO neighbour VALUES (1), (2); CREATE TABLE another (id int);
    CREATE FUNCTION nobodys() RETURNS int LANGUAGE sql RETURN 1; CREATE TEMPORARY TABLE passing (id int);
    ALTER TABLE another ADD COLUMN more int; COMMENT ON TABLE watched IS 'x'`)
  // The first temporary table of a session may make a schema for them, once.
  await shop.client.query('DROP TABLE another, passing')
  const passing = async () => {
    await confirm(of)
    await shop.client.query('CREATE TEMPORARY TABLE watched (id int); DROP TABLE pg_temp.watched')
    return stands(of)
  }
  await expect.poll(passing, TRIED).toBe(true)
})

test('it takes no lock on the table, and needs no right to it', async () => {
  const of = footing()
  await shop.client.query("CREATE ROLE watcher LOGIN PASSWORD 'watcher'")
  const other = await connect(Object.assign(new URL(shop.url), { username: 'watcher', password: 'watcher' }).href)
  try {
    const theirs = new Witnesses(other)
    await theirs.ask([of])
    await shop.client.query('BEGIN; LOCK TABLE watched IN ACCESS EXCLUSIVE MODE')
    const beside = async () => {
      const answers = await theirs.ask([of])
      answers.confirmed(of)
      return (await theirs.ask([of])).stands(of)
    }
    await expect.poll(beside, TRIED).toBe(true)
  } finally {
    await shop.client.query('ROLLBACK')
    other.close()
    await shop.client.query('DROP ROLE watcher')
  }
})

test('what was said of one reading of the definitions is not said of the next', async () => {
  const before = footing()
  await confirm(before)
  shop.catalog.relabel({ labelsFor: () => [] })
  expect(await stands(footing())).toBe(false)
  await expect.poll(() => settled(before), TRIED).toBe(true)
})

test.for<readonly [what: string, changes: Partial<Footing>]>([
  ['more than plain tables', { isPlain: false }],
  ['domains', { domains: new Set([1]) }],
])('there is no witness for %s', async ([, changes]) => {
  const of = footing(changes)
  await confirm(of)
  expect(await stands(of)).toBe(false)
})

test('of many sets of tables the ones asked about last are known, and the others once more when they are asked', async () => {
  const all = Array.from({ length: 600 }, (_, index) => footing({ relationNames: new Set(['watched', `t'${index}`]) }))
  for (const of of all) await confirm(of)
  expect(await stands(all[0] as Footing)).toBe(false)
  await expect.poll(() => settled(all[599] as Footing), TRIED).toBe(true)
  await expect.poll(() => settled(all[0] as Footing), TRIED).toBe(true)
  const reply = await connection.ask(encodeQuery('SELECT count(*) FROM pg_prepared_statements'), null)
  expect(reply?.filter(([type]) => type === backend.dataRow).map(decodeTextRow)).toEqual([['500']])
})

test('several are asked in one go, and each is told for itself', async () => {
  const { snapshot } = shop.catalog
  const oid = snapshot.relation('public', 'neighbour')?.oid as number
  const [one, other] = [footing(), footing({ relations: new Set([oid]), relationNames: new Set(['neighbour']) })]
  let columns = 0
  const told = async () => {
    const answers = await witnesses.ask([one, other])
    answers.confirmed(one)
    answers.confirmed(other)
    await shop.client.query(`ALTER TABLE neighbour ADD COLUMN more_${++columns} int`)
    const now = await witnesses.ask([one, other])
    return [now.stands(one), now.stands(other)]
  }
  await expect.poll(told, TRIED).toEqual([true, false])
})

test('so many may be asked about at once that not each has a witness, and those that have go on', async () => {
  const many = Array.from({ length: 600 }, (_, index) => footing({ relationNames: new Set([`nothing_${index}`]) }))
  const standing = async () => {
    const answers = await witnesses.ask(many)
    for (const of of many) answers.confirmed(of)
    const again = await witnesses.ask(many)
    return many.filter((of) => again.stands(of)).length
  }
  await expect.poll(standing, TRIED).toBeGreaterThan(400)
})

test('a question that took too long is asked again, and one that the server cannot understand is not', async () => {
  const of = footing()
  await expect.poll(() => settled(of), TRIED).toBe(true)
  await shop.client.query('BEGIN; LOCK TABLE pg_cast IN ACCESS EXCLUSIVE MODE')
  await connection.ask(encodeQuery("SET statement_timeout = '1ms'"), null)
  expect(await stands(of)).toBe(false)
  await connection.ask(encodeQuery("SET statement_timeout = '5s'"), null)
  await shop.client.query('ROLLBACK')
  await expect.poll(() => settled(of), TRIED).toBe(true)
  const others = await connect(shop.url)
  const theirs = new Witnesses(others)
  await theirs.ask([of])
  await others.ask(encodeQuery('DEALLOCATE ALL'), null)
  const answers = await theirs.ask([of])
  answers.confirmed(of)
  expect((await theirs.ask([of])).stands(of)).toBe(false)
  others.close()
})

test('questions that are under way at once are answered each for itself', async () => {
  const { snapshot } = shop.catalog
  const oid = snapshot.relation('public', 'neighbour')?.oid as number
  const other = footing({ relations: new Set([oid]), relationNames: new Set(['neighbour']) })
  const both = async () => {
    const asked = await Promise.all([
      witnesses.ask([footing()]),
      witnesses.ask([other]),
      witnesses.ask([footing(), other]),
    ])
    for (const answers of asked) for (const of of [footing(), other]) answers.confirmed(of)
    const [one, two, together] = await Promise.all([
      witnesses.ask([footing()]),
      witnesses.ask([other]),
      witnesses.ask([footing(), other]),
    ])
    return [one.stands(footing()), one.stands(other), two.stands(footing()), two.stands(other), together.stands(other)]
  }
  await expect.poll(both, TRIED).toEqual([true, false, false, true, true])
})
