import { serialize } from 'pg-protocol'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { RawClient, reportOf, transcript } from './raw-client.ts'
import type { Script } from './scripted-gate.ts'
import { sessionServer, type TestServer } from './session-server.ts'

const {
  parse,
  bind,
  describe: describeMessage,
  execute,
  sync,
  flush,
  query,
  copyData,
  copyDone,
  close,
  end,
} = serialize

let at: TestServer
let client: RawClient
let beside: RawClient

const limits = { rows: null, timeoutMs: null, rowsWrittenMax: 5 }
const written: Script['facts'] = {
  effects: ['read', 'write'],
  relations: [
    {
      schema: 'public',
      name: 'written',
      kind: 'table',
      access: ['update'],
      system: false,
      temporary: false,
      through: [],
      labels: [],
    },
  ],
}

beforeAll(async () => {
  at = await sessionServer()
  beside = await RawClient.open(at.direct)
  await beside.ask('CREATE TABLE written (n int)')
  at.gate.say(/^(INSERT|UPDATE|DELETE|MERGE)/, { limits, facts: written })
  at.gate.say(/^COPY written FROM/, { limits, facts: { ...written, flags: ['copy_from'] } })
  at.gate.say(/^(COMMIT|END|ROLLBACK$)/, {
    facts: { kind: 'transaction', effects: ['transaction'] },
    effects: { barrier: true },
  })
  at.gate.say(/^PREPARE/, { effects: { barrier: true, prepares: { name: 'all_of_it', text: EVERY, ledTo: [] } } })
  at.gate.say(/^WITH/, { facts: written })
  at.gate.say(/^DELETE FROM written$/, { outcome: 'hold', limits, facts: written })
})
afterAll(async () => {
  beside?.close()
  await at?.[Symbol.asyncDispose]()
})
beforeEach(async () => {
  await beside.ask('TRUNCATE written; INSERT INTO written SELECT generate_series(1, 10)')
  client = await RawClient.open(at.through)
})
afterEach(() => client.close())

const EVERY = 'UPDATE written SET n = 0 WHERE n % 1 = 0'
const SOME = 'UPDATE written SET n = n + 100 WHERE n <= 2'
const letters = (lines: readonly string[]): string => lines.map((line) => line[0]).join('')
const rows = async (): Promise<string> => {
  const found = await beside.ask("SELECT string_agg(n::text, ' ' ORDER BY n) FROM written")
  return transcript(found)[1]?.slice(2) ?? ''
}
const UNTOUCHED = '1 2 3 4 5 6 7 8 9 10'
const SOME_WRITTEN = '3 4 5 6 7 8 9 10 101 102'
const one = (text: string): Buffer[] => [parse({ text }), bind(), execute()]

describe('what writes no more than is allowed is as it is without a limit', () => {
  test.each([
    ['simple', () => [query(SOME)], 'CZ'],
    ['extended', () => [...one(SOME), sync()], '12CZ'],
    ['in a transaction', () => [query('BEGIN'), query(SOME), query('COMMIT')], 'CZCZCZ'],
    ['in a message that is one', () => [query(`BEGIN; ${SOME}; COMMIT`)], 'CCCZ'],
    ['beside others', () => [query(`SELECT 1; ${SOME}; SELECT 2`)], 'TDCCTDCZ'],
    [
      'in a batch',
      () => [
        parse({ name: 's', text: SOME }),
        bind({ statement: 's' }),
        execute(),
        bind({ statement: 's' }),
        execute(),
        sync(),
      ],
      '12C2CZ',
    ],
    ['between reads', () => [...one('SELECT 1'), ...one(SOME), ...one('SELECT 2'), sync()], '12DC12C12DCZ'],
    [
      'in a transaction of the extended protocol',
      () => [...one('BEGIN'), ...one(SOME), ...one('COMMIT'), sync()],
      '12C12C12CZ',
    ],
    ['flushed', () => [...one(SOME), flush(), ...one('SELECT 1'), flush(), sync()], '12C12DCZ'],
  ] as const)('%s', async (_, messages, answer) => {
    client.send(...messages())
    expect(letters(transcript(await client.until('Z', answer.split('Z').length - 1)))).toBe(answer)
    expect(await rows()).toBe(SOME_WRITTEN)
  })

  test('COPY', async () => {
    client.send(query('COPY written FROM STDIN'))
    await client.until('G')
    client.send(copyData(Buffer.from('11\n12\n')), copyDone())
    expect(transcript(await client.until('Z'))).toEqual(['C COPY 2', 'Z I'])
    expect(await rows()).toBe(`${UNTOUCHED} 11 12`)
  })

  test('an error at the end of its transaction comes in its place', async () => {
    await beside.ask('CREATE TABLE strict (n int UNIQUE DEFERRABLE INITIALLY DEFERRED)')
    const messages = await client.ask('INSERT INTO strict VALUES (1), (1)')
    expect(transcript(messages)).toEqual([expect.stringMatching(/^E 23505/), 'Z I'])
    expect(reportOf(await client.ask('UPDATE nothing SET n = 1'))).toMatchObject({ C: '42P01', P: '8' })
  })
})

