import { type AddressInfo, connect, createServer } from 'node:net'
import { serialize } from 'pg-protocol'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { RawClient, transcript } from './raw-client.ts'
import type { Script } from './scripted-gate.ts'
import { sessionServer, type TestServer } from './session-server.ts'

/** What writes is asked about before it goes, and once more before it is committed. */
const { parse, bind, execute, sync, query } = serialize

const writing: Script = { rests: true, facts: { effects: ['read', 'write'] } }
const ending = (tag: string): Script => ({
  facts: { kind: 'transaction', tag, effects: ['transaction'] },
  effects: { barrier: true },
})

let at: TestServer
let client: RawClient
let beside: RawClient
beforeAll(async () => {
  at = await sessionServer()
  beside = await RawClient.open(at.direct)
  await beside.ask('CREATE TABLE written (n int UNIQUE DEFERRABLE INITIALLY DEFERRED)')
  at.gate.say(/^(INSERT|UPDATE|WITH)/, writing)
  at.gate.say(/^VACUUM/, { rests: true, facts: { kind: 'vacuum', effects: ['ddl'] } })
  at.gate.say(/^CREATE INDEX/, { rests: true, facts: { kind: 'index', effects: ['ddl'] } })
  at.gate.say(/^CALL/, {
    rests: true,
    facts: {
      kind: 'call',
      effects: ['write'],
      functions: [{ schema: 'public', name: 'commits', volatility: 'volatile', known: false, builtin: false }],
    },
  })
  at.gate.say(/^(COMMIT|END)/, ending('COMMIT'))
  at.gate.say(/^ROLLBACK/, ending('ROLLBACK'))
})
afterAll(async () => {
  beside?.close()
  await at?.[Symbol.asyncDispose]()
})
beforeEach(async () => {
  await beside.ask('TRUNCATE written')
  at.gate.asked.length = 0
  at.gate.unchanged = () => true
  at.gate.trusting = false
  at.trail.entries.length = 0
  client = await RawClient.open(at.through)
})
afterEach(() => client.close())

const one = (text: string): Buffer[] => [parse({ text }), bind(), execute()]
const INSERT = 'INSERT INTO written VALUES (1)'
const OTHER = 'INSERT INTO written VALUES (2)'
/** Somebody replaces something between the question before it and the write. */
const replaced = (_: string, time: number): boolean => time === 1
const rows = async (): Promise<string> => {
  const found = transcript(await beside.ask("SELECT coalesce(string_agg(n::text, ' ' ORDER BY n), '') FROM written"))
  return found[1]?.slice(2) ?? ''
}
const drive = async (messages: readonly Buffer[], ends: number) => {
  client.send(...messages)
  return transcript(await client.until('Z', ends))
}
const outcomes = () =>
  at.trail.named('statement.completed').map(({ statement, ok, tag }) => `${statement} ${ok} ${tag}`)

describe('the trail has how it ended', () => {
  test.each<readonly [string, readonly Buffer[], number, readonly string[]]>([
    ['simple', [query(INSERT)], 1, ['1 false 40001']],
    ['extended', [...one(INSERT), sync()], 1, ['1 false 40001']],
    ['beside others', [query(`${INSERT}; ${OTHER}`)], 1, ['1 false 40001', '2 false 40001']],
    [
      'in a transaction',
      [query('BEGIN'), query(INSERT), query('COMMIT')],
      3,
      ['1 true BEGIN', '2 true INSERT 0 1', '3 false 40001'],
    ],
  ])('%s, rolled back', async (_, messages, ends, expected) => {
    at.gate.unchanged = replaced
    expect((await drive(messages, ends)).slice(-2)).toEqual(['E 40001', 'Z I'])
    expect(outcomes()).toEqual(expected)
    expect(await rows()).toBe('')
  })

  test.each<readonly [string, readonly Buffer[]]>([
    ['simple', [query(`${INSERT}; ${INSERT}`)]],
    ['extended', [...one(INSERT), ...one(INSERT), sync()]],
  ])('%s, not committed by the server itself', async (_, messages) => {
    expect((await drive(messages, 1)).slice(-2)).toEqual(['E 23505', 'Z I'])
    expect(outcomes()).toEqual(['1 false 23505', '2 false 23505'])
  })

  test('with an error behind it', async () => {
    expect(await drive([...one(INSERT), ...one('SELECT 1/0'), sync()], 1)).toEqual(
      expect.arrayContaining(['C INSERT 0 1', 'E 22012', 'Z I']),
    )
    expect(outcomes()).toEqual(['1 false 22012', '2 false not run'])
    expect(await rows()).toBe('')
  })

  test('kept', async () => {
    expect(await drive([query(INSERT), ...one(OTHER), sync()], 2)).toEqual([
      'C INSERT 0 1',
      'Z I',
      '1',
      '2',
      'C INSERT 0 1',
      'Z I',
    ])
    expect(outcomes()).toEqual(['1 true INSERT 0 1', '2 true INSERT 0 1'])
    expect(await rows()).toBe('1 2')
  })
})

