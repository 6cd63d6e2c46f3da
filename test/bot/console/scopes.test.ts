import { afterAll, beforeAll, expect, test } from 'vitest'
import { type ConsoleUnderTest, startConsole } from './console-under-test.ts'
import { sampleHold } from './sample-hold.ts'

/** F5: a bearer token that is for less than its bearer may do. */
let site: ConsoleUnderTest
beforeAll(async () => {
  site = await startConsole()
})
afterAll(() => site[Symbol.asyncDispose]())

async function ask(scope: string, method: 'GET' | 'POST', to: string, body?: object): Promise<Response> {
  const headers = { authorization: `Bearer ${await site.token('ben', scope)}`, 'content-type': 'application/json' }
  return fetch(site.origin + to, { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) })
}

const VOTE = { choice: 'approve' }

test.each(['holdpoint:read', 'holdpoint:run', 'openid holdpoint:run', 'holdpoint:else'])(
  'a token for %s answers, reviews, delegates and pins nothing, and is told what it lacks',
  async (scope) => {
    const hold = await site.holds.create(sampleHold(site.issuer))
    const at = `/api/holds/${hold.id}`
    const until = new Date(Date.now() + 3_600_000).toISOString()
    const writes = [
      [`${at}/votes`, VOTE],
      [`${at}/break-glass`, { reason: 'now' }],
      [`${at}/review`, { verdict: 'reviewed' }],
      ['/api/delegations', { to: 'cleo', until }],
      ['/api/releases/pins', { release: 'abc', reason: 'because', minutes: 5 }],
      ['/api/releases/unpin', {}],
    ] as const
    for (const [to, body] of writes) {
      const response = await ask(scope, 'POST', to, body)
      expect(response.status, to).toBe(403)
      expect(await response.json()).toMatchObject({
        code: 'insufficient_scope',
        hint: expect.stringMatching(/approve/),
      })
      expect(response.headers.get('www-authenticate')).toContain('scope="holdpoint:approve"')
    }
    expect(await site.holds.find(hold.id)).toMatchObject({ status: 'pending', votes: [] })
  },
)

test('a token for reading reads, and one for something unknown does not', async () => {
  for (const scope of ['holdpoint:read', 'holdpoint:run', 'holdpoint:approve', 'openid'])
    expect((await ask(scope, 'GET', '/api/holds')).status, scope).toBe(200)
  expect((await ask('holdpoint:else', 'GET', '/api/holds')).status).toBe(403)
})

test('a token for approving approves, and takes back nothing of its own', async () => {
  const hold = await site.holds.create(sampleHold(site.issuer))
  const approve = 'holdpoint:read holdpoint:approve'
  expect((await ask(approve, 'POST', `/api/holds/${hold.id}/withdraw`, {})).status).toBe(403)
  expect((await ask(approve, 'POST', `/api/holds/${hold.id}/votes`, VOTE)).status).toBe(200)
  expect(await site.holds.find(hold.id)).toMatchObject({ votes: [{ voter: { name: 'ben' }, choice: 'approve' }] })
})
