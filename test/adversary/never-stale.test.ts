import { serialize } from 'pg-protocol'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Message, type RawClient, transcript } from '../proxy/session/raw-client.ts'
import { canariesIn } from './canaries.ts'
import { openStand, type Stand } from './stand.ts'
import { drive } from './ways.ts'

/**
 * ADVERSARY D3 for plain tables, as it is unless something else is configured: what somebody has changed whom Holdpoint
 * does not see is known to the very next statement, whichever way it comes.
 */
const { parse, bind, execute, query, sync } = serialize

const MORE = `
  CREATE TABLE copied (note text);
  CREATE TABLE bare (note text, more text);
  CREATE TABLE read (note text, more text);
  INSERT INTO read SELECT 'nothing', 'more of it' FROM generate_series(1, 3);
  CREATE SCHEMA early;
  CREATE FUNCTION mail_text(text) RETURNS text LANGUAGE sql AS 'SELECT email FROM customers LIMIT 1';
  CREATE FUNCTION copying() RETURNS trigger LANGUAGE plpgsql AS
    'BEGIN INSERT INTO copied SELECT email FROM customers; RETURN new; END';
`

let stand: Stand
let client: RawClient
beforeAll(async () => {
  stand = await openStand(MORE)
  client = await stand.open('ana')
  await client.ask('SET search_path = early, public, pg_catalog')
}, 180_000)
afterAll(async () => {
  client?.close()
  await stand?.[Symbol.asyncDispose]()
})

const again = [bind({ statement: 's' }), execute(), sync()]
const harmless = [parse({ text: 'SELECT 1' }), bind(), execute()]

/** What is sent once, and what is sent each time. */
const WAYS: readonly (readonly [
  name: string,
  first: (sql: string) => readonly Buffer[],
  each: (sql: string) => readonly Buffer[],
])[] = [
  ['simple', () => [], (sql) => [query(sql)]],
  ['extended', () => [], (sql) => [parse({ text: sql }), bind(), execute(), sync()]],
  [
    'pipelined between harmless ones',
    () => [],
    (sql) => [...harmless, parse({ text: sql }), bind(), execute(), ...harmless, sync()],
  ],
  ['prepared once', (sql) => [parse({ name: 's', text: sql }), sync()], () => again],
  ['prepared by SQL', (sql) => [query(`PREPARE s AS ${sql}`)], () => [query('EXECUTE s')]],
]

async function anew(first: readonly Buffer[]): Promise<void> {
  await drive(client, [query('DEALLOCATE ALL'), ...first])
}

const bytesOf = (messages: readonly Message[]): Buffer => Buffer.concat(messages.map(({ bytes }) => bytes))
const INSERT = "INSERT INTO bare (note) VALUES ('x')"
const WRITTEN = 'C INSERT 0 1'

describe.for(WAYS)('a write that is sent %s', ([, first, each]) => {
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
      `BEGIN; SAVEPOINT s; ALTER TABLE bare ALTER more SET DEFAULT mail_text('x'); RELEASE s; COMMIT`,
      'ALTER TABLE bare ALTER more DROP DEFAULT',
    ],
    [
      'name for a view with a rule',
      `ALTER TABLE bare RENAME TO bared; CREATE VIEW bare AS SELECT * FROM bared;
       CREATE RULE copying AS ON INSERT TO bare DO INSTEAD INSERT INTO copied SELECT email FROM customers`,
      'DROP VIEW bare; ALTER TABLE bared RENAME TO bare',
    ],
  ])('meets the table’s %s', async ([, change, undo]) => {
    const run = async () => transcript(await drive(client, each(INSERT)))
    // What was prepared before its names changed may have to be prepared again.
    const runs = () => expect.poll(() => anew(first(INSERT)).then(run), { timeout: 15_000 }).toContain(WRITTEN)
    for (let round = 0; round < 3; round++) {
      await runs()
      await stand.direct.query(change)
      expect(await run()).not.toContain(WRITTEN)
      await stand.direct.query(undo)
    }
    await runs()
    expect((await stand.direct.query('SELECT count(*)::int AS n FROM copied')).rows).toEqual([{ n: 0 }])
    expect((await stand.direct.query('SELECT count(more)::int AS n FROM bare')).rows).toEqual([{ n: 0 }])
  })
})

const HIDING = "SELECT email AS note, 'x'::text AS more FROM customers"

/** What the client gets, to the end of its connection where that is ended: a batch cannot be stopped in its middle. */
async function readAnew(reader: RawClient, messages: readonly Buffer[]): Promise<readonly Message[]> {
  const before = reader.received.length
  await Promise.allSettled([drive(reader, messages)])
  return reader.received.slice(before)
}

describe.for(WAYS)('a read that is sent %s', ([, first, each]) => {
  test.for<readonly [what: string, sql: string, change: string, undo: string]>([
    [
      'name given to a view',
      'SELECT note FROM read',
      `ALTER TABLE read RENAME TO was_read; CREATE VIEW read AS ${HIDING}`,
      'DROP VIEW read; ALTER TABLE was_read RENAME TO read',
    ],
    [
      'name taken earlier on the path',
      'SELECT max(trim(note)) FROM read',
      `CREATE VIEW early.read AS ${HIDING}`,
      'DROP VIEW early.read',
    ],
    [
      'function’s name taken by a better match',
      'SELECT max(reverse(note)) FROM read',
      'ALTER FUNCTION mail_text(text) RENAME TO reverse',
      'ALTER FUNCTION public.reverse(text) RENAME TO mail_text',
    ],
    [
      'first policy',
      'SELECT note FROM read',
      'CREATE POLICY careful ON read USING (opaque_delete() > 0); ALTER TABLE read ENABLE ROW LEVEL SECURITY',
      'DROP POLICY careful ON read; ALTER TABLE read DISABLE ROW LEVEL SECURITY',
    ],
  ])('meets the table’s %s', async ([what, sql, change, undo]) => {
    let reader = await stand.open('ana')
    const begins = async () => {
      reader.close()
      reader = await stand.open('ana')
      await reader.ask('SET search_path = early, public, pg_catalog')
      await drive(reader, first(sql))
      return transcript(await readAnew(reader, each(sql)))
    }
    for (let round = 0; round < 3; round++) {
      // What was undone a moment ago is another definition once more: the first to rest on it may have to run again.
      await expect.poll(begins, { timeout: 15_000 }).toContain(what.startsWith('function') ? 'D gnihton' : 'D nothing')
      await stand.direct.query(change)
      const changed = await readAnew(reader, each(sql))
      expect(canariesIn(bytesOf(changed))).toEqual([])
      expect(transcript(changed)).not.toContain('D nothing')
      await stand.direct.query(undo)
    }
    reader.close()
  })
})
