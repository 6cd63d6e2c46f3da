import { serialize } from 'pg-protocol'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { freshDatabase, type TestDatabase } from '../../harness/database.ts'
import { RawClient, reportOf, transcript } from './raw-client.ts'
import { sessionServer, type TestServer } from './session-server.ts'

const { parse, bind, execute, sync, query, copyData, copyDone, end } = serialize

let at: TestServer
/** Another database in which the same is said directly. */
let beside: TestDatabase
let client: RawClient
let direct: RawClient
beforeAll(async () => {
  at = await sessionServer()
  beside = await freshDatabase()
  for (const url of [at.direct, beside.url]) {
    const setup = await RawClient.open(url)
    await setup.ask('CREATE TABLE written (n int); CREATE TABLE strict (n int UNIQUE DEFERRABLE INITIALLY DEFERRED)')
    setup.close()
  }
  at.gate.say(/^SELECT/, { limits: { rows: 5, timeoutMs: null } })
  at.gate.say(/^COPY \(SELECT/, { limits: { rows: 5, timeoutMs: null } })
  at.gate.say(/^INSERT|^COPY written/, { facts: { effects: ['write'] } })
  at.gate.say(/^SET work_mem/, { facts: { kind: 'variable_set', effects: ['session'] } })
  for (const ending of [/^COMMIT/, /^ROLLBACK/])
    at.gate.say(ending, { facts: { kind: 'transaction', effects: ['transaction'] }, effects: { barrier: true } })
})
afterAll(async () => {
  await at?.[Symbol.asyncDispose]()
  await beside?.[Symbol.asyncDispose]()
})
beforeEach(async () => {
  client = await RawClient.open(at.through)
  direct = await RawClient.open(beside.url)
  for (const url of [at.direct, beside.url]) {
    const one = await RawClient.open(url)
    await one.ask('TRUNCATE written, strict')
    one.close()
  }
})
afterEach(() => {
  client.close()
  direct.close()
})

const series = (count: number): string => `SELECT n FROM generate_series(1, ${count}) AS n`
const letters = (lines: readonly string[]): string => lines.map((line) => line[0]).join('')
const count = async (table: string): Promise<string | undefined> => {
  const one = await RawClient.open(at.direct)
  const [, row] = transcript(await one.ask(`SELECT count(*) FROM ${table}`))
  one.close()
  return row
}

describe('what gives no more rows than are allowed is as it is without limits', () => {
  test.each([
    [["SET work_mem = '8MB'; SELECT current_setting('work_mem')"]],
    [['BEGIN; SELECT 1; COMMIT']],
    [['SELECT 1; SELECT 2; SELECT 3']],
    [['BEGIN; SELECT 1; SELECT 2', 'SELECT 3; COMMIT', 'SELECT 4']],
    [
      [
        'INSERT INTO written VALUES (1); SELECT n FROM written; INSERT INTO written VALUES (2)',
        'SELECT n FROM written',
      ],
    ],
    [['SELECT 1; INSERT INTO written VALUES (1); SELECT 1/0; SELECT 2', 'SELECT count(*) FROM written']],
    [['BEGIN', 'INSERT INTO written VALUES (1); SELECT 1/0; SELECT 2', 'SELECT 3', 'ROLLBACK']],
    [['BEGIN; INSERT INTO written VALUES (1); SELECT 1; ROLLBACK; SELECT count(*) FROM written; SELECT 5']],
    [['BEGIN; SELECT 1; COMMIT; SELECT 2; INSERT INTO written VALUES (3); SELECT 1/0', 'SELECT n FROM written']],
    [['BEGIN; SAVEPOINT a; SELECT 1; ROLLBACK TO a; SELECT 2; COMMIT']],
    [['BEGIN; SELECT 1; COMMIT AND CHAIN; SELECT 2; COMMIT']],
    [['SELECT pg_current_xact_id_if_assigned() IS NULL; SELECT 2']],
    [['INSERT INTO strict VALUES (1), (1); SELECT 1', 'SELECT count(*) FROM strict']],
    [['SELECT 1; SELECT nothing FROM nowhere', ' SELECT 1;\n -- ä; and more\n SELECT "ö", \'𝄞\' FROM nowhere']],
    [['COPY (SELECT 1) TO STDOUT; COPY (SELECT 2) TO STDOUT; SELECT 3']],
    [['BEGIN; SELECT 1; BEGIN; SELECT 2; COMMIT']],
    [['COMMIT; SELECT 1; SELECT 2']],
    [['SELECT 1; SELECT 2 -- the end']],
    [['VACUUM written; SELECT 1']],
    [['SET LOCAL work_mem = 5000; SELECT 1; SHOW work_mem', 'SHOW work_mem']],
    [['DECLARE c CURSOR FOR SELECT 1; SELECT 2', 'BEGIN; DECLARE c CURSOR FOR SELECT 1; SELECT 2; CLOSE c; COMMIT']],
  ])('%s', async (conversation) => {
    for (const sql of conversation) {
      const [ours, theirs] = await Promise.all([client.ask(sql), direct.ask(sql)])
      expect(transcript(ours)).toEqual(transcript(theirs))
      const { C, M, P } = reportOf(theirs)
      expect(reportOf(ours)).toEqual(C === undefined ? {} : expect.objectContaining({ C, M, ...(P && { P }) }))
    }
  })
})

describe.each([6, 100_000])('a read of %i rows where five are allowed ends its message', (rows) => {
  test('and nothing behind it runs', async () => {
    const messages = await client.ask(`SELECT 1; ${series(rows)}; INSERT INTO written VALUES (1)`)
    expect(letters(transcript(messages))).toBe('TDCTDDDDDEZ')
    expect(reportOf(messages)).toMatchObject({ C: '54000' })
    expect(transcript(messages).at(-1)).toBe('Z I')
    expect(await count('written')).toBe('D 0')
    expect(at.trail.named('statement.completed').slice(-2)).toMatchObject([
      { ok: false, tag: '54000' },
      { ok: false, tag: 'not run' },
    ])
  })

  test('with what ran before it in the same transaction', async () => {
    const messages = await client.ask(`INSERT INTO written VALUES (1); ${series(rows)}`)
    expect(letters(transcript(messages))).toBe('CTDDDDDEZ')
    expect(await count('written')).toBe('D 0')
  })

  test('and fails the transaction that is open', async () => {
    await client.ask('BEGIN; INSERT INTO written VALUES (1)')
    const messages = await client.ask(`INSERT INTO written VALUES (2); ${series(rows)}; COMMIT`)
    expect(transcript(messages).at(-1)).toBe('Z E')
    expect(transcript(await client.ask('COMMIT'))).toEqual(['C ROLLBACK', 'Z I'])
    expect(await count('written')).toBe('D 0')
  })

  test('again and again, and hits nothing behind it', async () => {
    for (let turn = 0; turn < 10; turn++) {
      client.send(query(`SELECT 0; ${series(rows)}; SELECT 7`), query('SELECT 8; SELECT 9'))
      expect(letters(transcript(await client.until('Z', 2)))).toBe('TDCTDDDDDEZTDCTDCZ')
    }
  })
})

test('what is sent behind it without waiting comes behind all of it', async () => {
  const says = [
    query('SELECT 1; SELECT 2; SELECT 3'),
    sync(),
    parse({ text: 'SELECT 4' }),
    bind(),
    execute(),
    sync(),
    query('SELECT 5; SELECT 6'),
    end(),
  ]
  for (const one of [client, direct]) one.send(...says)
  expect(transcript(await client.toTheEnd()).at(-1)).toBe(transcript(await direct.toTheEnd()).at(-1))
})

test('data for a COPY in the middle reaches it', async () => {
  const copying = 'SELECT 1; COPY written FROM STDIN; SELECT count(*) FROM written; COPY written FROM STDIN; SELECT 2'
  const data = [copyData(Buffer.from('1\n')), copyDone()]
  for (const one of [client, direct]) {
    one.send(query(copying))
    await one.until('G')
    one.send(...data)
    await one.until('G')
    one.send(...data, sync())
  }
  expect(transcript(await client.until('Z', 2))).toEqual(transcript(await direct.until('Z', 2)))
  expect(await count('written')).toBe('D 2')
})

test.each([
  'SELECT 1; BEGIN; SELECT 2',
  'SELECT 1; COMMIT',
  'SELECT 1; SAVEPOINT a; SELECT 2',
  'SELECT 1; ROLLBACK; SELECT 2',
])('what would mean something else in parts is refused: %s', async (sql) => {
  expect(reportOf(await client.ask(sql))).toMatchObject({ C: '42501', D: 'Rule session.limited_apart' })
})

test('what is cancelled in the middle runs no further', async () => {
  const other = await RawClient.open(at.direct)
  at.gate.say(/^SELECT pg_sleep/, { limits: { rows: 5, timeoutMs: 100 } })
  const messages = await client.ask(
    'INSERT INTO written VALUES (1); SELECT pg_sleep(60); INSERT INTO written VALUES (2)',
  )
  expect(letters(transcript(messages))).toBe('CTEZ')
  expect(reportOf(messages)).toMatchObject({ C: '57014' })
  expect(await count('written')).toBe('D 0')
  other.close()
})
