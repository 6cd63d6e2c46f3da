import pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type DoorsStand, openDoorsStand } from './doors-stand.ts'

/** Guesses with another token each time, which no limit by credential would notice. */
const PER_MINUTE = 5
let believing: DoorsStand
let alone: DoorsStand
beforeAll(async () => {
  const few = { 'identity.failuresPerMinute': PER_MINUTE }
  believing = await openDoorsStand({ ...few, 'identity.trustedProxies': '127.0.0.0/8' })
  alone = await openDoorsStand(few)
}, 120_000)
afterAll(async () => {
  await believing[Symbol.asyncDispose]()
  await alone[Symbol.asyncDispose]()
})

let guesses = 0
const asked = (stand: DoorsStand, token: string, from: string, path = '/v1/holds') =>
  fetch(stand.base + path, { headers: { authorization: `Bearer ${token}`, 'x-forwarded-for': from } })
const guessed = (stand: DoorsStand, from: string, path?: string) => asked(stand, `guess-${++guesses}`, from, path)

async function untilLimited(stand: DoorsStand, from: string): Promise<void> {
  for (let n = 0; n < PER_MINUTE; n++) expect((await guessed(stand, from)).status).toBe(401)
}

test('who guesses tokens is told to wait, at every door of HTTP, and nobody at another address is', async () => {
  await untilLimited(believing, '192.0.2.1')
  for (const path of ['/v1/holds', '/mcp']) {
    const refused = await guessed(believing, '192.0.2.1', path)
    expect(refused.status).toBe(429)
    const seconds = Number(refused.headers.get('retry-after'))
    expect(seconds).toBeGreaterThan(0)
    expect(seconds).toBeLessThanOrEqual(60)
    expect(await refused.json()).toMatchObject({ code: 'too_many_failures' })
  }
  expect((await asked(believing, await believing.token('ana'), '192.0.2.2')).status).toBe(200)
})

test('whose token has been good goes on working at the address of somebody who guesses; a new one waits', async () => {
  const proven = await believing.token('ana')
  expect((await asked(believing, proven, '192.0.2.3')).status).toBe(200)
  await untilLimited(believing, '192.0.2.3')
  expect((await asked(believing, proven, '192.0.2.3')).status).toBe(200)
  expect((await asked(believing, await believing.token('dora'), '192.0.2.3')).status).toBe(429)
})

test('a volley is not faster than one after the other', async () => {
  const volley = await Promise.all(Array.from({ length: 20 }, () => guessed(believing, '192.0.2.4')))
  expect(volley.filter(({ status }) => status === 401)).toHaveLength(PER_MINUTE)
  expect(volley.filter(({ status }) => status === 429)).toHaveLength(20 - PER_MINUTE)
})

test('what does not look like a token at all is limited by address too', async () => {
  const basic = (from: string) =>
    fetch(`${believing.base}/v1/holds`, {
      headers: { authorization: `Basic ${++guesses}`, 'x-forwarded-for': from },
    })
  const { headers } = await basic('192.0.2.5')
  const before = Number(headers.get('x-ratelimit-remaining'))
  expect(Number((await basic('192.0.2.5')).headers.get('x-ratelimit-remaining'))).toBe(before - 1)
})

test('where no proxy is configured nobody is somebody else by saying so, and wire and doors count together', async () => {
  const proven = await alone.token('ana')
  expect((await asked(alone, proven, '192.0.2.1')).status).toBe(200)
  const wire = (password: string) => {
    const port = Number(new URL(alone.wireUrl).port)
    return new pg.Client({ host: '127.0.0.1', port, user: 'ana', password, database: 'prod/shop' })
  }
  await expect(wire('guess').connect()).rejects.toMatchObject({ code: '28P01' })
  for (let n = 1; n < PER_MINUTE; n++) expect((await guessed(alone, `198.51.100.${n}`)).status).toBe(401)
  expect((await guessed(alone, '203.0.113.9')).status).toBe(429)
  await expect(wire('another guess').connect()).rejects.toMatchObject({
    code: '28000',
    message: 'Too many credentials from this address proved nothing.',
    hint: expect.stringMatching(/^Try again in \d+ s$/),
  })
  const client = wire(proven)
  await client.connect()
  await client.end()
})
