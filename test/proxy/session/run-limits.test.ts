import { serialize } from 'pg-protocol'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { RawClient, reportOf, transcript } from './raw-client.ts'
import { sessionServer, type TestServer } from './session-server.ts'

const { parse, bind, execute, sync, flush, query } = serialize

let at: TestServer
let client: RawClient
beforeAll(async () => {
  at = await sessionServer()
  const direct = await RawClient.open(at.direct)
  await direct.ask('CREATE TABLE written (n int)')
  direct.close()
  at.gate.say(/^SELECT n/, { limits: { rows: 5, timeoutMs: null } })
  at.gate.say(/^COPY \(SELECT/, { limits: { rows: 5, timeoutMs: null } })
  at.gate.say(/^INSERT/, { limits: { rows: 5, timeoutMs: null }, facts: { effects: ['read', 'write'] } })
  at.gate.say(/^SELECT pg_sleep/, { limits: { rows: null, timeoutMs: 100 } })
  const warned = { id: 'a.b', title: 'T', reason: 'It is late.', outcome: 'hold' as const, exception: null }
  at.gate.say(/^SELECT 'warned'/, { unenforced: [{ ...warned, why: 'warn' }] })
  at.gate.say(/^SELECT 'watched'/, { unenforced: [{ ...warned, why: 'shadow' }] })
})
afterAll(() => at[Symbol.asyncDispose]())
beforeEach(async () => {
  client = await RawClient.open(at.through)
})
afterEach(() => client.close())

const series = (count: number): string => `SELECT n FROM generate_series(1, ${count}) AS n`
const letters = (lines: readonly string[]): string => lines.map((line) => line[0]).join('')

test('gives as many rows as are allowed', async () => {
  expect(letters(transcript(await client.ask(series(5))))).toBe('TDDDDDCZ')
})

test.each([6, 100_000])(
  'stops a read of %i rows where five are allowed, and never as if that were all',
  async (count) => {
    const messages = await client.ask(series(count))
    expect(letters(transcript(messages))).toBe('TDDDDDEZ')
    expect(reportOf(messages)).toMatchObject({ C: '54000', M: expect.stringContaining('more than the 5 rows') })
    expect(at.trail.named('statement.completed').at(-1)).toMatchObject({ ok: false, tag: '54000' })
    // Again and again: a cancel that comes late hits nothing behind it.
    for (let turn = 0; turn < 5; turn++) {
      await client.ask(series(count))
      expect(letters(transcript(await client.ask('SELECT 1')))).toBe('TDCZ')
    }
  },
)

test('stops an endless read while it runs', async () => {
  expect(
    letters(transcript(await client.ask('SELECT n FROM (SELECT generate_series(1, 2000000000) AS n) AS endless'))),
  ).toBe('TDDDDDEZ')
})

test.each([6, 1_000_000])(
  'the same in the extended protocol, and what is behind it is skipped to Sync: %i rows',
  async (count) => {
    client.send(
      parse({ text: series(count) }),
      bind(),
      execute(),
      parse({ text: 'SELECT 2' }),
      bind(),
      execute(),
      sync(),
    )
    const messages = await client.until('Z')
    expect(letters(transcript(messages))).toBe('12DDDDDEZ')
    expect(reportOf(messages)).toMatchObject({ C: '54000' })
    client.send(parse({ text: 'SELECT 3' }), bind(), execute(), sync())
    expect(letters(transcript(await client.until('Z')))).toBe('12DCZ')
  },
)

test('skips what is sent behind a Flush as it does behind any error', async () => {
  client.send(parse({ text: series(6) }), bind(), execute(), flush())
  await client.until('E')
  client.send(parse({ text: 'SELECT 2' }), bind(), execute(), sync())
  expect(letters(transcript(await client.until('Z')))).toBe('Z')
})

test('counts a portal that is fetched in parts as one', async () => {
  client.send(parse({ text: series(20) }), bind())
  client.send(execute({ rows: 3 }), execute({ rows: 3 }), execute({ rows: 3 }), sync())
  expect(letters(transcript(await client.until('Z')))).toBe('12DDDsDDEZ')
})

test('stops a COPY out, where a message is a row', async () => {
  const copied = transcript(await client.ask('COPY (SELECT n FROM generate_series(1, 100) AS n) TO STDOUT'))
  expect(letters(copied)).toBe('HdddddEZ')
})

test('limits no rows that a write gives back', async () => {
  const written = await client.ask('INSERT INTO written SELECT generate_series(1, 8) RETURNING n')
  expect(letters(transcript(written))).toBe('TDDDDDDDDCZ')
})

test('cancels what takes too long, says why, and leaves the transaction as the server has it', async () => {
  await client.ask('BEGIN')
  const messages = await client.ask('SELECT pg_sleep(60)')
  expect(reportOf(messages)).toMatchObject({ C: '57014', M: expect.stringContaining('longer than the 100 ms') })
  expect(transcript(messages).at(-1)).toBe('Z E')
  await client.ask('ROLLBACK')
  expect(letters(transcript(await client.ask('SELECT pg_sleep(0)')))).toBe('TDCZ')
  // Its time has passed by then, and it was over long before.
  client.send(query('SELECT 1 FROM pg_sleep(0.2)'))
  expect(letters(transcript(await client.until('Z')))).toBe('TDCZ')
})

test('tells whoever asked of a rule that only warns, and nobody of one that is watched; the trail has both', async () => {
  const messages = await client.ask("SELECT 'warned'")
  expect(letters(transcript(messages))).toMatch(/^TDNCZ$/)
  expect(messages.map(({ bytes }) => bytes.toString()).join('')).toContain('It is late.')
  expect(letters(transcript(await client.ask("SELECT 'watched'")))).toBe('TDCZ')
  expect(at.trail.named('statement.intended').slice(-2)).toMatchObject([
    { aside: ['a.b: warn'] },
    { aside: ['a.b: shadow'] },
  ])
})
