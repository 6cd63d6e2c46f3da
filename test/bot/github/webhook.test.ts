import { createHmac, randomUUID } from 'node:crypto'
import { type FastifyInstance, fastify } from 'fastify'
import pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { registerGitHubWebhook } from '../../../bot/github/webhook.ts'
import { openStage, type Stage } from '../../workflows/stage.ts'

const secret = 'a-secret-of-the-webhook'
let stage: Stage
let server: FastifyInstance
let listener: pg.Client
let hints = 0

beforeAll(async () => {
  stage = await openStage()
  server = fastify()
  await registerGitHubWebhook(server, { secret, pool: stage.pool, now: stage.now })
  listener = new pg.Client(stage.url)
  await listener.connect()
  listener.on('notification', () => hints++)
  await listener.query('LISTEN holdpoint_release_hint')
})
afterAll(async () => {
  await listener.end()
  await server.close()
  await stage[Symbol.asyncDispose]()
})

const signed = (body: string, by = secret): string => `sha256=${createHmac('sha256', by).update(body).digest('hex')}`

interface Sent {
  readonly body?: string
  readonly signature?: string
  readonly delivery?: string
  readonly event?: string
}

async function send({ body = '{}', signature = signed(body), delivery = randomUUID(), event = 'push' }: Sent = {}) {
  const before = hints
  const headers = {
    'content-type': 'application/json',
    'x-hub-signature-256': signature,
    'x-github-delivery': delivery,
    'x-github-event': event,
  }
  const { statusCode } = await server.inject({ method: 'POST', url: '/github/events', headers, payload: body })
  await listener.query('SELECT 1') // what was said before this answer has been heard
  return { status: statusCode, hints: hints - before }
}

test('a signed delivery is a hint, whatever it says', async () => {
  expect(await send()).toEqual({ status: 202, hints: 1 })
  expect(await send({ body: 'not even JSON' })).toEqual({ status: 202, hints: 1 })
})

test('F7: one that is sent again is heard once', async () => {
  const delivery = randomUUID()
  expect(await send({ delivery })).toEqual({ status: 202, hints: 1 })
  expect(await send({ delivery })).toEqual({ status: 202, hints: 0 })
  expect(await send({ delivery: delivery.toUpperCase() })).toEqual({ status: 202, hints: 0 })
})

test.each([
  ['has no signature', { signature: '' }],
  ['is signed with another secret', { signature: signed('{}', 'another secret') }],
  ['is signed for another body', { signature: signed('{"a":1}') }],
  ['is signed by the old algorithm', { signature: `sha1=${createHmac('sha1', secret).update('{}').digest('hex')}` }],
  ['has a signature of another length', { signature: `${signed('{}')}00` }],
] as const)('F7: one that %s is refused', async (_what, sent) => {
  expect(await send(sent)).toEqual({ status: 401, hints: 0 })
})

test('one without a number is refused, and one of another kind says nothing', async () => {
  expect(await send({ delivery: '' })).toEqual({ status: 400, hints: 0 })
  expect(await send({ event: 'star' })).toEqual({ status: 202, hints: 0 })
})

test('numbers of deliveries are forgotten after a week, and not before', async () => {
  const delivery = randomUUID()
  await send({ delivery })
  stage.clock.ms += 6 * 24 * 3_600_000
  expect(await send({ delivery })).toEqual({ status: 202, hints: 0 })
  stage.clock.ms += 2 * 24 * 3_600_000
  await send()
  const { rows } = await stage.pool.query('SELECT FROM webhook_delivery WHERE id = $1', [delivery])
  expect(rows).toEqual([])
})
