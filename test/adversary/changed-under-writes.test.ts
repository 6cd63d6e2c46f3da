import { serialize } from 'pg-protocol'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { freshDatabase } from '../harness/database.ts'
import { type Message, type RawClient, transcript } from '../proxy/session/raw-client.ts'
import { canariesIn } from './canaries.ts'
import { type HeldMessage, type HoldingRelay, holdingRelay, type IsIt } from './holding-relay.ts'
import { openStand, type Stand } from './stand.ts'
import { drive } from './ways.ts'

/**
 * ADVERSARY D3, for what is changed after the server has said that nothing was, and before the write itself is there: the
 * write is rolled back. The relay holds the write back between the two, so that there is no luck in it.
 */
const { parse, bind, execute, query, sync, copyData, copyDone } = serialize

const MORE = `
  CREATE TABLE copied (note text);
  CREATE TABLE bare (note text, more text);
  CREATE FUNCTION mail_text(text) RETURNS text LANGUAGE sql AS 'SELECT email FROM customers LIMIT 1';
  CREATE FUNCTION copying() RETURNS trigger LANGUAGE plpgsql AS
    'BEGIN INSERT INTO copied SELECT email FROM customers; RETURN new; END';
  CREATE FUNCTION loud() RETURNS trigger LANGUAGE plpgsql AS
    'BEGIN RAISE EXCEPTION ''%'', (SELECT email FROM customers LIMIT 1); END';
  CREATE TABLE dated (note text, at int);
  CREATE FUNCTION dating() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN new.at := 1; RETURN new; END';
  CREATE TRIGGER dating BEFORE INSERT ON dated FOR EACH ROW EXECUTE FUNCTION dating();
`
const NAME = 'raced'

let relay: HoldingRelay
let stand: Stand
let client: RawClient
beforeAll(async () => {
  const database = await freshDatabase()
  relay = await holdingRelay(database.url)
  stand = await openStand(MORE, { target: { definitionsTrustedMs: 0, host: '127.0.0.1', port: relay.port } }, database)
}, 180_000)
beforeEach(async () => {
  client = await stand.open('ana', { application_name: NAME })
})
afterEach(async () => {
  client?.close()
  await stand?.direct.query('DROP TRIGGER IF EXISTS copying ON bare')
})
afterAll(async () => {
  await stand?.[Symbol.asyncDispose]()
  await relay?.[Symbol.asyncDispose]()
})

interface Way {
  readonly name: string
  readonly first?: (sql: string) => readonly Buffer[]
  readonly each: (sql: string) => readonly Buffer[]
  /** The message that is held back, because it would lock the table; and until when: what comes after the question. */
  readonly held: IsIt
  readonly until?: IsIt
  /** All that the client gets, where its write is rolled back and where it is kept. */
  readonly lost: readonly string[]
  readonly kept: readonly string[]
}

const MARK = 'INTO'
const isQuery: IsIt = (type, message) => type === 'Q' && message.includes(MARK)
const isParse: IsIt = (type, message) => type === 'P' && message.includes(MARK)
const ofPortal =
  (type: string): IsIt =>
  (is, message) =>
    is === type && message.toString('latin1', 5, 7) === 'w\0'
const isExecute = ofPortal('E')
const one = (text: string): Buffer[] => [parse({ text }), bind({ portal: 'w' }), execute({ portal: 'w' })]
const harmless = [parse({ text: 'SELECT 1' }), bind(), execute()]
const prepared = [bind({ statement: 's', portal: 'w' }), execute({ portal: 'w' })]
const C = 'C INSERT 0 1'

