import { serialize } from 'pg-protocol'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { RawClient, reportOf, transcript } from './raw-client.ts'
import { sessionServer, type TestServer } from './session-server.ts'

const { parse, bind, execute, query, sync, flush, copyData, copyDone, copyFail } = serialize

let at: TestServer
const clients: RawClient[] = []
beforeAll(async () => {
  at = await sessionServer()
  const direct = await RawClient.open(at.direct)
  await direct.ask('CREATE TABLE target (n int)')
  direct.close()
})
afterAll(() => at[Symbol.asyncDispose]())
beforeEach(async () => {
  clients.push(await RawClient.open(at.direct), await RawClient.open(at.through))
})
afterEach(() => {
  for (const client of clients.splice(0)) client.close()
})

const COPY = 'COPY target FROM STDIN'
const row = (text: string): Buffer => copyData(Buffer.from(`${text}\n`))
const extended = [parse({ text: COPY }), bind(), execute()]

const talks: readonly { readonly why: string; readonly says: readonly Buffer[]; readonly z: number }[] = [
  { why: 'a simple COPY', says: [query(COPY), row('1'), row('2'), copyDone(), query('SELECT 1')], z: 2 },
  { why: 'one that the client gives up', says: [query(COPY), row('1'), copyFail('no more'), query('SELECT 1')], z: 2 },
  { why: 'one that the server gives up', says: [query(COPY), row('x'), row('2'), copyDone(), query('SELECT 1')], z: 2 },
  { why: 'an extended COPY, as libpq sends it', says: [...extended, sync(), row('1'), copyDone(), sync()], z: 1 },
  { why: 'Flush and Sync inside', says: [...extended, flush(), sync(), row('1'), flush(), copyDone(), sync()], z: 1 },
  {
    why: 'an extended one that fails',
    says: [...extended, sync(), row('x'), copyDone(), sync(), query('SELECT 1')],
    z: 2,
  },
  { why: 'a Sync behind a simple one', says: [query(COPY), sync(), row('1'), copyDone(), query('SELECT 1')], z: 2 },
  { why: 'two in one query', says: [query(`${COPY}; ${COPY}`), row('1'), copyDone(), row('2'), copyDone()], z: 1 },
  { why: 'COPY messages where there is no COPY', says: [row('1'), copyDone(), copyFail('?'), query('SELECT 1')], z: 1 },
  {
    why: 'COPY of a relation that is not there',
    says: [query('COPY nobody FROM STDIN'), row('1'), copyDone(), query('SELECT 1')],
    z: 2,
  },
  { why: 'COPY out', says: [query('COPY (SELECT generate_series(1, 3)) TO STDOUT'), query('SELECT 1')], z: 2 },
]

test.each(talks)('$why goes as it goes directly', async ({ says, z }) => {
  const [direct, through] = clients as [RawClient, RawClient]
  direct.send(...says)
  through.send(...says)
  expect(transcript(await through.until('Z', z))).toEqual(transcript(await direct.until('Z', z)))
})

test('any other message inside ends the connection, as it does directly', async () => {
  for (const client of clients) {
    client.send(query(COPY), row('1'), query('SELECT 1'))
    const messages = await client.toTheEnd()
    expect(reportOf(messages).C).toBe('08P01')
    expect(transcript(messages)).not.toContain('D 1')
  }
})

test('a COPY into the server that was not judged as one ends the session', async () => {
  const [, through] = clients as [RawClient, RawClient]
  at.gate.say(/^COPY target FROM STDIN WITH/, { facts: { flags: [] } })
  through.send(query('COPY target FROM STDIN WITH (FORMAT csv)'))
  expect(reportOf(await through.toTheEnd())).toMatchObject({ S: 'FATAL', C: '08P01' })
})

test('pieces larger than any buffer pass, in and out', async () => {
  const [, through] = clients as [RawClient, RawClient]
  await through.ask('CREATE TEMP TABLE wide (t text)')
  const wide = 'w'.repeat(3 * 1024 * 1024)
  through.send(query('COPY wide FROM STDIN'), row(wide), row(wide), copyDone())
  expect(transcript(await through.until('Z'))).toEqual(['G', 'C COPY 2', 'Z I'])
  const out = await through.ask('COPY wide TO STDOUT')
  expect(out.filter(({ type }) => type === 'd').map(({ bytes }) => bytes.length)).toEqual([
    wide.length + 6,
    wide.length + 6,
  ])
  const rows = await through.ask('SELECT t FROM wide')
  expect(rows.filter(({ type }) => type === 'D')).toHaveLength(2)
  expect(transcript(rows).at(-2)).toBe('C SELECT 2')
})
