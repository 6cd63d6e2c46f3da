import { createServer, type Server, type Socket } from 'node:net'
import { afterAll, beforeAll, beforeEach, expect, inject, test } from 'vitest'
import { QuestionConnection } from '../../../proxy/catalog/question-connection.ts'
import { authenticationOk } from '../../../proxy/wire/messages/authentication.ts'
import { encodeError, encodeNotice } from '../../../proxy/wire/messages/error-response.ts'
import { encodeQuery } from '../../../proxy/wire/messages/query.ts'
import { readyForQueryIdle } from '../../../proxy/wire/messages/ready-for-query.ts'
import { targetOf } from '../sql/sample.ts'

/** Lets everybody in, takes the settings, and then says what the test wants. */
let server: Server
let url: string
let peer: Socket | null = null
let settingsAre: Buffer = readyForQueryIdle
beforeAll(async () => {
  server = createServer((socket) => {
    let heard = 0
    peer = socket
    socket.on('error', () => undefined)
    socket.on('data', () => {
      if (heard === 0) socket.write(Buffer.concat([authenticationOk, readyForQueryIdle]))
      if (heard === 1) socket.write(settingsAre)
      heard++
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  url = `postgres://nobody@127.0.0.1:${typeof address === 'object' ? address?.port : 0}/none`
})
afterAll(() => {
  server.close()
})
beforeEach(() => {
  settingsAre = readyForQueryIdle
})

const question = encodeQuery('SELECT 1')
const refusal = encodeError({ severity: 'ERROR', sqlstate: '42601', message: 'no' })
const notice = encodeNotice({ severity: 'NOTICE', sqlstate: '00000', message: 'by the way' })
const answer = Buffer.concat([refusal, readyForQueryIdle])

async function opened(answerMsMax?: number) {
  const told = { lost: 0 }
  const connection = await QuestionConnection.open(targetOf(url), () => void told.lost++, answerMsMax)
  return { connection, told, says: (bytes: Buffer) => peer?.write(bytes) }
}

/** As it goes to whoever asked: null, or the messages one after the other. */
const joined = (messages: readonly Buffer[] | null) => messages && Buffer.concat([...messages])

test('an answer that is the expected one is told by nothing, and another by what it is', async () => {
  const { connection, says } = await opened()
  const asked = [
    connection.ask(question, answer),
    connection.ask(question, readyForQueryIdle),
    connection.ask(question, null),
  ]
  says(Buffer.concat([answer, answer, answer]))
  expect((await Promise.all(asked)).map(joined)).toEqual([null, answer, answer])
  connection.close()
})

test('answers belong to their questions wherever the stream is cut', async () => {
  const { connection, says } = await opened()
  const all = Buffer.concat([answer, readyForQueryIdle, answer])
  for (let cut = 1; cut < all.length; cut++) {
    const asked = [connection.ask(question, answer), connection.ask(question, answer), connection.ask(question, null)]
    const told = Promise.all(asked)
    says(all.subarray(0, cut))
    await new Promise(setImmediate)
    says(all.subarray(cut))
    const [first, ...others] = (await told).map(joined)
    // Cut into pieces it is compared by whoever asked.
    expect([null, answer]).toContainEqual(first)
    expect(others).toEqual([readyForQueryIdle, answer])
  }
  connection.close()
})

test('what the server says of its own accord is nobody’s answer', async () => {
  const { connection, says } = await opened()
  says(notice)
  const asked = connection.ask(question, answer)
  says(Buffer.concat([notice, answer]))
  // How much of it was there before the question, nobody knows.
  expect(joined(await asked)?.subarray(-answer.length)).toEqual(answer)
  const next = connection.ask(question, answer)
  says(answer)
  expect(await next).toBe(null)
  connection.close()
})

test.for<readonly [what: string, happens: (connection: QuestionConnection) => void, answerMsMax?: number]>([
  ['lost', () => peer?.destroy()],
  ['closed', (connection) => connection.close()],
  ['silent', () => undefined, 1],
  ['no PostgreSQL any more', () => peer?.write('HTTP/1.1 400 Bad Request')],
])('whoever waits hears that the connection is %s, and who comes later as well', async ([, happens, answerMsMax]) => {
  const { connection, told } = await opened(answerMsMax)
  const asked = [connection.ask(question, answer), connection.ask(question, null)].map((each) =>
    expect(each).rejects.toThrow('is lost'),
  )
  happens(connection)
  await Promise.all(asked)
  await expect(connection.ask(question, null)).rejects.toThrow('is lost')
  expect(told.lost).toBe(1)
})

test('a server that refuses our settings is not asked', async () => {
  settingsAre = answer
  await expect(opened()).rejects.toThrow('refuses the settings')
})

test('what is slow is given up by the server itself before we give it up', async () => {
  const connection = await QuestionConnection.open(targetOf(inject('postgresUrl')), () => undefined)
  const reply = await connection.ask(encodeQuery('SELECT pg_sleep(60)'), null)
  expect(Buffer.concat([...(reply ?? [])]).toString()).toContain('C57014')
  connection.close()
}, 30_000)
