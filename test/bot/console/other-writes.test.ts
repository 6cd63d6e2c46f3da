import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { SESSION_IDLE_MS } from '../../../bot/console/sessions.ts'
import { BrowserSession } from './browser-session.ts'
import { type ConsoleUnderTest, startConsole } from './console-under-test.ts'
import { NEWER, OLDER, seedReleases } from './sample-releases.ts'

/** F4 and F5 for what can be changed besides holds: pins of releases, and who answers for whom. */
let site: ConsoleUnderTest
let ben: BrowserSession
beforeAll(async () => {
  site = await startConsole({ administrators: 'dba' })
  await seedReleases(site)
  ben = new BrowserSession(site)
  await ben.signIn('ben')
  await new BrowserSession(site).signIn('cleo')
})
afterAll(() => site[Symbol.asyncDispose]())

const until = new Date(Date.now() + 3_600_000).toISOString()
const WRITES: readonly (readonly [string, object])[] = [
  ['/api/releases/pins', { release: OLDER, reason: 'because', minutes: 5 }],
  ['/api/releases/pins/pin_x/confirm', {}],
  ['/api/releases/unpin', {}],
  ['/api/delegations', { to: 'cleo', until }],
  ['/api/delegations/away_x/revoke', {}],
]

async function kept(): Promise<unknown> {
  const { rows } = await site.pool.query(
    'SELECT (SELECT count(*) FROM release_pin) AS pins, (SELECT count(*) FROM delegation) AS away, pinned FROM followed_branch',
  )
  return rows
}

describe.each(WRITES)('%s', (path, body) => {
  test.each([
    ['from another site', { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' }],
    ['from a sibling site', { 'sec-fetch-site': 'same-site' }],
    ['without the token of the page', { 'x-holdpoint-csrf': '' }],
    ['with the token of another session', { 'x-holdpoint-csrf': 'x'.repeat(43) }],
  ])('%s is refused and changes nothing', async (_, headers) => {
    const before = await kept()
    const response = await ben.post(path, body, headers)
    expect(response.status).toBe(403)
    expect(await response.json()).toMatchObject({ code: 'cross_site_request' })
    expect(await kept()).toEqual(before)
  })

  test('by a form or a prefetch changes nothing', async () => {
    const before = await kept()
    const form = { 'content-type': 'application/x-www-form-urlencoded' }
    expect((await ben.post(path, body, form)).status).toBeGreaterThanOrEqual(400)
    expect((await ben.get(path)).status).toBeOneOf(path === '/api/delegations' ? [200] : [400, 404])
    expect(await kept()).toEqual(before)
  })

  test('by nobody in particular is refused', async () => {
    const response = await fetch(site.origin + path, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
    expect(response.status).toBe(401)
  })
})

test('who is no administrator, and who is no person, pins nothing and ends no pin', async () => {
  const ana = new BrowserSession(site)
  await ana.signIn('ana')
  const before = await kept()
  for (const [path, body] of WRITES.slice(0, 3)) expect((await ana.post(path, body)).status, path).toBe(409)
  const token = await site.token('report-bot')
  for (const [path, body] of WRITES.slice(0, 4)) {
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
    const init = { method: 'POST', headers, body: JSON.stringify(body) }
    expect((await fetch(site.origin + path, init)).status, path).toBe(403)
  }
  expect(await kept()).toEqual(before)
})

test.each(['main', '../holds', NEWER.toUpperCase(), `${NEWER}'--`, 'b'.repeat(65)])(
  'what is no commit is refused: %s',
  async (commit) => {
    const { status } = await ben.get(`/api/releases/${encodeURIComponent(commit)}`)
    expect(status).toBe(400)
  },
)

test('everything comes with the strict policy, and is kept by no cache', async () => {
  for (const path of ['/releases', `/releases/${NEWER}`, '/releases/pulls/12', '/away', '/nowhere']) {
    const response = await fetch(site.origin + path, { headers: { accept: 'text/html' } })
    expect(response.status, path).toBe(path === '/nowhere' ? 404 : 200)
    const policy = response.headers.get('content-security-policy') ?? ''
    expect(policy, path).toContain("default-src 'none';script-src 'self';style-src 'self'")
    expect(policy, path).not.toMatch(/unsafe|\*/)
    expect(response.headers.get('cache-control'), path).toBe('no-store')
  }
  expect((await ben.get('/api/releases')).headers.get('cache-control')).toBe('no-store')
})

test('after the session has ended they are refused, and the page is asked to sign in', async () => {
  site.pass(SESSION_IDLE_MS + 60_000)
  for (const [path, body] of WRITES) {
    const response = await ben.post(path, body)
    expect(response.status, path).toBe(401)
    expect(await response.json()).toMatchObject({ code: expect.stringMatching(/session_expired|unauthenticated/) })
  }
})
