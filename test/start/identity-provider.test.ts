import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { decodeJwt, decodeProtectedHeader } from 'jose'
import * as openid from 'openid-client'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { loadConfig } from '../../config.ts'
import { openLog } from '../../log.ts'
import { createAuthenticator } from '../../proxy/identity/authenticate.ts'
import { mintToken } from '../../workflows/development/development-tokens.ts'
import { freePort } from '../../workflows/development/free-port.ts'
import { type DevelopmentProvider, startIdentityProvider } from '../../workflows/development/identity-provider.ts'
import { loadProviderKeys, type ProviderKeys } from '../../workflows/development/provider-keys.ts'
import { knownPeople } from '../proxy/identity/stand.ts'

const log = openLog({ level: 'silent', process: 'test' })
const folder = mkdtempSync(join(tmpdir(), 'holdpoint-idp-'))
const config = loadConfig({}, { mode: 'development', 'console.publicUrl': 'http://127.0.0.1:9' })
let provider: DevelopmentProvider
let keys: ProviderKeys

beforeAll(async () => {
  keys = await loadProviderKeys(folder)
  provider = await startIdentityProvider({ config, keys, port: await freePort(), log })
})
afterAll(async () => {
  await provider.close()
  rmSync(folder, { recursive: true })
})

const authenticator = () =>
  createAuthenticator({
    providers: [
      {
        issuer: provider.issuer,
        audience: 'holdpoint',
        algorithms: ['ES256'],
        nameClaim: 'preferred_username',
        groupsClaim: 'groups',
      },
    ],
    targets: [],
    directory: knownPeople(),
    serviceTokens: { verify: async () => null },
    log,
    now: Date.now,
  })

/** A browser, as far as redirects, cookies and one form go. */
function browser() {
  const cookies = new Map<string, string>()
  return async (
    url: string,
    form?: Record<string, string>,
  ): Promise<{ text: string; location: string | null; headers: Headers }> => {
    const response = await fetch(url, {
      redirect: 'manual',
      headers: { cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join('; ') },
      ...(form ? { method: 'POST', body: new URLSearchParams(form) } : {}),
    })
    for (const cookie of response.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(cookie) ?? []
      if (name !== undefined && value !== undefined) cookies.set(name, value)
    }
    const location = response.headers.get('location')
    return { text: await response.text(), location: location && new URL(location, url).href, headers: response.headers }
  }
}

async function signInAs(person: string) {
  const client = await openid.discovery(new URL(provider.issuer), 'holdpoint-console', undefined, openid.None(), {
    execute: [openid.allowInsecureRequests],
  })
  const verifier = openid.randomPKCECodeVerifier()
  const start = openid.buildAuthorizationUrl(client, {
    redirect_uri: 'http://127.0.0.1:9/sign-in/callback',
    scope: 'openid profile groups',
    code_challenge: await openid.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
    state: 'the-state',
  })
  const visit = browser()
  const interaction = (await visit(start.href)).location as string
  const page = await visit(interaction)
  const resume = (await visit(interaction, { person })).location as string
  const callback = (await visit(resume)).location as string
  const tokens = await openid.authorizationCodeGrant(client, new URL(callback), {
    pkceCodeVerifier: verifier,
    expectedState: 'the-state',
  })
  return { page, tokens }
}

test('a person signs in with a click, and says who they are in both tokens', async () => {
  const { tokens } = await signInAs('ben')
  expect(tokens.claims()).toMatchObject({
    sub: 'ben',
    preferred_username: 'ben',
    groups: ['engineers', 'dba', 'data-owners'],
  })
  expect(decodeProtectedHeader(tokens.access_token)).toMatchObject({ typ: 'at+jwt', alg: 'ES256' })
  expect(decodeJwt(tokens.access_token)).toMatchObject({ aud: 'holdpoint', sub: 'ben', iss: provider.issuer })
  expect(await authenticator().authenticateToken(tokens.access_token)).toMatchObject({ kind: 'human', name: 'ben' })
})

test('an ID token opens no door: it is meant for the console', async () => {
  const { tokens } = await signInAs('ana')
  await expect(authenticator().authenticateToken(tokens.id_token as string)).rejects.toMatchObject({
    code: 'bad_credential',
    message: expect.stringContaining('someone else'),
  })
})

test.each([
  ['ana', { kind: 'human', name: 'ana', actsFor: null }],
  ['report-bot', { kind: 'agent', name: 'report-bot', groups: ['agents'], actsFor: { name: 'ana' } }],
])('a token made at the start for %s is as good as one of a sign-in', async (name, identity) => {
  const token = await mintToken(name, { issuer: provider.issuer, keys, now: Date.now })
  expect(await authenticator().authenticateToken(token)).toMatchObject(identity)
})

test('keys are kept, so tokens outlive a restart', async () => {
  expect(await loadProviderKeys(folder)).toEqual(keys)
})

describe('says on every screen that it is for development only', () => {
  test('at sign-in, where nothing can be framed or run', async () => {
    const { page } = await signInAs('ana')
    expect(page.text).toContain('DEVELOPMENT ONLY')
    expect(page.text).not.toMatch(/<script|https?:/)
    expect(page.headers.get('content-security-policy')).toMatch(/default-src 'none'.*frame-ancestors 'none'/)
  })

  test.each(['/auth?client_id=nobody', '/session/end', '/interaction/unknown', '/nowhere'])('at %s', async (path) => {
    const response = await fetch(provider.issuer + path, { headers: { accept: 'text/html' } })
    expect(await response.text()).toContain('DEVELOPMENT ONLY')
  })
})

test('answers to no other name than its own, as a rebound one would be', async () => {
  const { request } = await import('node:http')
  const status = await new Promise((resolve, reject) => {
    const asked = request(provider.issuer, { headers: { host: 'attacker.example' } }, (response) => {
      response.resume()
      resolve(response.statusCode)
    })
    asked.once('error', reject)
    asked.end()
  })
  expect(status).toBe(421)
})

test('never starts outside development', async () => {
  const production = loadConfig({}, { mode: 'production' })
  await expect(startIdentityProvider({ config: production, keys, port: 0, log })).rejects.toMatchObject({
    code: 'not_development',
  })
})
