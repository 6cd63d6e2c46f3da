import { describe, expect, test } from 'vitest'
import { compilePolicies } from '../../policies/compile.ts'
import { testPolicy } from '../../policies/test-policies.ts'
import { opa } from './default-policy.ts'
import { type PolicyFolder, policyFolder } from './policy-folder.ts'

const tools = (folder: { readonly cacheFolder: string }) => ({
  opa: () => opa(),
  cacheFolder: folder.cacheFolder,
  progress: () => undefined,
})

test('measures what the tests reach, and names the lines they do not', async () => {
  using folder = policyFolder('default')
  folder.write('rules/production/drop_test.rego', 'package holdpoint.rules.production.drop_test\n')
  const { passed, failed, coverage, decisions, digest } = await testPolicy(folder.path, tools(folder))
  expect(passed).toBeGreaterThan(50)
  expect(failed).toEqual([])
  expect(decisions).toBeGreaterThan(100)
  expect(digest).toBe((await compilePolicies({ path: folder.path, ...tools(folder) })).digest)
  expect(coverage.percent).toBeGreaterThan(80)
  expect(coverage.percent).toBeLessThan(100)
  const drop = coverage.files.find(({ file }) => file === 'rules/production/drop.rego')
  expect(drop?.missed.length).toBeGreaterThan(3)
}, 180_000)

test('remembers for the very files and module that their tests passed, and nothing else', async () => {
  using folder = policyFolder('fewer')
  const first = await testPolicy(folder.path, tools(folder))
  const withoutOpa = { ...tools(folder), opa: () => Promise.reject(new Error('OPA was asked')) }
  expect(await testPolicy(folder.path, withoutOpa)).toEqual(first)
  folder.write('rules/a_test.rego', 'package holdpoint.a_test\n\ntest_that_fails if false\n')
  expect((await testPolicy(folder.path, tools(folder))).failed).toHaveLength(1)
  expect((await testPolicy(folder.path, tools(folder))).failed).toHaveLength(1)
}, 180_000)

test('says which tests fail and where, and measures nothing then', async () => {
  using folder = policyFolder('fewer')
  folder.write('rules/a_test.rego', 'package holdpoint.a_test\n\ntest_that_fails if false\n')
  const { failed, coverage } = await testPolicy(folder.path, tools(folder))
  expect(failed).toEqual([
    { name: 'holdpoint.a_test.test_that_fails', file: 'rules/a_test.rego', line: 3, why: 'fails' },
  ])
  expect(coverage).toEqual({ percent: 0, files: [] })
})

test('refuses a folder that has no tests, or tests that cannot be run', async () => {
  using none = policyFolder('empty')
  none.write('rules/decision.rego', 'package holdpoint\n\ndecision := 1\n')
  await expect(testPolicy(none.path, tools(none))).rejects.toThrow(/There are no tests/)
  none.write('rules/x_test.rego', 'package holdpoint.x_test\n\ntest_x if nothing_like_this\n')
  await expect(testPolicy(none.path, tools(none))).rejects.toThrow(/cannot be run[\s\S]*nothing_like_this/)
})

const why = async (folder: PolicyFolder) =>
  (await testPolicy(folder.path, tools(folder))).failed.map(({ name, file, line, why: because }) => [
    `${name} ${file}:${line}`,
    because,
  ])

