import { expect, test } from 'vitest'
import { testPolicy } from '../../policies/test-policies.ts'
import { opa } from './default-policy.ts'
import { policyFolder } from './policy-folder.ts'

const tools = (folder: { readonly cacheFolder: string }) => ({
  opa: () => opa(),
  cacheFolder: folder.cacheFolder,
  progress: () => undefined,
})

test('measures what the tests reach, and names the lines they do not', async () => {
  using folder = policyFolder('default')
  folder.write('rules/production/drop_test.rego', 'package holdpoint.rules.production.drop_test\n')
  const { passed, failed, coverage } = await testPolicy(folder.path, tools(folder))
  expect(passed).toBeGreaterThan(50)
  expect(failed).toEqual([])
  expect(coverage.percent).toBeGreaterThan(80)
  expect(coverage.percent).toBeLessThan(100)
  const drop = coverage.files.find(({ file }) => file === 'rules/production/drop.rego')
  expect(drop?.missed.length).toBeGreaterThan(3)
}, 180_000)

test('says which tests fail and where, and measures nothing then', async () => {
  using folder = policyFolder('default')
  folder.write('rules/a_test.rego', 'package holdpoint.a_test\n\ntest_that_fails if false\n')
  const { failed, coverage } = await testPolicy(folder.path, tools(folder))
  expect(failed).toEqual([{ name: 'holdpoint.a_test.test_that_fails', file: 'rules/a_test.rego', line: 3 }])
  expect(coverage).toEqual({ percent: 0, files: [] })
})

test('refuses a folder that has no tests, or tests that cannot be run', async () => {
  using none = policyFolder('empty')
  none.write('rules/decision.rego', 'package holdpoint\n\ndecision := 1\n')
  await expect(testPolicy(none.path, tools(none))).rejects.toThrow(/There are no tests/)
  none.write('rules/x_test.rego', 'package holdpoint.x_test\n\ntest_x if nothing_like_this\n')
  await expect(testPolicy(none.path, tools(none))).rejects.toThrow(/cannot be run[\s\S]*nothing_like_this/)
})
