import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createConsole } from '../../../bot/console/server.ts'
import { SESSION_IDLE_MS } from '../../../bot/console/sessions.ts'
import { BrowserSession } from './browser-session.ts'
import { type ConsoleUnderTest, startConsole } from './console-under-test.ts'

let site: ConsoleUnderTest

beforeAll(async () => {
  site = await startConsole()
})
afterAll(() => site[Symbol.asyncDispose]())

const codeOf = async (response: Response): Promise<unknown> => ((await response.json()) as { code: unknown }).code

describe('signing in', () => {
  test('goes through the provider and back to where one wanted to go', async () => {
    const browser = new BrowserSession(site)
    const end = await browser.signIn('ben', '/sign-in?return_to=/holds/hold_abc')
    expect(end).toBe(`${site.origin}/holds/hold_abc`)
    expect(await (await browser.get('/api/me')).json()).toMatchObject({
      name: 'ben',
      issuer: site.issuer,
      kind: 'human',
      groups: ['engineers', 'dba', 'data-owners'],
      development: true,
    })
  })

  test('tells the directory who came, with groups and e-mail', async () => {
    await new BrowserSession(site).signIn('cleo')
    expect(await site.directory.person(site.issuer, 'cleo')).toMatchObject({
      name: 'cleo',
      email: 'cleo@example.com',
      kind: 'human',
      active: true,
      groups: expect.arrayContaining(['security']),
    })
  })

  test.each([
    'https://evil.example',
    '//evil.example',
    '/\\evil.example',
    '/\t/evil.example',
    'javascript:alert(1)',
    '/a\nset-cookie: b',
  ])('never leads to another site: %j', async (wanted) => {
    const end = await new BrowserSession(site).signIn('ben', `/sign-in?return_to=${encodeURIComponent(wanted)}`)
    expect(end).toBe(`${site.origin}/`)
  })

  test('keeps the session cookie from scripts and other sites, and only its hash in the database', async () => {
    const browser = new BrowserSession(site)
    await browser.signIn('ben')
    const id = browser.cookie('session') ?? ''
    expect(Buffer.from(id, 'base64url')).toHaveLength(32)
    const { rows } = await site.pool.query<{ id_hash: Buffer }>('SELECT id_hash FROM console_session')
    expect(rows.map(({ id_hash }) => id_hash.toString('base64url'))).not.toContain(id)
    expect(site.logged.join('')).not.toContain(id)
    const set = await site.server.inject({ url: '/sign-in', headers: { host: new URL(site.origin).host } })
    expect(set.headers['set-cookie']).toMatch(/HttpOnly; SameSite=Lax$/)
  })

  test('gives a new session at every sign-in and ends the one before', async () => {
    const browser = new BrowserSession(site)
    await browser.signIn('ben')
    const before = browser.cookie('session') ?? ''
    await browser.signIn('cleo')
    browser.setCookie('session', before)
    expect((await browser.get('/api/me')).status).toBe(401)
  })
})