describe('what writes more is rolled back, and nothing else is', () => {
  test.each([
    ['simple', () => [query(EVERY)], 'EZ', 'Z I'],
    [
      'with what it gives back',
      () => [query(`DELETE FROM written WHERE abs(n) >= 0 RETURNING 1`)],
      'TDDDDDDDDDDEZ',
      'Z I',
    ],
    ['INSERT', () => [query('INSERT INTO written SELECT generate_series(1, 6)')], 'EZ', 'Z I'],
    [
      'MERGE',
      () => [query('MERGE INTO written w USING written v ON w.n = v.n WHEN MATCHED THEN UPDATE SET n = 0')],
      'EZ',
      'Z I',
    ],
    ['behind others in a message', () => [query(`${SOME}; ${EVERY}; ${SOME}; SELECT 1`)], 'CEZ', 'Z I'],
    ['before an error', () => [query(`${EVERY}; SELECT 1/0`)], 'EZ', 'Z I'],
    ['before the COMMIT of its message', () => [query(`BEGIN; ${EVERY}; COMMIT`), query('COMMIT')], 'CEZCZ', 'Z I'],
    ['before COMMIT AND CHAIN', () => [query(`BEGIN; ${EVERY}; COMMIT AND CHAIN`), query('ROLLBACK')], 'CEZCZ', 'Z I'],
    ['in a transaction', () => [query('BEGIN'), query(EVERY), query('COMMIT')], 'CZEZCZ', 'Z I'],
    ['and sent with its COMMIT at once', () => [query('BEGIN'), query(EVERY), query('COMMIT')], 'CZEZCZ', 'Z I'],
    ['EXECUTE', () => [query(`PREPARE all_of_it AS ${EVERY}`), query('EXECUTE all_of_it')], 'CZEZ', 'Z I'],
    ['extended', () => [...one(EVERY), sync()], '12EZ', 'Z I'],
    [
      'described',
      () => [parse({ text: EVERY }), bind(), describeMessage({ type: 'P' }), execute(), sync()],
      '12nEZ',
      'Z I',
    ],
    ['flushed', () => [...one(EVERY), flush(), sync()], '12EZ', 'Z I'],
    [
      'before a COMMIT in its batch',
      () => [...one('BEGIN'), ...one(EVERY), ...one('COMMIT'), sync(), query('ROLLBACK')],
      '12C12EZCZ',
      'Z I',
    ],
    [
      'in a batch, with what is before and behind it',
      () => [
        parse({ name: 's', text: SOME }),
        parse({ name: 'e', text: EVERY }),
        ...['s', 'e', 's', 's'].flatMap((statement) => [bind({ statement }), execute()]),
        sync(),
      ],
      '112C2EZ',
      'Z I',
    ],
    [
      'in a batch in which something behind it fails',
      () => [
        parse({ name: 'x', text: 'SELECT 1/n FROM (VALUES (0)) AS v (n)' }),
        parse({ name: 'e', text: EVERY }),
        ...['e', 'x', 'e'].flatMap((statement) => [bind({ statement }), execute()]),
        sync(),
      ],
      '112EZ',
      'Z I',
    ],
    ['before a goodbye', () => [...one(EVERY), flush(), query('SELECT 1')], '12E', null],
    [
      'row by row',
      () => [parse({ text: `${EVERY} RETURNING n` }), bind(), execute({ rows: 1 }), sync()],
      '12DEZ',
      'Z I',
    ],
  ] as const)('%s', async (name, messages, answer, status) => {
    client.send(...messages())
    const ends = answer.split('Z').length - 1
    const said = ends === 0 ? await client.until('E') : await client.until('Z', ends)
    expect(letters(transcript(said))).toBe(answer)
    if (status === null) {
      client.send(end())
      await client.toTheEnd()
    } else expect(transcript(said).at(-1)).toBe(status)
    expect(reportOf(said)).toMatchObject({
      C: '54000',
      M: expect.stringContaining(name === 'row by row' ? 'portions' : 'more than the 5'),
    })
    expect(await rows()).toBe(UNTOUCHED)
    if (status !== null) expect(letters(transcript(await client.ask('SELECT 1')))).toBe('TDCZ')
  })

  test('the trail has how many', async () => {
    await client.ask(`${EVERY}; SELECT 1`)
    expect(at.trail.named('statement.completed').slice(-2)).toMatchObject([
      { ok: false, tag: '54000', rows: 10 },
      { ok: false, tag: 'not run' },
    ])
  })

  test('of a batch too, each statement once', async () => {
    client.send(parse({ name: 'e', text: EVERY }))
    for (let turn = 0; turn < 3; turn++) client.send(bind({ statement: 'e' }), execute())
    client.send(sync())
    await client.until('Z')
    const numbers = at.trail.named('statement.completed').slice(-3)
    expect(numbers.map(({ tag }) => tag)).toEqual(['54000', 'not run', 'not run'])
    expect(new Set(numbers.map(({ statement }) => statement)).size).toBe(3)
  })

  test.each(['simple', 'extended'] as const)('COPY, %s', async (how) => {
    const copying = 'COPY written FROM STDIN'
    client.send(...(how === 'simple' ? [query(copying)] : [...one(copying), flush()]))
    await client.until('G')
    client.send(copyData(Buffer.from('1\n2\n3\n4\n5\n6\n')), copyDone(), ...(how === 'simple' ? [] : [sync()]))
    const said = await client.until('Z')
    expect(letters(transcript(said))).toBe('EZ')
    expect(reportOf(said)).toMatchObject({ C: '54000' })
    expect(await rows()).toBe(UNTOUCHED)
  })

  test('a savepoint before it keeps what was before that', async () => {
    for (const sql of ['BEGIN', SOME, 'SAVEPOINT a']) await client.ask(sql)
    expect(transcript(await client.ask(EVERY)).at(-1)).toBe('Z E')
    for (const sql of ['ROLLBACK TO a', 'COMMIT']) await client.ask(sql)
    expect(await rows()).toBe(SOME_WRITTEN)
  })

  test('what is prepared behind it is there, or not, as the client was told', async () => {
    client.send(...one(EVERY), parse({ name: 'later', text: 'SELECT 1' }), close({ type: 'S', name: 'gone' }), sync())
    expect(letters(transcript(await client.until('Z')))).toBe('12EZ')
    client.send(parse({ name: 'later', text: 'SELECT 2' }), sync())
    expect(letters(transcript(await client.until('Z')))).toBe('1Z')
  })
})

test('what was approved may write as much as it was shown to', async () => {
  const asking = client.ask('DELETE FROM written')
  at.holds.settle((await at.holds.pending()).id, 'approved')
  expect(letters(transcript(await asking))).toBe('NCZ')
  expect(await rows()).toBe('')
})

test.each([`${SOME}; COMMIT`, `${SOME}; BEGIN; SELECT 1`])(
  'what would mean something else in parts is refused: %s',
  async (sql) => {
    expect(reportOf(await client.ask(sql))).toMatchObject({ C: '42501', D: 'Rule session.limited_apart' })
    expect(await rows()).toBe(UNTOUCHED)
  },
)
