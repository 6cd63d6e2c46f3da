import { expect, test } from 'vitest'
import { ConfigError, loadConfig } from '../config.ts'

test('names every problem at once and shows no value', () => {
  const load = () => loadConfig({ HOLDPOINT_PROXY_PORT: 's3cret', HOLDPOINT_LOG_LEVEL: 's3cret' })
  expect(load).toThrow(ConfigError)
  expect(load).toThrow(/log\.level[\s\S]*proxy\.port/)
  expect(load).not.toThrow(/s3cret/)
})

test('the command line wins over the environment, and the environment over defaults', () => {
  expect(loadConfig({}).proxy.port).toBe(6432)
  expect(loadConfig({ HOLDPOINT_PROXY_PORT: '7000' }).proxy.port).toBe(7000)
  expect(loadConfig({ HOLDPOINT_PROXY_PORT: '7000' }, { 'proxy.port': 0 }).proxy.port).toBe(0)
})

test('what is released needs its approvals: they can be left out beside the policies only', () => {
  const within = (approvalsOnlyWithin: string, path = 'teams/policies/') =>
    loadConfig({}, { 'releases.github.path': path, 'releases.github.approvalsOnlyWithin': approvalsOnlyWithin })
      .releases
  for (const folder of ['teams', 'teams/', './teams/policies'])
    expect(within(folder).github.approvalsOnlyWithin).toBe(folder)
  for (const folder of ['teams/policies/rules', 'team', 'services', '.', './', '/'])
    expect(() => within(folder), folder).toThrow(/approvalsOnlyWithin/)
  expect(() => within('policies', '')).toThrow(/approvalsOnlyWithin/)
})

test('plain tables are trusted for a bounded time, or not at all', () => {
  const target = { name: 'prod/shop', environment: 'production', host: 'db', database: 'shop', user: 'shop' }
  const trusted = (definitionsTrustedMs?: unknown) => loadConfig({}, { targets: [{ ...target, definitionsTrustedMs }] })
  for (const ms of [undefined, 0, 50, 1_000]) expect(trusted(ms).targets[0]?.definitionsTrustedMs).toBe(ms)
  for (const ms of [-1, 0.5, 1_001, 'long']) expect(() => trusted(ms)).toThrow(/targets\.0\.definitionsTrustedMs/)
})

test('is frozen all the way down', () => {
  expect(Object.isFrozen(loadConfig({}).proxy.tls)).toBe(true)
})
