import { createHmac, randomBytes } from 'node:crypto'
import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Hold } from '../../../workflows/holds/hold.ts'
import { createSeal, resultSecret } from '../../../workflows/results/seal.ts'
import { webhookDelivery } from '../../../workflows/results/webhooks.ts'
import { type DoorsStand, openDoorsStand } from './doors-stand.ts'

interface Received {
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

const received: Received[] = []
/** What is answered next; 200 when nothing is said. */
const answers: number[] = []
const receiver = createServer((request, response) => {
  let body = ''
  request.on('data', (chunk: Buffer) => {
    body += chunk.toString()
  })
  request.on('end', () => {
    received.push({ headers: request.headers, body })
    response.writeHead(answers.shift() ?? 200, { location: '/elsewhere' }).end()
  })
})
let stand: DoorsStand
let origin: string
beforeAll(async () => {
  await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve))
  origin = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}`
  stand = await openDoorsStand({ 'doors.webhookOrigins': `https://hooks.example.com, ${origin}, http://127.0.0.1:1` })
}, 60_000)
afterAll(async () => {
  await stand[Symbol.asyncDispose]()
  receiver.closeAllConnections()
  receiver.close()
})

const secret = `whsec_${randomBytes(32).toString('base64')}`
const WEBHOOK_TRIES = "SELECT attempts FROM outbox WHERE hold = $1 AND delivery = 'webhook' AND reason = 'settled'"
const SQL = "UPDATE customers SET name = 'canary-in-sql'"
const ask = (callback: object) => stand.statement('ana', SQL, { callback })
const about = (hold: string): readonly Received[] => received.filter(({ body }) => body.includes(hold))

test('tells of the answer and of the end, signed, with ids and states only', async () => {
  const { body } = await ask({ url: `${origin}/hook`, secret })
  const hold: string = body.hold.id
  await stand.answer(hold, 'approve')
  const states = () => about(hold).map((one) => [JSON.parse(one.body).type, JSON.parse(one.body).data.status])
  await expect.poll(states, { timeout: 20_000 }).toContainEqual(['hold.completed', 'executed'])
  for (const { headers, body: said } of about(hold)) {
    const { 'webhook-id': id, 'webhook-timestamp': at, 'webhook-signature': signature } = headers
    const key = Buffer.from(secret.slice(6), 'base64')
    expect(signature).toBe(`v1,${createHmac('sha256', key).update(`${id}.${at}.${said}`).digest('base64')}`)
    expect(Math.abs(Number(at) - Date.now() / 1000)).toBeLessThan(60)
    expect(said).not.toMatch(/canary-in-sql|customers|whsec/)
    expect(Object.keys(JSON.parse(said).data).sort()).toEqual(['decidedAt', 'hold', 'ok', 'status'])
  }
  const { rows } = await stand.workflows.pool.query('SELECT secret FROM hold_webhook WHERE hold = $1', [hold])
  expect(rows[0].secret.toString('latin1')).not.toContain(secret)
}, 40_000)

test('is tried again with the same id until it is taken, and follows no redirection', async () => {
  const { body } = await ask({ url: `${origin}/hook`, secret })
  const hold: string = body.hold.id
  answers.push(500, 302)
  await stand.answer(hold, 'reject')
  await expect.poll(() => about(hold).length, { timeout: 20_000 }).toBe(3)
  expect(new Set(about(hold).map(({ headers }) => headers['webhook-id'])).size).toBe(1)
}, 40_000)

test('one that does not answer keeps no other from its word, which comes once', async () => {
  await ask({ url: `http://127.0.0.1:1/gone`, secret })
  const { body } = await ask({ url: `${origin}/hook`, secret })
  const hold: string = body.hold.id
  await stand.answer(hold, 'reject')
  await expect.poll(() => about(hold).length, { timeout: 20_000 }).toBe(1)
  const tries = async () => (await stand.workflows.pool.query(WEBHOOK_TRIES, [hold])).rows[0].attempts
  await expect.poll(tries, { timeout: 20_000 }).toBeGreaterThan(2)
  expect(about(hold)).toHaveLength(1)
}, 60_000)

test('a host that was taken off the list since is not called any more', async () => {
  const { hold } = (await ask({ url: `${origin}/hook`, secret })).body
  const { config, workflows } = stand
  const seal = createSeal(resultSecret(config.doors.resultKey, config.data))
  const deliveryTo = (origins: string[]) =>
    webhookDelivery({ pool: workflows.pool, seal, origins: new Set(origins), now: Date.now })
  const found = (await workflows.holds.find(hold.id)) as Hold
  await deliveryTo(['https://hooks.example.com']).deliver(found, 'settled', 'notice-1')
  expect(about(hold.id)).toEqual([])
  await deliveryTo([origin]).deliver(found, 'settled', 'notice-1')
  expect(about(hold.id)).toHaveLength(1)
  await stand.call('ana', 'DELETE', `/v1/holds/${hold.id}`)
})

test.each([
  ['another host', () => ({ url: 'https://elsewhere.example', secret })],
  ['the same host, another port', () => ({ url: 'http://127.0.0.1:2/', secret })],
  ['plain http where https is listed', () => ({ url: 'http://hooks.example.com/', secret })],
  ['a host that looks like it', () => ({ url: 'https://hooks.example.com.evil.example/', secret })],
  ['credentials in the url', () => ({ url: 'https://a:b@hooks.example.com/', secret })],
  ['the cloud’s metadata', () => ({ url: 'http://169.254.169.254/latest', secret })],
  ['no url', () => ({ url: 'file:///etc/passwd', secret })],
  ['a secret too short to sign with', () => ({ url: `${origin}/`, secret: 'whsec_c2hvcnQ=' })],
])('%s is refused, and nothing is held', async (_, callback) => {
  const before = (await stand.call('ana', 'GET', '/v1/holds')).body.holds.length
  const { status, body } = await ask(callback())
  expect({ status, code: body.code }).toEqual({ status: 400, code: 'callback_refused' })
  expect((await stand.call('ana', 'GET', '/v1/holds')).body.holds.length).toBe(before)
})
