import { readdirSync, truncateSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { compilePolicies } from '../../policies/compile.ts'
import { packPolicy, unpackPolicy } from '../../policies/packed.ts'
import { opa } from './default-policy.ts'
import { decisionPolicy, type PolicyFolder, policyFolder } from './policy-folder.ts'

/** Compiles, and counts how often OPA was asked for. */
function compiling(folder: PolicyFolder) {
  let asked = 0
  const compile = () =>
    compilePolicies({
      path: folder.path,
      opa: () => {
        asked++
        return opa()
      },
      cacheFolder: folder.cacheFolder,
      progress: () => undefined,
    })
  return { compile, asked: () => asked }
}

test('compiles a content once, by however many processes and at however many starts', async () => {
  using folder = policyFolder('default')
  const { compile, asked } = compiling(folder)
  const [one, two] = await Promise.all([compile(), compile()])
  const three = await compile()
  expect(asked()).toBe(1)
  expect(new Set([one.digest, two.digest, three.digest]).size).toBe(1)
  expect(one.digest).toMatch(/^[0-9a-f]{64}$/)
})

test('compiles again when a rule, the data or the manifest changed, and not for a test', async () => {
  using folder = policyFolder('default')
  const { compile, asked } = compiling(folder)
  const before = await compile()
  folder.write('rules/general/reads_test.rego', 'package holdpoint.rules.general.reads_test\n')
  expect((await compile()).digest).toBe(before.digest)
  expect(asked()).toBe(1)
  folder.write('data/holds.yaml', 'holds: {expiry_ms: 1000}\n')
  const changed = await compile()
  folder.write('manifest.yaml', 'name: other\nvolatile: []\n')
  const renamed = await compile()
  expect(new Set([before.digest, changed.digest, renamed.digest]).size).toBe(3)
})

test('comes to the same digest for the same files, wherever they are', async () => {
  using here = policyFolder('default')
  using there = policyFolder('default')
  expect((await compiling(here).compile()).digest).toBe((await compiling(there).compile()).digest)
})

test('is the same after it was kept as bytes, and is refused when they are not its own', async () => {
  using folder = policyFolder('default')
  const compiled = await compiling(folder).compile()
  const packed = packPolicy(compiled)
  expect(unpackPolicy(packed, compiled.digest)).toEqual(compiled)
  const other = { ...compiled, data: Buffer.from('{}') }
  expect(() => unpackPolicy(packPolicy(other), compiled.digest)).toThrow('not the policy')
  expect(() => unpackPolicy(packed.subarray(0, 5_000), compiled.digest)).toThrow('not the policy')
  expect(() => unpackPolicy(packed, 'f'.repeat(64))).toThrow('not the policy')
})

test('makes a damaged cache again', async () => {
  using folder = policyFolder('default')
  const { compile, asked } = compiling(folder)
  const { digest } = await compile()
  const [bundle] = readdirSync(join(folder.cacheFolder, 'policies')).filter((name) => name.endsWith('.tar.gz'))
  truncateSync(join(folder.cacheFolder, 'policies', bundle as string), 5_000)
  expect((await compile()).digest).toBe(digest)
  expect(asked()).toBe(2)
})

const decision = (condition: string) => `decision := {"outcome": "allow"} if ${condition}`

test.each([
  { what: 'syntax that is wrong', body: 'decision := {', says: /rego_parse_error/ },
  { what: 'a field that is not in the input', body: decision('input.statement.nonsense == 1'), says: /nonsense/ },
  { what: 'a builtin that behaves otherwise here', body: decision('sprintf("%d", [1]) == "1"'), says: /sprintf/ },
  { what: 'a builtin that is not there', body: decision('time.now_ns() > 0'), says: /time\.now_ns/ },
  {
    what: 'a volatile input that the manifest does not name',
    body: decision('input.session.application == "psql"'),
    says: /application/,
  },
  { what: 'an import that is not used', body: `import data.holds\n\n${decision('true')}`, says: /unused/ },
])('refuses $what, with what OPA found', async ({ body, says }) => {
  using folder = decisionPolicy(body)
  const failure = expect(compiling(folder).compile()).rejects
  await failure.toThrow(says)
  await expect(compiling(folder).compile()).rejects.toMatchObject({ code: 'policy_invalid' })
})

test('gives a volatile input to a policy that names it', async () => {
  using folder = decisionPolicy(decision('input.session.application == "psql"'))
  folder.write('manifest.yaml', 'name: test\nvolatile: [session.application]\n')
  await expect(compiling(folder).compile()).resolves.toHaveProperty('manifest.volatile', ['session.application'])
})

test('refuses policies without a manifest, or with one it does not know', async () => {
  using folder = decisionPolicy(decision('true'))
  folder.write('manifest.yaml', 'name: test\nvolatile: [time]\n')
  await expect(compiling(folder).compile()).rejects.toThrow(/manifest/)
})
