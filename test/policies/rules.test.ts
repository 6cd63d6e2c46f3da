import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { checkPolicies, sources } from '../../policies/compile.ts'
import { CAPABILITIES } from '../../policies/content-key.ts'
import { describeRules } from '../../policies/describe-rules.ts'
import { readManifest } from '../../policies/manifest.ts'
import { run } from '../../policies/run.ts'
import { dataSchema, inputPage, inputSchema } from '../../policies/schema.ts'
import { opa, POLICIES } from './default-policy.ts'

const rules = globSync('rules/*/*.rego', { cwd: POLICIES }).filter((file) => !file.endsWith('_test.rego'))

test('the default policies pass OPA’s strict check against the published schema', async () => {
  await expect(checkPolicies(await opa(), POLICIES, readManifest(POLICIES))).resolves.toBeUndefined()
}, 180_000)

test('the rules’ own tests pass', async () => {
  const { stdout } = await run(await opa(), ['test', '--capabilities', CAPABILITIES, ...sources(POLICIES)], {
    timeoutMs: 60_000,
  })
  expect(stdout).toMatch(/PASS: (\d+)\/\1\n/)
})

test('the rules are formatted as OPA formats them', async () => {
  const { stdout } = await run(await opa(), ['fmt', '--list', join(POLICIES, 'rules')], { timeoutMs: 60_000 })
  expect(stdout).toBe('')
})

test('the published schemas and the page of the input are what the types are made from (node policies/write-schema.ts)', () => {
  const published = (name: string): string => readFileSync(join(POLICIES, 'schemas', name), 'utf8')
  expect(JSON.parse(published('input.json'))).toEqual(inputSchema())
  expect(JSON.parse(published('data.json'))).toEqual(dataSchema())
  expect(published('input.md')).toBe(inputPage())
})

test('every field that a policy is shown says what it is', () => {
  const silent = inputPage()
    .split('\n')
    .filter((line) => line.startsWith('| `') && line.endsWith('|  |'))
  expect(silent).toEqual([])
})

test('every rule has a test beside it, says what it is for, how grave, whose, and to what end, and reads something', async () => {
  const described = await describeRules(await opa(), POLICIES)
  expect(described.map(({ file }) => file)).toEqual([...rules].sort())
  for (const { id, reads } of described) expect(reads, id).not.toEqual([])
}, 60_000)