const WAYS: readonly Way[] = [
  { name: 'simple', each: (sql) => [query(sql)], held: isQuery, lost: ['E 40001', 'Z I'], kept: [C, 'Z I'] },
  {
    name: 'simple beside others',
    each: (sql) => [query(`SELECT 1; ${sql}; SELECT 2`)],
    held: isQuery,
    lost: ['T', 'D 1', 'C SELECT 1', C, 'T', 'D 2', 'E 40001', 'Z I'],
    kept: ['T', 'D 1', 'C SELECT 1', C, 'T', 'D 2', 'C SELECT 1', 'Z I'],
  },
  {
    name: 'extended',
    each: (sql) => [...one(sql), sync()],
    held: isParse,
    until: isExecute,
    lost: ['1', '2', C, 'E 40001', 'Z I'],
    kept: ['1', '2', C, 'Z I'],
  },
  {
    name: 'prepared',
    first: (sql) => [parse({ name: 's', text: sql }), sync()],
    each: () => [...prepared, sync()],
    held: ofPortal('B'),
    until: isExecute,
    lost: ['2', C, 'E 40001', 'Z I'],
    kept: ['2', C, 'Z I'],
  },
  {
    name: 'in a batch between others',
    each: (sql) => [...harmless, ...one(sql), ...harmless, sync()],
    held: isParse,
    until: isExecute,
    lost: ['1', '2', 'D 1', 'C SELECT 1', '1', '2', C, '1', '2', 'D 1', 'C SELECT 1', 'E 40001', 'Z I'],
    kept: ['1', '2', 'D 1', 'C SELECT 1', '1', '2', C, '1', '2', 'D 1', 'C SELECT 1', 'Z I'],
  },
  {
    name: 'in the first of two batches',
    each: (sql) => [...one(sql), sync(), ...harmless, sync()],
    held: isParse,
    until: isExecute,
    lost: ['1', '2', C, 'E 40001', 'Z I', '1', '2', 'D 1', 'C SELECT 1', 'Z I'],
    kept: ['1', '2', C, 'Z I', '1', '2', 'D 1', 'C SELECT 1', 'Z I'],
  },
  {
    name: 'in a batch behind a Query that was sent in it',
    each: (sql) => [...harmless, query('SELECT 1'), ...one(sql), sync()],
    held: isParse,
    until: isExecute,
    lost: ['1', '2', 'D 1', 'C SELECT 1', 'T', 'D 1', 'C SELECT 1', 'Z T', '1', '2', C, 'E 40001', 'Z I'],
    kept: ['1', '2', 'D 1', 'C SELECT 1', 'T', 'D 1', 'C SELECT 1', 'Z T', '1', '2', C, 'Z I'],
  },
  {
    name: 'by PREPARE and EXECUTE',
    first: (sql) => [query(`PREPARE s AS ${sql}`)],
    each: () => [query('EXECUTE s')],
    held: (type, message) => type === 'Q' && message.includes('EXECUTE s'),
    lost: ['E 40001', 'Z I'],
    kept: [C, 'Z I'],
  },
  {
    name: 'with what it gives back',
    each: (sql) => [query(`${sql} RETURNING 7`)],
    held: isQuery,
    lost: ['E 40001', 'Z I'],
    kept: ['T', 'D 7', C, 'Z I'],
  },
  {
    name: 'with what it gives back, extended',
    each: (sql) => [...one(`${sql} RETURNING 7`), sync()],
    held: isParse,
    until: isExecute,
    lost: ['1', '2', 'E 40001', 'Z I'],
    kept: ['1', '2', 'D 7', C, 'Z I'],
  },
  {
    name: 'in a transaction, pipelined with its COMMIT',
    each: (sql) => [query('BEGIN'), query(sql), query('COMMIT'), query('SELECT 1')],
    held: isQuery,
    lost: ['C BEGIN', 'Z T', C, 'Z T', 'E 40001', 'Z I', 'T', 'D 1', 'C SELECT 1', 'Z I'],
    kept: ['C BEGIN', 'Z T', C, 'Z T', 'C COMMIT', 'Z I', 'T', 'D 1', 'C SELECT 1', 'Z I'],
  },
  {
    name: 'in a transaction that is one message',
    each: (sql) => [query(`BEGIN; ${sql}; COMMIT; SELECT 1`)],
    held: isQuery,
    lost: ['C BEGIN', C, 'E 40001', 'Z I'],
    kept: ['C BEGIN', C, 'C COMMIT', 'T', 'D 1', 'C SELECT 1', 'Z I'],
  },
  {
    name: 'in a transaction that is one batch',
    each: (sql) => [...transaction('BEGIN'), ...one(sql), ...transaction('END'), sync()],
    held: isParse,
    until: isExecute,
    lost: ['1', '2', 'C BEGIN', '1', '2', C, '1', '2', 'E 40001', 'Z I'],
    kept: ['1', '2', 'C BEGIN', '1', '2', C, '1', '2', 'C COMMIT', 'Z I'],
  },
  {
    name: 'in a transaction of several batches',
    each: (sql) => [...transaction('BEGIN'), sync(), ...one(sql), sync(), ...transaction('COMMIT'), sync()],
    held: isParse,
    until: isExecute,
    lost: ['1', '2', 'C BEGIN', 'Z T', '1', '2', C, 'Z T', '1', '2', 'E 40001', 'Z I'],
    kept: ['1', '2', 'C BEGIN', 'Z T', '1', '2', C, 'Z T', '1', '2', 'C COMMIT', 'Z I'],
  },
  {
    name: 'before a chained COMMIT',
    each: (sql) => [query('BEGIN'), query(sql), query('COMMIT AND CHAIN'), query('ROLLBACK')],
    held: isQuery,
    lost: ['C BEGIN', 'Z T', C, 'Z T', 'E 40001', 'Z I', 'N 25P01', 'C ROLLBACK', 'Z I'],
    kept: ['C BEGIN', 'Z T', C, 'Z T', 'C COMMIT', 'Z T', 'C ROLLBACK', 'Z I'],
  },
]

