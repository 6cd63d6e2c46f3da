import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Command } from 'commander'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { loadConfig } from '../../config.ts'
import { policyCommand } from '../../policies/command.ts'
import { defaultPolicies, opa, POLICIES } from './default-policy.ts'
import { policyFolder } from './policy-folder.ts'

let data: string
let opaPath: string
beforeAll(async () => {
  data = mkdtempSync(join(tmpdir(), 'holdpoint-policy-'))
  opaPath = await opa()
}, 180_000)
afterAll(() => rmSync(data, { recursive: true, force: true }))

/** What `holdpoint policy …` prints. */
async function policy(...args: readonly string[]): Promise<string> {
  const command = policyCommand({
    env: process.env,
    configOf: () => loadConfig({}, { data, 'policies.path': POLICIES, 'opa.path': opaPath }),
  })
  const write = vi.spyOn(process.stdout, 'write').mockReturnValue(true)
  try {
    await new Command().addCommand(command).parseAsync(['policy', ...args], { from: 'user' })
    return write.mock.calls.map(([text]) => String(text)).join('')
  } finally {
    write.mockRestore()
  }
}

test('checks, tests and builds the policies of the configuration', async () => {
  expect(await policy('check')).toMatch(/^\d+ policy files are valid\n$/)
  const { digest } = await defaultPolicies()
  const tested = await policy('test')
  expect(tested).toMatch(/PASS: (\d+)\/\1\nin OPA and in WebAssembly; \d+ of their inputs decided alike/)
  expect(tested).toContain(`the module ${digest.slice(0, 16)}…`)
  const bundle = join(data, 'bundle.tar.gz')
  expect(await policy('build', '--output', bundle)).toMatch(/^[0-9a-f]{64} {2}holdpoint-default {2}\d+ kB\n$/)
  expect(existsSync(bundle)).toBe(true)
}, 180_000)

test('fails for a rule that is wrong, and says where', async () => {
  using folder = policyFolder('default')
  folder.write('rules/a/b.rego', 'package holdpoint.rules.a.b\n\ndeny contains 1 if input.nothing\n')
  await expect(policy('check', '--path', folder.path)).rejects.toThrow(/nothing/)
})

test('fails for a rule that is not formatted, says which, and formats it when asked to', async () => {
  using folder = policyFolder('default')
  const rule = 'rules/general/unresolved.rego'
  folder.write(rule, readFileSync(join(POLICIES, rule), 'utf8').replace('\npackage ', '\npackage   '))
  await expect(policy('check', '--path', folder.path)).rejects.toThrow(/Not formatted[\s\S]*unresolved\.rego/)
  expect(await policy('check', '--format', '--path', folder.path)).toContain('policy files are valid')
  expect(await policy('check', '--path', folder.path)).toContain('policy files are valid')
})

test('fails for a test that fails', async () => {
  using folder = policyFolder('default')
  folder.write('rules/a/b_test.rego', 'package holdpoint.rules.a.b_test\n\ntest_that_fails if false\n')
  await expect(policy('test', '--path', folder.path)).rejects.toThrow(/test_that_fails: FAIL: fails/)
}, 180_000)