describe('is asked', () => {
  test('once for all that a transaction has written, when it is to be committed', async () => {
    await drive([query('BEGIN'), query(INSERT), query(OTHER), query(INSERT.replace('1', '3'))], 4)
    at.gate.asked.length = 0
    expect(await drive([query(INSERT.replace('1', '4')), query('COMMIT')], 2)).toEqual([
      'C INSERT 0 1',
      'Z T',
      'C COMMIT',
      'Z I',
    ])
    expect(at.gate.asked).toEqual([4, 1, 2, 3, 4].map((n) => `INSERT INTO written VALUES (${n})`))
  })

  test('never about what was rolled back, as a whole or to a savepoint', async () => {
    await drive([query('BEGIN'), query(INSERT), query('ROLLBACK')], 3)
    await drive([query('BEGIN'), query('SAVEPOINT a'), query(OTHER), query('ROLLBACK TO a'), query('COMMIT')], 5)
    expect(at.gate.asked).toEqual([INSERT, OTHER])
  })

  test.each(['SAVEPOINT "a"', 'SAVEPOINT /* of */ a'])(
    'about what stands before %s, whatever is gone back to',
    async (savepoint) => {
      await drive([query('BEGIN'), query('SAVEPOINT a'), query(INSERT), query(savepoint), query(OTHER)], 5)
      at.gate.asked.length = 0
      await drive([query('ROLLBACK TO a'), query('COMMIT')], 2)
      expect(at.gate.asked).toContain(INSERT)
      expect(await rows()).toBe('1')
    },
  )

  test('in between, of a transaction that writes a lot', async () => {
    at.gate.unchanged = (text, time) => text !== INSERT || time === 1
    await drive([query('BEGIN'), query(INSERT)], 2)
    const said: string[] = []
    for (let n = 10; n < 300 && !said.includes('E 40001'); n++)
      said.push(...transcript(await client.ask(`INSERT INTO written VALUES (${n})`)))
    expect(said).toContain('E 40001')
    expect(said.at(-1)).toBe('Z E')
  })

  test('before it only, where its target trusts plain tables for a while', async () => {
    at.gate.trusting = true
    expect(await drive([query(INSERT), ...one(OTHER), sync()], 2)).toContain('C INSERT 0 1')
    expect(at.gate.asked).toEqual([INSERT, OTHER])
  })

  test('nothing about what rests on nothing, which goes as it came', async () => {
    at.gate.say(/^INSERT INTO written VALUES \(9\)/, { facts: { effects: ['read', 'write'] } })
    expect(
      await drive(
        [query('INSERT INTO written VALUES (9)'), ...one('INSERT INTO written VALUES (9) RETURNING 1'), sync()],
        2,
      ),
    ).toContain('C INSERT 0 1')
    expect(at.gate.asked).toEqual([])
  })
})

test('what cannot run inside a transaction runs as it does directly', async () => {
  await beside.ask(
    `CREATE PROCEDURE commits() LANGUAGE plpgsql AS 'BEGIN INSERT INTO written SELECT count(*) FROM written; COMMIT; END'`,
  )
  for (const text of ['VACUUM written', 'CREATE INDEX CONCURRENTLY on_n ON written (n)', 'CALL commits()']) {
    expect(transcript(await client.ask(text)).at(-2), text).toMatch(/^C /)
    expect((await drive([...one(text.replace('on_n', 'on_n_too')), sync()], 1)).at(-2), text).toMatch(/^C /)
  }
  at.gate.say(/^CALL/, {})
})

test('a write is not sent on its own when what begins its transaction fails', async () => {
  const to = new URL(at.direct)
  const relay = createServer((socket) => {
    const upstream = connect(Number(to.port), to.hostname)
    // Another word of the same length, which no server knows.
    socket.on(
      'data',
      (bytes) => void upstream.write(Buffer.from(bytes.toString('latin1').replace('BEGIN', 'BEGUN'), 'latin1')),
    )
    upstream.on('data', (bytes) => void socket.write(bytes))
    for (const [one, other] of [
      [socket, upstream],
      [upstream, socket],
    ] as const) {
      one.on('error', () => other.destroy())
      one.on('close', () => other.destroy())
    }
  })
  await new Promise<void>((resolve) => void relay.listen(0, '127.0.0.1', resolve))
  const port = (relay.address() as AddressInfo).port
  await using through = await sessionServer({ target: { ...at.target, host: '127.0.0.1', port } })
  through.gate.say(/^INSERT/, writing)
  const other = await RawClient.open(through.through)
  expect(transcript(await other.ask(INSERT))).toEqual(['E 42601', 'Z I'])
  expect(transcript(await other.ask('SELECT 1'))).toEqual(['T', 'D 1', 'C SELECT 1', 'Z I'])
  expect(await rows()).toBe('')
  expect(through.trail.named('statement.completed')[0]).toMatchObject({ ok: false, tag: 'not run' })
  other.close()
  relay.close()
})

test('a BEGIN behind a write of its message gives no notice that it would not give directly', async () => {
  const messages = [query(`${INSERT}; BEGIN; ${OTHER}`), query('COMMIT')]
  const through = await drive(messages, 2)
  await beside.ask('TRUNCATE written')
  beside.send(...messages)
  expect(through).toEqual(transcript(await beside.until('Z', 2)))
})
