import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { codeVersion, hashOf } from '../../policies/code-version.ts'
import { cachedBundle } from '../../policies/content-key.ts'
import { POLICIES } from './default-policy.ts'

/** What is remembered of compiling and testing belongs to the code that did it, whoever changes what of it. */
let code: string
beforeEach(() => {
  code = mkdtempSync(join(tmpdir(), 'holdpoint-code-'))
  cpSync(POLICIES, code, { recursive: true })
})
afterEach(() => rmSync(code, { recursive: true, force: true }))

test('the same code has the same name wherever it is', () => {
  expect(hashOf(code)).toBe(codeVersion())
})

test.each(['compile.ts', 'test-policies.ts', 'tested/same-decisions.ts', 'tested/new-file.ts'])(
  'a change of %s is another',
  (file) => {
    writeFileSync(join(code, file), '// otherwise', { flag: 'a' })
    expect(hashOf(code)).not.toBe(codeVersion())
  },
)

test('rules and data are no code: they have their own part in the name of a bundle', () => {
  const before = cachedBundle('', code)
  expect(before).toBe(cachedBundle('', POLICIES))
  writeFileSync(join(code, 'data/limits.yaml'), '# otherwise', { flag: 'a' })
  expect(hashOf(code)).toBe(codeVersion())
  expect(cachedBundle('', code)).not.toBe(before)
})
