import { randomBytes } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { canariesIn } from '../../adversary/canaries.ts'
import { type DoorsStand, openDoorsStand } from './doors-stand.ts'

/** Whatever tells of a hold by itself, byte by byte: events say that something changed, and never what is in the rows. */
const called: Buffer[] = []
const receiver = createServer((request, response) => {
  called.push(Buffer.from(request.rawHeaders.join('\n')))
  request.on('data', (chunk: Buffer) => void called.push(chunk))
  request.on('end', () => void response.writeHead(200).end())
})
let stand: DoorsStand
let origin: string
beforeAll(async () => {
  await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve))
  origin = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}`
  stand = await openDoorsStand({ 'doors.webhookOrigins': origin })
}, 60_000)
afterAll(async () => {
  await stand[Symbol.asyncDispose]()
  receiver.closeAllConnections()
  receiver.close()
})

async function eventsOf(hold: string): Promise<Buffer> {
  const response = await fetch(`${stand.base}/v1/holds/${hold}/events`, {
    headers: { authorization: `Bearer ${await stand.token('ana')}` },
  })
  return Buffer.from(await response.arrayBuffer())
}

test.each([
  ['that ran and returned protected columns', 'approve', 'executed'],
  ['that was rejected', 'reject', 'rejected'],
] as const)(
  'no byte of what tells of a hold %s is of a protected value',
  async (_, choice, status) => {
    called.length = 0
    const callback = { url: `${origin}/hook`, secret: `whsec_${randomBytes(32).toString('base64')}` }
    const sql = 'UPDATE customers SET name = name RETURNING id, name, email, phone, card'
    const { body, text } = await stand.statement('ana', sql, { callback })
    const hold: string = body.hold.id
    const events = eventsOf(hold)
    await stand.answer(hold, choice)
    const told = await events
    expect(told.toString()).toContain(`"status":"${status}"`)
    const ends = choice === 'approve' ? 'hold.completed' : 'hold.settled'
    await expect.poll(() => Buffer.concat(called).toString(), { timeout: 20_000 }).toContain(ends)
    expect(canariesIn(Buffer.concat([told, ...called, Buffer.from(text)]))).toEqual([])
  },
  60_000,
)