describe('what OPA and WebAssembly do not do alike is a failure:', () => {
  // A set has one order in OPA and another in WebAssembly, so a sentence made of one differs.
  const listing = `# METADATA
# title: Lists what it looked at
# description: A rule of a test.
# custom:
#   severity: low
#   owner: dba
#   controls: [SOC 2 CC6.1]
package holdpoint.rules.general.listing

title := rego.metadata.chain()[1].annotations.title

deny contains {"reason": concat(", ", {"b", "a", "é", "z", input.statement.tag})} if input.statement.tag == "LISTEN"
`
  const head = `package holdpoint.rules.general.listing_test

import data.holdpoint.fixture_test as f
import data.holdpoint.rules.general.listing as rule

`

  test('a test that passes in OPA only', async () => {
    using folder = policyFolder('fewer')
    folder.write('rules/general/listing.rego', listing)
    const expected = `test_lists if {
	some finding in rule.deny with input as f.by(f.ana, {"tag": "LISTEN"})
	finding.reason == "LISTEN, a, b, z, é"
}
`
    folder.write('rules/general/listing_test.rego', head + expected)
    const named = 'holdpoint.rules.general.listing_test.test_lists rules/general/listing_test.rego:6'
    const found = await why(folder)
    expect(found).toContainEqual([named, 'passes in OPA and fails in WebAssembly'])
  }, 180_000)

  test('a decision that no test looks at closely', async () => {
    using folder = policyFolder('fewer')
    folder.write('rules/general/listing.rego', listing)
    folder.write(
      'rules/general/listing_test.rego',
      `${head}test_denies if count(rule.deny) == 1 with input as f.by(f.ana, {"tag": "LISTEN"})
`,
    )
    const named = 'holdpoint.rules.general.listing_test.test_denies rules/general/listing_test.rego:6'
    const found = await why(folder)
    expect(found).toEqual([
      [named, expect.stringMatching(/^rules\.0\.reason is "LISTEN, a, .* by OPA and ".*" by the Web/)],
    ])
  }, 180_000)

  test('two tests of one name, of which WebAssembly has one', async () => {
    using folder = policyFolder('fewer')
    folder.write('rules/twice_test.rego', 'package holdpoint.twice_test\n\ntest_x if true\n\ntest_x if 1 == 1\n')
    expect(await why(folder)).toEqual([
      ['holdpoint.twice_test.test_x#01 rules/twice_test.rego:5', 'another test of its package has its name'],
    ])
  }, 180_000)

  test('a test that calls another, which the compiler refuses, beside all others that run', async () => {
    using folder = policyFolder('fewer')
    folder.write(
      'rules/helped_test.rego',
      'package holdpoint.helped_test\n\ntest_x if true\n\nhelps(_) if test_x\n\ntest_y if helps(1)\n',
    )
    const found = await why(folder)
    expect(found.map(([name]) => name)).toEqual(['holdpoint.helped_test.test_x rules/helped_test.rego:3'])
    expect(found[0]?.[1]).toMatch(/^cannot be run in WebAssembly: .*helped_test\.rego.*used as reference/)
  }, 180_000)
})

test('what a test puts in the place of a rule, of data or of a function is there in WebAssembly too', async () => {
  using folder = policyFolder('fewer')
  folder.write(
    'rules/mock_test.rego',
    `package holdpoint.mock_test

import data.holdpoint
import data.holdpoint.fixture_test as f

test_of_a_rule_that_is_not_there if {
	decision := holdpoint.decision with input as f.by(f.ana, {"tag": "GRANT", "effects": ["privilege"]})
		with data.holdpoint.rules.privilege.change.hold as {{"reason": "x", "reviewers": [{"group": "x", "count": 7}], "covers": ["privilege"]}}
	decision.reviewers == [{"group": "x", "count": 7}]
}

test_of_data if holdpoint.decision.outcome == "deny" with input as {} with data.modes as {}

shout(text) := upper(text)

test_of_a_builtin if shout("a") == "b" with upper as "b"

test_of_a_function if shout("a") == "c" with shout as "c"
`,
  )
  expect(await why(folder)).toEqual([])
}, 180_000)

test('runs each case of a test that has several', async () => {
  using folder = policyFolder('fewer')
  folder.write(
    'rules/cases_test.rego',
    `package holdpoint.cases_test

test_cases[note] if {
	some note, case in {"one": [1, 1], "two": [2, 2]}
	case[0] == case[1]
}

test_listed[note] if {
	some note, case in {"é": {"é", "a", "b", "z"}}
	concat("", case) == "abzé"
}
`,
  )
  expect(await why(folder)).toEqual([
    ['holdpoint.cases_test.test_listed rules/cases_test.rego:8', 'passes in OPA and fails in WebAssembly'],
  ])
}, 180_000)
