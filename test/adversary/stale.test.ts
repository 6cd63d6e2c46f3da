import { serialize } from 'pg-protocol'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Message, type RawClient, transcript } from '../proxy/session/raw-client.ts'
import { canariesIn } from './canaries.ts'
import { openStand, type Stand } from './stand.ts'
import { drive } from './ways.ts'

/**
 * ADVERSARY D3: a definition is replaced by somebody whom Holdpoint does not see, between two runs of a statement whose
 * judgement is remembered. Whatever the moment, no canary comes out.
 */
const { parse, bind, execute, sync } = serialize

const MORE = `
  CREATE VIEW shifting AS SELECT remark FROM plain;
  CREATE VIEW above AS SELECT upper(remark) AS remark FROM shifting;
  CREATE FUNCTION told(text) RETURNS text LANGUAGE sql STABLE AS 'SELECT $1';
  CREATE TABLE written (id serial, note text);
  CREATE TABLE copied (note text);
  CREATE TABLE bare (note text, more text);
  CREATE FUNCTION copying() RETURNS trigger LANGUAGE plpgsql AS
    'BEGIN INSERT INTO copied SELECT email FROM customers; RETURN new; END';
`
const CLEAN = 'CREATE OR REPLACE VIEW shifting AS SELECT remark FROM plain'
const DIRTY = 'CREATE OR REPLACE VIEW shifting AS SELECT email AS remark FROM customers'

let stand: Stand
let client: RawClient
beforeAll(async () => {
  stand = await openStand(MORE, { proxy: { workers: 2 } })
  client = await stand.open('ana')
}, 180_000)
afterAll(async () => {
  client?.close()
  await stand?.[Symbol.asyncDispose]()
})

const bytesOf = (messages: readonly Message[]): Buffer => Buffer.concat(messages.map(({ bytes }) => bytes))
describe('D3 a view replaced elsewhere between two runs of one statement', () => {
  test.for([
    'SELECT remark FROM shifting',
    'SELECT max(remark) FROM shifting',
    'SELECT remark FROM above',
    'COPY (SELECT remark FROM shifting) TO STDOUT',
    'SELECT remark::int FROM shifting',
  ])('%s', async (sql) => {
    for (let round = 0; round < 3; round++) {
      await stand.direct.query(CLEAN)
      await client.ask(sql)
      await stand.direct.query(DIRTY)
      const said = await client.ask(sql)
      expect(canariesIn(bytesOf(said))).toEqual([])
      expect(transcript(said).at(-1)).toBe('Z I')
    }
    await stand.direct.query(CLEAN)
  })
})

test('D3 the same when the statement was prepared once and is bound again', async () => {
  await drive(client, [parse({ name: 's', text: 'SELECT remark FROM shifting' }), sync()])
  for (let round = 0; round < 5; round++) {
    await stand.direct.query(CLEAN)
    const run = [bind({ statement: 's' }), execute(), sync()]
    await drive(client, run)
    await stand.direct.query(DIRTY)
    expect(canariesIn(bytesOf(await drive(client, run)))).toEqual([])
  }
  await stand.direct.query(CLEAN)
})

test('D3 a function replaced elsewhere, also where it is first called in the middle of the result', async () => {
  const sql = 'SELECT told(remark) FROM plain'
  const lazily =
    "SELECT CASE WHEN n = 30000 THEN told('x') ELSE repeat('y', 40) END FROM generate_series(1, 30000) AS n"
  for (const each of [sql, lazily]) {
    await stand.direct.query("CREATE OR REPLACE FUNCTION told(text) RETURNS text LANGUAGE sql STABLE AS 'SELECT $1'")
    expect(transcript(await client.ask(each)).at(-1)).toBe('Z I')
    await stand.direct.query(
      "CREATE OR REPLACE FUNCTION told(text) RETURNS text LANGUAGE sql STABLE AS 'SELECT email FROM customers LIMIT 1'",
    )
    expect(canariesIn(bytesOf(await client.ask(each)))).toEqual([])
  }
})

/** Of a table that nothing is attached to, and of a name that is another's by now. */
test.for<readonly [what: string, change: string, undo: string]>([
  [
    'first trigger',
    'CREATE TRIGGER copying AFTER INSERT ON bare FOR EACH ROW EXECUTE FUNCTION copying()',
    'DROP TRIGGER copying ON bare',
  ],
  [
    'first rule',
    'CREATE RULE copying AS ON INSERT TO bare DO ALSO INSERT INTO copied SELECT email FROM customers',
    'DROP RULE copying ON bare',
  ],
  [
    'first default, inside a transaction of its own',
    'BEGIN; SAVEPOINT s; ALTER TABLE bare ALTER more SET DEFAULT mail_of(1); RELEASE s; COMMIT',
    'ALTER TABLE bare ALTER more DROP DEFAULT',
  ],
  [
    'name for a view with a rule',
    `ALTER TABLE bare RENAME TO bared; CREATE VIEW bare AS SELECT * FROM bared;
     CREATE RULE copying AS ON INSERT TO bare DO INSTEAD INSERT INTO copied SELECT email FROM customers`,
    'DROP VIEW bare; ALTER TABLE bared RENAME TO bare',
  ],
])('D3 a plain table’s %s made elsewhere does not serve the next write', async ([, change, undo]) => {
  const insert = "INSERT INTO bare (note) VALUES ('x')"
  await expect.poll(async () => transcript(await client.ask(insert)), { timeout: 15_000 }).toContain('C INSERT 0 1')
  for (let round = 0; round < 3; round++) {
    await stand.direct.query(change)
    expect(transcript(await client.ask(insert))).not.toContain('C INSERT 0 1')
    await stand.direct.query(undo)
    await expect.poll(async () => transcript(await client.ask(insert)), { timeout: 15_000 }).toContain('C INSERT 0 1')
  }
  expect((await stand.direct.query('SELECT count(*)::int AS n FROM copied')).rows).toEqual([{ n: 0 }])
  expect((await stand.direct.query('SELECT count(more)::int AS n FROM bare')).rows).toEqual([{ n: 0 }])
})

test('D3 every process notices', async () => {
  const clients = await Promise.all(Array.from({ length: 12 }, () => stand.open('ana')))
  const sql = 'SELECT remark FROM shifting'
  await stand.direct.query(CLEAN)
  for (const each of clients) await each.ask(sql)
  await stand.direct.query(DIRTY)
  const said = await Promise.all(clients.map((each) => each.ask(sql)))
  expect(said.flatMap((each) => canariesIn(bytesOf(each)))).toEqual([])
  await stand.direct.query(CLEAN)
  for (const each of clients) each.close()
})

test('D3 a trigger made elsewhere does not fire under a write that was judged without it', async () => {
  const insert = "INSERT INTO written (note) VALUES ('x')"
  expect(transcript(await client.ask(insert))).toContain('C INSERT 0 1')
  await stand.direct.query('CREATE TRIGGER copying AFTER INSERT ON written FOR EACH ROW EXECUTE FUNCTION copying()')
  expect(transcript(await client.ask(insert))).not.toContain('C INSERT 0 1')
  expect((await stand.direct.query('SELECT count(*)::int AS n FROM copied')).rows).toEqual([{ n: 0 }])
  await stand.direct.query('DROP TRIGGER copying ON written')
  const again = async () => transcript(await client.ask(insert))
  await expect.poll(again, { timeout: 15_000 }).toContain('C INSERT 0 1')
})