function transaction(text: string): Buffer[] {
  return [parse({ text }), bind(), execute()]
}

const INSERT = `INSERT ${MARK} bare (note) VALUES ('x')`
const rowsOf = async (table: string): Promise<number> =>
  (await stand.direct.query(`SELECT count(*)::int AS n FROM ${table}`)).rows[0].n

/** @param meanwhile between the question before the write and the write */
async function raced(messages: readonly Buffer[], held: HeldMessage, meanwhile: string): Promise<readonly Message[]> {
  const answered = drive(client, messages)
  await held.came
  await stand.direct.query(meanwhile)
  held.release()
  return answered
}

/** What was undone a moment ago is another definition once more: the first to rest on it may have to run again. */
async function settled(sql: string): Promise<void> {
  await expect.poll(async () => transcript(await client.ask(sql)), { timeout: 20_000 }).toEqual([C, 'Z I'])
  await stand.direct.query('TRUNCATE bare, copied, dated')
}

const TRIGGER = 'CREATE TRIGGER copying AFTER INSERT ON bare FOR EACH ROW EXECUTE FUNCTION copying()'
const NO_TRIGGER = 'DROP TRIGGER copying ON bare'

describe.for(WAYS)('a write that is sent $name', ({ first, each, held, until, lost, kept }) => {
  test('is rolled back when its table has got a trigger since it was asked about, and kept when not', async () => {
    await settled(INSERT)
    await drive(client, first?.(INSERT) ?? [])
    const said = await raced(each(INSERT), relay.hold(NAME, held, until), TRIGGER)
    expect(transcript(said)).toEqual(lost)
    expect([await rowsOf('bare'), await rowsOf('copied')]).toEqual([0, 0])
    await stand.direct.query(NO_TRIGGER)
    await settled(INSERT)
    await drive(client, [query('DEALLOCATE ALL'), ...(first?.(INSERT) ?? [])])
    expect(transcript(await raced(each(INSERT), relay.hold(NAME, held, until), 'SELECT 1'))).toEqual(kept)
    expect(await rowsOf('bare')).toBe(1)
  })
})

