import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest'
import { createServiceTokens } from '../../../workflows/directory/service-tokens.ts'
import { tokenCommand } from '../../../workflows/directory/token-command.ts'
import { openState } from '../../../workflows/state/state.ts'
import { openStage, person, type Stage } from '../stage.ts'

let stage: Stage
let printed: string
beforeAll(async () => {
  stage = await openStage()
})
afterAll(() => stage[Symbol.asyncDispose]())
beforeEach(() => {
  printed = ''
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    printed += text
    return true
  })
  vi.spyOn(process.stderr, 'write').mockReturnValue(true)
})
afterEach(() => vi.restoreAllMocks())

async function run(...words: string[]): Promise<string> {
  return runWith({ scopesRequired: false }, ...words)
}

async function runWith({ scopesRequired }: { scopesRequired: boolean }, ...words: string[]): Promise<string> {
  printed = ''
  await tokenCommand(
    () => openState(stage.url),
    () => scopesRequired,
  )
    .exitOverride()
    .parseAsync(words, { from: 'user' })
  return printed
}

test('makes a token that works, shows it once, and ends it', async () => {
  const token = (await run('create', 'etl', '--group', 'services', '--group', 'night')).trim()
  expect(await createServiceTokens(stage.pool).verify(token)).toMatchObject({
    name: 'etl',
    groups: ['services', 'night'],
  })
  const listed = await run('list')
  expect(listed).not.toContain(token.slice(-43))
  const id = token.slice(3, 19)
  expect(listed).toContain(id)
  await run('revoke', id)
  expect(await createServiceTokens(stage.pool).verify(token)).toBeNull()
  await expect(run('revoke', id)).rejects.toMatchObject({ code: 'unknown_token' })
})

test('makes an agent’s token for the person it acts for', async () => {
  const { issuer, subject } = person('ana')
  const line = await run('create', 'helper', '--acts-for', subject, '--issuer', issuer, '--json')
  const { token } = JSON.parse(line) as { token: string }
  expect(await createServiceTokens(stage.pool).verify(token)).toMatchObject({ kind: 'agent', actsFor: { name: 'ana' } })
})

test('needs to know whose the subject is', async () => {
  await expect(run('create', 'helper', '--acts-for', 'sub-ana')).rejects.toMatchObject({ code: 'unknown_person' })
})

test('makes none that would be for nothing', async () => {
  const required = { scopesRequired: true }
  await expect(runWith(required, 'create', 'bare')).rejects.toMatchObject({ code: 'no_scope' })
  expect(await run('list')).not.toContain('bare')
  const token = (await runWith(required, 'create', 'reader', '--scope', 'holdpoint:read')).trim()
  expect(await createServiceTokens(stage.pool).verify(token)).toMatchObject({ scopes: ['holdpoint:read'] })
})