describe('an answer of the provider is not accepted', () => {
  const callback = async (change: (url: URL, browser: BrowserSession) => void): Promise<string> => {
    const browser = new BrowserSession(site)
    const page = await browser.follow(`${site.origin}/sign-in`)
    const chosen = await browser.fetch(page.url, { method: 'POST', body: new URLSearchParams({ person: 'ben' }) })
    const resumed = await browser.fetch(new URL(chosen.headers.get('location') ?? '', page.url).href, {})
    const url = new URL(resumed.headers.get('location') ?? '')
    change(url, browser)
    const response = await browser.fetch(url.href, {})
    expect(browser.cookie('session')).toBeUndefined()
    return response.headers.get('location') ?? ''
  }

  test('when its state is another', async () => {
    expect(await callback((url) => url.searchParams.set('state', 'other'))).toBe('/?problem=sign_in_failed')
  })

  test('when this browser did not begin it', async () => {
    expect(await callback((_url, browser) => browser.setCookie('sign_in', 'x'))).toBe('/?problem=sign_in_expired')
  })

  test('when it comes from another issuer', async () => {
    expect(await callback((url) => url.searchParams.set('iss', 'https://evil.example'))).toBe(
      '/?problem=sign_in_failed',
    )
  })

  test('when the person was refused there', async () => {
    const refused = (url: URL): void => {
      url.searchParams.delete('code')
      url.searchParams.set('error', 'access_denied')
    }
    expect(await callback(refused)).toBe('/?problem=sign_in_refused')
  })

  test('when it took longer than ten minutes', async () => {
    const late = callback((_url) => site.pass(11 * 60_000))
    expect(await late).toBe('/?problem=sign_in_expired')
  })

  test('when the person was deactivated here', async () => {
    await new BrowserSession(site).signIn('ana')
    await site.directory.setActive(site.issuer, 'ana', false)
    const browser = new BrowserSession(site)
    await browser.signIn('ana')
    expect(browser.cookie('session')).toBeUndefined()
    await site.directory.setActive(site.issuer, 'ana', true)
  })
})

describe('a session', () => {
  test('outlives the console’s process', async () => {
    const browser = new BrowserSession(site)
    await browser.signIn('ben')
    const restarted = await createConsole(site.parts)
    const cookie = `holdpoint_session_${new URL(site.origin).port}=${browser.cookie('session')}`
    const response = await restarted.inject({ url: '/api/me', headers: { cookie } })
    await restarted.close()
    expect(response.json()).toMatchObject({ name: 'ben' })
  })

  test('ends on signing out, for good', async () => {
    const browser = new BrowserSession(site)
    await browser.signIn('ben')
    const id = browser.cookie('session') ?? ''
    expect((await browser.post('/sign-out', {})).status).toBe(204)
    expect(browser.cookie('session')).toBeUndefined()
    await browser.signIn('ben')
    browser.setCookie('session', id)
    expect(await codeOf(await browser.get('/api/me'))).toBe('session_expired')
  })

  test('ends after two hours without a request', async () => {
    const browser = new BrowserSession(site)
    await browser.signIn('ben')
    site.pass(SESSION_IDLE_MS - 60_000)
    expect((await browser.get('/api/me')).status).toBe(200)
    site.pass(SESSION_IDLE_MS - 60_000)
    expect((await browser.get('/api/me')).status).toBe(200)
    site.pass(SESSION_IDLE_MS + 60_000)
    expect(await codeOf(await browser.get('/api/me'))).toBe('session_expired')
  })

  test('ends after twelve hours however busy', async () => {
    const browser = new BrowserSession(site)
    await browser.signIn('ben')
    for (let hour = 0; hour < 11; hour++) {
      site.pass(3_600_000)
      expect((await browser.get('/api/me')).status).toBe(200)
    }
    site.pass(3_600_000)
    expect(await codeOf(await browser.get('/api/me'))).toBe('session_expired')
  })

  test('ends when the person is deactivated, at the next request', async () => {
    const browser = new BrowserSession(site)
    await browser.signIn('ana')
    await site.directory.setActive(site.issuer, 'ana', false)
    expect((await browser.get('/api/me')).status).toBe(401)
    await site.directory.setActive(site.issuer, 'ana', true)
    expect((await browser.get('/api/me')).status).toBe(401)
  })

  test('keeps at most twenty for one person, the newest', async () => {
    const browser = new BrowserSession(site)
    await browser.signIn('cleo')
    const first = browser.cookie('session') ?? ''
    for (let time = 0; time < 20; time++) await new BrowserSession(site).signIn('cleo')
    browser.setCookie('session', first)
    expect((await browser.get('/api/me')).status).toBe(401)
  })
})

test('nothing that signs in is logged: no code, no state, no cookie', async () => {
  expect(site.logged.join('')).not.toMatch(/[?&](code|state)=|holdpoint_s/)
})
