import { setTimeout as wait } from 'node:timers/promises'
import { serialize } from 'pg-protocol'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Message, type RawClient, transcript } from '../proxy/session/raw-client.ts'
import { canariesIn } from './canaries.ts'
import { openStand, type Stand } from './stand.ts'
import { drive } from './ways.ts'

/** So long plain tables are trusted here. That nothing is trusted, the default, is in never-stale.test.ts. */
const RECENT_MS = 50

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
  CREATE TABLE read (note text, more text);
  INSERT INTO read SELECT 'nothing', 'more of it' FROM generate_series(1, 3);
  CREATE SCHEMA early;
  CREATE FUNCTION mail_text(text) RETURNS text LANGUAGE sql AS 'SELECT email FROM customers LIMIT 1';
  CREATE FUNCTION copying() RETURNS trigger LANGUAGE plpgsql AS
    'BEGIN INSERT INTO copied SELECT email FROM customers; RETURN new; END';
`
const CLEAN = 'CREATE OR REPLACE VIEW shifting AS SELECT remark FROM plain'
const DIRTY = 'CREATE OR REPLACE VIEW shifting AS SELECT email AS remark FROM customers'

let stand: Stand
let client: RawClient
beforeAll(async () => {
  stand = await openStand(MORE, { proxy: { workers: 2 }, target: { definitionsTrustedMs: RECENT_MS } })
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
    await wait(RECENT_MS)
    expect(transcript(await client.ask(insert))).not.toContain('C INSERT 0 1')
    await stand.direct.query(undo)
    await expect.poll(async () => transcript(await client.ask(insert)), { timeout: 15_000 }).toContain('C INSERT 0 1')
  }
  expect((await stand.direct.query('SELECT count(*)::int AS n FROM copied')).rows).toEqual([{ n: 0 }])
  expect((await stand.direct.query('SELECT count(more)::int AS n FROM bare')).rows).toEqual([{ n: 0 }])
})

const PLAIN_READS = [
  'SELECT note FROM read',
  'SELECT r.note, count(*) FROM read r GROUP BY 1',
  'SELECT max(lower(note)) FROM read',
  'SELECT count(*) FROM read WHERE note <> more',
  'COPY read TO STDOUT',
  'SELECT note::int FROM read',
]
const HIDING = "SELECT email AS note, 'x'::text AS more FROM customers"

/** No longer than this after the change: see RECENT_MS. */
describe.for<readonly [what: string, change: string, undo: string]>([
  [
    'name given to a view',
    `ALTER TABLE read RENAME TO was_read; CREATE VIEW read AS ${HIDING}`,
    'DROP VIEW read; ALTER TABLE was_read RENAME TO read',
  ],
  [
    'name given to a view in one transaction',
    `BEGIN; DROP TABLE read; CREATE VIEW read AS ${HIDING}; COMMIT`,
    "DROP VIEW read; CREATE TABLE read (note text, more text); INSERT INTO read VALUES ('nothing', 'more of it')",
  ],
  ['name taken earlier on the path', `CREATE VIEW early.read AS ${HIDING}`, 'DROP VIEW early.read'],
  [
    'function’s name taken by a better match',
    'ALTER FUNCTION mail_text(text) RENAME TO lower',
    'ALTER FUNCTION public.lower(text) RENAME TO mail_text',
  ],
])('D3 a plain table’s %s elsewhere', ([, change, undo]) => {
  test.for(PLAIN_READS)('%s', async (sql) => {
    const reader = await stand.open('ana')
    await reader.ask('SET search_path = early, public, pg_catalog')
    const said = async (run: () => Promise<readonly Message[]>) => {
      const clean = await run()
      await stand.direct.query(change)
      await wait(RECENT_MS)
      const changed = await run()
      await stand.direct.query(undo)
      await wait(RECENT_MS)
      expect(canariesIn(bytesOf([...clean, ...changed]))).toEqual([])
      return transcript(clean)
    }
    for (let round = 0; round < 3; round++) {
      expect((await said(() => reader.ask(sql))).at(-1)).toBe('Z I')
    }
    if (!sql.startsWith('COPY')) {
      await drive(reader, [parse({ name: 's', text: sql }), sync()])
      const run = [bind({ statement: 's' }), execute(), sync()]
      await said(async () => drive(reader, run))
    }
    reader.close()
  })
})

test('D3 a plain table’s first policy is noticed by the next read', async () => {
  const sql = 'SELECT note FROM read'
  const read = async () => transcript(await client.ask(sql))
  for (let round = 0; round < 3; round++) {
    await expect.poll(read, { timeout: 15_000 }).toContain('D nothing')
    await stand.direct.query(
      'CREATE POLICY careful ON read USING (opaque_delete() > 0); ALTER TABLE read ENABLE ROW LEVEL SECURITY',
    )
    await wait(RECENT_MS)
    expect(await read()).not.toContain('D nothing')
    await stand.direct.query('DROP POLICY careful ON read; ALTER TABLE read DISABLE ROW LEVEL SECURITY')
  }
})

test('D3 a table that is read all the time is asked about all the time', async () => {
  const sql = 'SELECT note FROM read WHERE more <> $$x$$'
  const readers = await Promise.all(Array.from({ length: 4 }, () => stand.open('ana')))
  let changedAt = Number.POSITIVE_INFINITY
  let isOver = false
  const late: string[] = []
  const reading = readers.map(async (each) => {
    while (!isOver) {
      const askedAt = performance.now()
      const found = canariesIn(bytesOf(await each.ask(sql)))
      if (askedAt > changedAt + RECENT_MS) late.push(...found)
    }
  })
  for (let round = 0; round < 3; round++) {
    await wait(4 * RECENT_MS)
    await stand.direct.query(`ALTER TABLE read RENAME TO was_read; CREATE VIEW read AS ${HIDING}`)
    changedAt = performance.now()
    await wait(4 * RECENT_MS)
    changedAt = Number.POSITIVE_INFINITY
    await stand.direct.query('DROP VIEW read; ALTER TABLE was_read RENAME TO read')
  }
  isOver = true
  await Promise.all(reading)
  expect(late).toEqual([])
  for (const each of readers) each.close()
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
  await wait(RECENT_MS)
  expect(transcript(await client.ask(insert))).not.toContain('C INSERT 0 1')
  expect((await stand.direct.query('SELECT count(*)::int AS n FROM copied')).rows).toEqual([{ n: 0 }])
  await stand.direct.query('DROP TRIGGER copying ON written')
  const again = async () => transcript(await client.ask(insert))
  await expect.poll(again, { timeout: 15_000 }).toContain('C INSERT 0 1')
})

test('D3 a table made elsewhere in front of another, with other columns, ends the statement and not the session', async () => {
  const own = await stand.open('ana')
  await own.ask('SET search_path = early, public')
  for (let round = 0; round < 10; round++) {
    expect(transcript(await own.ask('SELECT * FROM read LIMIT 1'))).toContain('D nothing|more of it')
    await stand.direct.query('CREATE TABLE early.read (id int, email text, card text)')
    await wait(2 * RECENT_MS)
    const said = transcript(await own.ask('SELECT * FROM read LIMIT 1'))
    expect(said.join(), `${round}`).toMatch(/^(E 40001|T.*C SELECT 0),Z I$/)
    await stand.direct.query('DROP TABLE early.read')
    await wait(2 * RECENT_MS)
    await expect
      .poll(async () => transcript(await own.ask('SELECT * FROM read LIMIT 1')))
      .toContain('D nothing|more of it')
  }
  own.close()
})

test('D3 what is made elsewhere after it was found missing is not dropped for that', async () => {
  expect(transcript(await client.ask('DROP TABLE IF EXISTS nobodys'))).toContain('C DROP TABLE')
  for (let round = 0; round < 10; round++) {
    const name = `just_made_${round}`
    const sql = `DROP TABLE IF EXISTS ${name}`
    expect(transcript(await client.ask(sql))).toContain('C DROP TABLE')
    await stand.direct.query(`CREATE TABLE ${name} (id int)`)
    expect(transcript(await client.ask(sql))).toContain('E 42501')
    expect((await stand.direct.query(`SELECT count(*)::int AS n FROM ${name}`)).rows).toEqual([{ n: 0 }])
  }
})
