import { createHmac, randomUUID } from 'node:crypto'
import type { FastifyInstance } from 'fastify'
import pg from 'pg'
import { pino } from 'pino'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { createConsole } from '../../bot/console/server.ts'
import { registerGitHubWebhook } from '../../bot/github/webhook.ts'
import { FastifyReceiver, SLACK_PATH } from '../../bot/slack/requests/receiver.ts'
import { createSeenRequests } from '../../bot/slack/requests/seen-requests.ts'
import { HINT_CHANNEL } from '../../workflows/releases/listen.ts'
import { type ConsoleUnderTest, startConsole } from './console/console-under-test.ts'

/** Who asks the console's server too often is told when to come back: over HTTP, on the server that bot.ts puts together. */
const secret = 'a-secret-of-the-webhook'
let site: ConsoleUnderTest
let listener: pg.Client
let hints = 0
beforeAll(async () => {
  site = await startConsole()
  listener = new pg.Client(site.pool.options.connectionString)
  await listener.connect()
  listener.on('notification', () => hints++)
  await listener.query(`LISTEN ${HINT_CHANNEL}`)
}, 60_000)
afterAll(async () => {
  await listener?.end()
  await site?.[Symbol.asyncDispose]()
})

/** Each begins with nothing counted; the same people and state. */
let server: FastifyInstance
let origin: string
beforeEach(async () => {
  const { pool, parts } = site
  server = await createConsole({
    ...parts,
    config: { ...parts.config, identity: { ...parts.config.identity, trustedProxies: '127.0.0.1' } },
  })
  await registerGitHubWebhook(server, { secret, pool, now: Date.now })
  const slack = {
    signingSecret: 'of-slack',
    seen: createSeenRequests({ pool, now: Date.now }),
    log: pino({ level: 'silent' }),
    now: Date.now,
  }
  await new FastifyReceiver(slack).register(server)
  origin = await server.listen({ host: '127.0.0.1', port: 0 })
  return () => server.close()
})

const from = (address: string): Record<string, string> => ({ 'x-forwarded-for': address })
const get = (path: string, headers: Record<string, string>): Promise<Response> =>
  fetch(origin + path, { headers, redirect: 'manual' })

/** @returns how many of them were answered in each way */
async function many(times: number, ask: () => Promise<Response>): Promise<Readonly<Record<number, number>>> {
  const counts: Record<number, number> = {}
  for (let n = 0; n < times; n++) {
    const answer = await ask()
    await answer.arrayBuffer()
    counts[answer.status] = (counts[answer.status] ?? 0) + 1
  }
  return counts
}

async function expectTold(answer: Response): Promise<void> {
  expect(answer.status).toBe(429)
  const seconds = Number(answer.headers.get('retry-after'))
  expect(seconds).toBeGreaterThan(0)
  expect(seconds).toBeLessThanOrEqual(60)
  expect(answer.headers.get('content-type')).toContain('application/problem+json')
  expect(await answer.json()).toMatchObject({ code: 'too_many_requests' })
}

describe('GitHub’s webhook', () => {
  const sent = (address: string, delivery = randomUUID()): Promise<Response> => {
    const signature = `sha256=${createHmac('sha256', secret).update('{}').digest('hex')}`
    const headers = { 'x-hub-signature-256': signature, 'x-github-delivery': delivery, 'x-github-event': 'push' }
    return fetch(`${origin}/github/events`, {
      ...{ method: 'POST', body: '{}' },
      headers: { ...from(address), 'content-type': 'application/json', ...headers },
    })
  }
  const heard = async (): Promise<number> => {
    await listener.query('SELECT 1') // what was said before this answer has been heard
    return hints
  }

  test('takes 120 a minute from one address; the next is told, not heard, and heard when it is sent again', async () => {
    const before = await heard()
    expect(await many(120, () => sent('192.0.2.1'))).toEqual({ 202: 120 })
    const delivery = randomUUID()
    await expectTold(await sent('192.0.2.1', delivery))
    expect((await heard()) - before).toBe(120)
    expect((await sent('192.0.2.2', delivery)).status).toBe(202)
    expect((await heard()) - before).toBe(121)
  }, 60_000)

  test('counts those with a bad signature, too, and takes nobody’s share of the console', async () => {
    const forged = () => fetch(`${origin}/github/events`, { method: 'POST', body: '{}', headers: from('192.0.2.3') })
    expect(await many(121, forged)).toEqual({ 401: 120, 429: 1 })
    expect((await get('/api/me', from('192.0.2.3'))).status).toBe(401)
  }, 60_000)
})

describe('the console', () => {
  test('answers 600 requests a minute of one address without a session; others, and whether it lives, go on', async () => {
    expect(await many(600, () => get('/api/me', from('192.0.2.4')))).toEqual({ 401: 600 })
    await expectTold(await get('/api/me', from('192.0.2.4')))
    expect((await get('/api/me', from('192.0.2.5'))).status).toBe(401)
    expect((await get('/healthz', from('192.0.2.4'))).status).toBe(200)
    const authorization = `Bearer ${await site.token('ben')}`
    expect((await get('/api/me', { ...from('192.0.2.4'), authorization })).status).toBe(200)
  }, 60_000)

  test('answers an office of many behind one address, with sessions or tokens, up to 6,000', async () => {
    const authorization = `Bearer ${await site.token('ben')}`
    const asked = () => get('/api/me', { ...from('192.0.2.6'), authorization })
    expect(await many(700, asked)).toEqual({ 200: 700 })
    const left = Number((await asked()).headers.get('x-ratelimit-remaining'))
    expect(left).toBe(6_000 - 701)
  }, 60_000)

  test('begins 60 sign-ins a minute for one address', async () => {
    const begun = () => get('/sign-in', from('192.0.2.7'))
    expect(await many(60, begun)).toEqual({ 302: 60 })
    await expectTold(await begun())
    expect((await get('/api/me', from('192.0.2.7'))).status).toBe(401)
    expect((await get('/sign-in', from('192.0.2.8'))).status).toBe(302)
  }, 60_000)
})

test('Slack’s own requests are not limited: a click that is refused is lost; what it did not send is refused each time', async () => {
  const forged = () => fetch(origin + SLACK_PATH, { method: 'POST', body: '{}', headers: from('192.0.2.9') })
  expect(await many(700, forged)).toEqual({ 401: 700 })
}, 60_000)
