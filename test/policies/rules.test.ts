import { existsSync, globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { CAPABILITIES, checkPolicies, sources } from '../../policies/compile.ts'
import { readManifest } from '../../policies/manifest.ts'
import { run } from '../../policies/run.ts'
import { inputSchema } from '../../policies/schema.ts'
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

test('the published schema of the input is what the types are made from (node policies/write-schema.ts)', () => {
  expect(JSON.parse(readFileSync(join(POLICIES, 'schemas/input.json'), 'utf8'))).toEqual(inputSchema())
})

interface Annotated {
  readonly annotations?: {
    readonly scope: string
    readonly title?: string
    readonly description?: string
    readonly custom?: object
  }
}

describe.each(rules)('%s', (file) => {
  test('has a test beside it, and says what it is for, how grave, whose, and to what end', async () => {
    expect(existsSync(join(POLICIES, file.replace(/\.rego$/, '_test.rego')))).toBe(true)
    const { stdout } = await run(await opa(), ['inspect', '--annotations', '--format', 'json', join(POLICIES, file)], {
      timeoutMs: 60_000,
    })
    const { annotations = [] } = JSON.parse(stdout) as { annotations?: readonly Annotated[] }
    const [about] = annotations.flatMap((each) => (each.annotations?.scope === 'package' ? [each.annotations] : []))
    expect(about).toMatchObject({
      title: expect.stringMatching(/\w/),
      description: expect.stringMatching(/\w{3}/),
      custom: {
        severity: expect.stringMatching(/^(informational|low|medium|high|critical)$/),
        owner: expect.stringMatching(/\w/),
        controls: expect.arrayContaining([expect.stringMatching(/\w/)]),
      },
    })
  })
})