describe('a write is rolled back that meets', () => {
  test.for<readonly [what: string, sql: string, change: string, undo: string]>([
    [
      'a rule',
      INSERT,
      'CREATE RULE copying AS ON INSERT TO bare DO ALSO INSERT INTO copied SELECT email FROM customers',
      'DROP RULE copying ON bare',
    ],
    [
      'a default',
      INSERT,
      `ALTER TABLE bare ALTER more SET DEFAULT mail_text('x')`,
      'ALTER TABLE bare ALTER more DROP DEFAULT',
    ],
    [
      'a view of that name',
      INSERT,
      `ALTER TABLE bare RENAME TO bared; CREATE VIEW bare AS SELECT * FROM bared;
       CREATE RULE copying AS ON INSERT TO bare DO INSTEAD INSERT INTO copied SELECT email FROM customers`,
      'DROP VIEW bare; ALTER TABLE bared RENAME TO bare',
    ],
    [
      'an error with a value in it',
      INSERT,
      'CREATE TRIGGER loud AFTER INSERT ON bare FOR EACH ROW EXECUTE FUNCTION loud()',
      'DROP TRIGGER loud ON bare',
    ],
    [
      'another body of its trigger',
      `INSERT ${MARK} dated (note) VALUES ('x')`,
      `CREATE OR REPLACE FUNCTION dating() RETURNS trigger LANGUAGE plpgsql AS
         'BEGIN INSERT INTO copied SELECT email FROM customers; RETURN new; END'`,
      `CREATE OR REPLACE FUNCTION dating() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN new.at := 1; RETURN new; END'`,
    ],
    [
      'another body that would be allowed as well',
      `INSERT ${MARK} dated (note) VALUES ('x')`,
      `CREATE OR REPLACE FUNCTION dating() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN new.at := 2; RETURN new; END'`,
      `CREATE OR REPLACE FUNCTION dating() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN new.at := 1; RETURN new; END'`,
    ],
  ])('%s', async ([, sql, change, undo]) => {
    await settled(sql)
    const said = await raced([query(sql)], relay.hold(NAME, isQuery), change)
    expect(transcript(said)).toEqual(['E 40001', 'Z I'])
    expect(canariesIn(Buffer.concat(said.map(({ bytes }) => bytes)))).toEqual([])
    await stand.direct.query(undo)
    for (const table of ['bare', 'copied', 'dated']) expect(await rowsOf(table)).toBe(0)
    await settled(sql)
  })
})

test('COPY FROM is rolled back when its table has got a trigger since it was asked about, and kept when not', async () => {
  await settled(INSERT)
  const copied = async (meanwhile: string) => {
    const held = relay.hold(NAME, (type, message) => type === 'Q' && message.includes('COPY'))
    client.send(query('COPY bare (note) FROM STDIN'))
    await held.came
    await stand.direct.query(meanwhile)
    held.release()
    await client.until('G')
    client.send(copyData(Buffer.from('x\ny\n')), copyDone())
    return transcript(await client.until('Z'))
  }
  expect(await copied(TRIGGER)).toEqual(['E 40001', 'Z I'])
  expect([await rowsOf('bare'), await rowsOf('copied')]).toEqual([0, 0])
  await stand.direct.query(NO_TRIGGER)
  await settled(INSERT)
  expect(await copied('SELECT 1')).toEqual(['C COPY 2', 'Z I'])
  expect(await rowsOf('bare')).toBe(2)
})

test('what was changed and leaves all as it is does not take a write back', async () => {
  await settled(INSERT)
  const said = await raced([query(INSERT)], relay.hold(NAME, isQuery), 'ALTER TABLE bare ADD spare int')
  expect(transcript(said)).toEqual([C, 'Z I'])
  expect(await rowsOf('bare')).toBe(1)
})

test('what a savepoint has rolled back is asked about no more', async () => {
  await settled(INSERT)
  await drive(client, [query('BEGIN'), query("INSERT INTO dated (note) VALUES ('kept')"), query('SAVEPOINT a')])
  await raced([query(INSERT)], relay.hold(NAME, isQuery), TRIGGER)
  await stand.direct.query('SELECT 1')
  const said = await drive(client, [query('ROLLBACK TO a'), query('COMMIT')])
  expect(transcript(said)).toEqual(['C ROLLBACK', 'Z T', 'C COMMIT', 'Z I'])
  expect([await rowsOf('bare'), await rowsOf('copied'), await rowsOf('dated')]).toEqual([0, 0, 1])
  await stand.direct.query(NO_TRIGGER)
})
