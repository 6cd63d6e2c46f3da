import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  createServiceTokens,
  type ServiceTokenRequest,
  type ServiceTokens,
} from '../../../workflows/directory/service-tokens.ts'
import { openStage, person, type Stage } from '../stage.ts'

let stage: Stage
let tokens: ServiceTokens
beforeAll(async () => {
  stage = await openStage()
  tokens = createServiceTokens(stage.pool, stage.now)
})
afterAll(() => stage[Symbol.asyncDispose]())

const DAY = 24 * 3_600_000

function asked(changes: Partial<ServiceTokenRequest> = {}): ServiceTokenRequest {
  const expiresAt = new Date(stage.clock.ms + DAY)
  return { name: 'etl', kind: 'service', groups: ['services'], actsFor: null, expiresAt, scopes: [], ...changes }
}

test('a token proves a service until it expires', async () => {
  const { token } = await tokens.create(asked())
  expect(token).toMatch(/^hp_[0-9a-f]{16}_[\w-]{43}$/)
  expect(await tokens.verify(token)).toEqual({
    issuer: 'holdpoint',
    subject: 'etl',
    name: 'etl',
    groups: ['services'],
    kind: 'service',
    actsFor: null,
    provenBy: 'service_token',
    expiresAt: new Date(stage.clock.ms + DAY).toISOString(),
  })
  stage.clock.ms += DAY
  expect(await tokens.verify(token)).toBeNull()
})

test('an agent carries the person it acts for, with the groups of now', async () => {
  const { token } = await tokens.create(asked({ name: 'helper', kind: 'agent', actsFor: person('ana') }))
  expect((await tokens.verify(token))?.actsFor).toEqual({ ...person('ana'), name: 'ana', groups: ['engineers'] })
  await stage.directory.setActive(person('ana').issuer, person('ana').subject, false)
  expect(await tokens.verify(token)).toBeNull()
  await stage.directory.setActive(person('ana').issuer, person('ana').subject, true)
})

test('a revoked token proves nothing, and is revoked once', async () => {
  const { id, token } = await tokens.create(asked())
  expect(await tokens.revoke(id)).toBe(true)
  expect(await tokens.revoke(id)).toBe(false)
  expect(await tokens.verify(token)).toBeNull()
  expect((await tokens.list()).find((one) => one.id === id)?.revokedAt).toEqual(new Date(stage.clock.ms))
})

test('the secret is neither kept nor listed', async () => {
  const { token } = await tokens.create(asked())
  const secret = token.slice(-43)
  const { rows } = await stage.pool.query('SELECT service_token::text FROM service_token')
  expect(JSON.stringify([rows, await tokens.list()])).not.toContain(secret)
})

test.each([
  { how: 'nothing', forge: () => '' },
  { how: 'another secret', forge: (token: string) => `${token.slice(0, 20)}${'A'.repeat(43)}` },
  { how: 'another id', forge: (token: string) => `hp_${'0'.repeat(16)}${token.slice(19)}` },
  { how: 'one character more', forge: (token: string) => `${token}A` },
  { how: 'a line break', forge: (token: string) => `${token}\n` },
  { how: 'one character less', forge: (token: string) => token.slice(0, -1) },
])('refuses $how', async ({ forge }) => {
  const { token } = await tokens.create(asked())
  expect(await tokens.verify(token)).not.toBeNull()
  expect(await tokens.verify(forge(token))).toBeNull()
})

test.each<{ what: string; changes: () => Partial<ServiceTokenRequest>; code: string }>([
  { what: 'a name that could be mistaken', changes: () => ({ name: 'E T L' }), code: 'bad_name' },
  { what: 'a past expiry', changes: () => ({ expiresAt: new Date(stage.clock.ms) }), code: 'bad_expiry' },
  { what: 'no expiry', changes: () => ({ expiresAt: new Date(Number.NaN) }), code: 'bad_expiry' },
  { what: 'a service for somebody', changes: () => ({ actsFor: person('ana') }), code: 'not_an_agent' },
  {
    what: 'an agent of nobody known',
    changes: () => ({ kind: 'agent', actsFor: person('zoe') }),
    code: 'unknown_person',
  },
  {
    what: 'an agent of an agent',
    changes: () => ({ kind: 'agent', actsFor: person('report-bot') }),
    code: 'unknown_person',
  },
])('makes no token for $what', async ({ changes, code }) => {
  await expect(tokens.create(asked(changes()))).rejects.toMatchObject({ code })
})
