import { afterAll, beforeAll, expect, test } from 'vitest'
import { type DoorsStand, openDoorsStand } from './doors-stand.ts'

let stand: DoorsStand
beforeAll(async () => {
  stand = await openDoorsStand()
}, 60_000)
afterAll(() => stand[Symbol.asyncDispose]())

/** doors.ts */
const PER_MINUTE = 1_200

test('who asks too often is told when to come back, and nobody else is kept waiting', async () => {
  const authorization = `Bearer ${await stand.token('ana')}`
  const ask = (path = '/v1/holds', headers: Record<string, string> = { authorization }) =>
    fetch(stand.base + path, { headers })
  const statuses = new Map<number, number>()
  for (let n = 0; n <= PER_MINUTE; n++) {
    const { status } = await ask()
    statuses.set(status, (statuses.get(status) ?? 0) + 1)
  }
  const refused = await ask()
  expect(refused.status).toBe(429)
  expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0)
  expect(refused.headers.get('content-type')).toContain('application/problem+json')
  expect(await refused.json()).toMatchObject({ code: 'too_many_requests' })
  expect(statuses.get(200)).toBe(PER_MINUTE)
  // One share for all doors that a token opens.
  expect((await fetch(`${stand.base}/mcp`, { method: 'POST', headers: { authorization } })).status).toBe(429)
  expect((await ask('/v1/holds', { authorization: `Bearer ${await stand.token('ben')}` })).status).toBe(200)
  expect((await ask('/healthz')).status).toBe(200)
}, 60_000)
