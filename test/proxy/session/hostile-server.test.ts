import { createServer, type Server, type Socket } from 'node:net'
import { serialize } from 'pg-protocol'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { MessageWriter } from '../../../proxy/wire/message-writer.ts'
import { authenticationOk } from '../../../proxy/wire/messages/authentication.ts'
import { encodeError } from '../../../proxy/wire/messages/error-response.ts'
import { readyForQueryIdle } from '../../../proxy/wire/messages/ready-for-query.ts'
import { RawClient, reportOf, transcript } from './raw-client.ts'
import { sessionServer, type TestServer } from './session-server.ts'

/** Says that it is a PostgreSQL, and then whatever the test wants. */
let server: Server
let at: TestServer
let says: readonly Buffer[] = []
let greets: readonly Buffer[] = []

const of = (type: string, ...parts: readonly (string | number[])[]): Buffer => {
  const writer = new MessageWriter(type.charCodeAt(0))
  for (const part of parts) writer.bytes(typeof part === 'string' ? Buffer.from(part, 'latin1') : Buffer.from(part))
  return writer.message()
}
const setting = (name: string, value: string): Buffer => of('S', `${name}\0${value}\0`)
const friendly = [
  authenticationOk,
  setting('client_encoding', 'UTF8'),
  setting('standard_conforming_strings', 'on'),
  setting('search_path', 'public'),
  of('K', [0, 0, 0, 1, 0, 0, 0, 2]),
  readyForQueryIdle,
]

beforeAll(async () => {
  server = createServer((socket: Socket) => {
    let greeted = false
    socket.on('error', () => undefined)
    socket.on('data', () => {
      socket.write(Buffer.concat([...(greeted ? says : greets)]))
      greeted = true
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  at = await sessionServer({ target: { host: '127.0.0.1', port } })
})
afterAll(async () => {
  await at[Symbol.asyncDispose]()
  server.close()
})

const T = of('T', [0, 1], 'n\0', [0, 0, 0, 0, 0, 0, 0, 0, 0, 23, 0, 4, 255, 255, 255, 255, 0, 0])
const C = of('C', 'SELECT 1\0')

describe('a server whose answers do not fit ends both connections', () => {
  const cases: readonly { readonly why: string; readonly answer: readonly Buffer[] }[] = [
    { why: 'an error without a code', answer: [of('E', 'SERROR\0Mboo\0\0'), readyForQueryIdle] },
    { why: 'an error without an end', answer: [of('E', 'SERROR\0C42601')] },
    { why: 'ParseComplete of nothing', answer: [of('1')] },
    { why: 'a second result', answer: [T, C, T, C, readyForQueryIdle] },
    { why: 'ready without an answer', answer: [readyForQueryIdle] },
    { why: 'ready twice', answer: [T, C, readyForQueryIdle, readyForQueryIdle] },
    { why: 'ready in an unknown state', answer: [T, C, of('Z', 'X')] },
    { why: 'EmptyQueryResponse to a statement', answer: [of('I'), readyForQueryIdle] },
    { why: 'a request for a password', answer: [of('R', [0, 0, 0, 3])] },
    { why: 'a second key', answer: [of('K', [0, 0, 0, 1, 0, 0, 0, 2])] },
    { why: 'COPY both', answer: [of('W', [0, 0, 0])] },
    { why: 'COPY in, unasked', answer: [of('G', [0, 0, 0])] },
    { why: 'a function’s result', answer: [of('V', [255, 255, 255, 255])] },
    { why: 'an unknown type', answer: [of('~')] },
    { why: 'a length that cannot be', answer: [Buffer.from('C\0\0\0\x01', 'latin1')] },
    { why: 'a tag without an end', answer: [T, of('C', 'SELECT 1')] },
    { why: 'client_encoding', answer: [setting('client_encoding', 'SJIS')] },
    { why: 'standard_conforming_strings', answer: [setting('standard_conforming_strings', 'off')] },
    {
      why: 'an error of nobody’s',
      answer: [T, C, readyForQueryIdle, encodeError({ severity: 'ERROR', sqlstate: '42601', message: '?' })],
    },
    {
      why: 'a row with another number of columns',
      answer: [T, of('D', [0, 2, 255, 255, 255, 255, 255, 255, 255, 255])],
    },
    { why: 'a row with a negative length', answer: [T, of('D', [0, 1, 255, 255, 255, 254])] },
    { why: 'a row whose field is longer than the row', answer: [T, of('D', [0, 1, 0, 0, 0, 9, 65])] },
    { why: 'a row with something behind its last field', answer: [T, of('D', [0, 1, 0, 0, 0, 1, 65, 66])] },
    { why: 'a row of no columns at all', answer: [T, of('D')] },
  ]
  test.each(cases)('$why', async ({ answer }) => {
    greets = friendly
    says = answer
    const client = await RawClient.open(at.through)
    client.send(serialize.query('SELECT 1'))
    const messages = await client.toTheEnd()
    expect(reportOf(messages)).toMatchObject({ S: 'FATAL' })
    expect(transcript(messages).filter((line) => line.startsWith('D '))).toEqual([])
    await expect.poll(() => at.server.sessions).toBe(0)
  })

  test('a refused statement that the server accepts all the same', async () => {
    greets = friendly
    says = [T, C, readyForQueryIdle]
    at.gate.say(/^DROP/, { outcome: 'deny' })
    const client = await RawClient.open(at.through)
    client.send(serialize.query('DROP TABLE t'))
    expect(reportOf(await client.toTheEnd())).toMatchObject({ S: 'FATAL', C: '08P01' })
  })
})

test.each([
  ['that asks for an unknown kind of proof', [of('R', [0, 0, 0, 7])]],
  ['that asks for a password nobody has', [of('R', [0, 0, 0, 5, 1, 2, 3, 4])]],
  ['that is ready before it has accepted us', [readyForQueryIdle]],
  ['that answers in rows', [C]],
  ['whose encoding is another', [authenticationOk, setting('client_encoding', 'LATIN1'), readyForQueryIdle]],
  ['that says nothing intelligible', [Buffer.from('HTTP/1.1 400 Bad Request\r\n')]],
] as const)('a server %s is not connected to', async (_why, greeting) => {
  greets = greeting
  await using strict = await sessionServer({ target: { ...at.target, password: undefined as never } })
  await expect(RawClient.open(strict.through)).rejects.toThrow(/refused: (08|42)/)
})

test('a server that cannot look whether Holdpoint is still there is connected to without that', async () => {
  const asked: string[] = []
  const old = createServer((socket: Socket) => {
    socket.on('error', () => undefined)
    socket.once('data', (startup) => {
      asked.push(startup.toString('latin1'))
      const message = 'unrecognized configuration parameter "client_connection_check_interval"'
      const knows = !asked.at(-1)?.includes('client_connection_check_interval')
      if (knows) socket.write(Buffer.concat(friendly))
      else socket.end(encodeError({ severity: 'FATAL', sqlstate: '42704', message }))
    })
  })
  await new Promise<void>((resolve) => old.listen(0, '127.0.0.1', resolve))
  const address = old.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  await using behind = await sessionServer({ target: { host: '127.0.0.1', port } })
  const client = await RawClient.open(behind.through)
  expect(asked).toHaveLength(2)
  client.close()
  old.close()
})
