import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { checkOwners } from '../../policies/check-owners.ts'
import { type CodeOwners, parseCodeOwners } from '../../policies/code-owners.ts'

const owners = (text: string, path: string): readonly string[] => (parseCodeOwners(text) as CodeOwners).ownersOf(path)

describe('a pattern', () => {
  // The examples of GitHub's own page come first.
  test.each([
    ['*', 'a/b/c.ts', true],
    ['*.js', 'app.js', true],
    ['*.js', 'deep/er/app.js', true],
    ['*.js', 'app.jsx', false],
    ['/build/logs/', 'build/logs/a/b.txt', true],
    ['/build/logs/', 'x/build/logs/a.txt', false],
    ['docs/*', 'docs/getting-started.md', true],
    ['docs/*', 'docs/build-app/troubleshooting.md', false],
    ['docs/*', 'x/docs/a.md', false],
    ['apps/', 'apps/a.ts', true],
    ['apps/', 'x/y/apps/z/a.ts', true],
    ['apps/', 'apps', false],
    ['/docs/', 'docs/a/b.md', true],
    ['**/logs', 'build/logs/a.txt', true],
    ['**/logs', 'deeply/nested/logs/a', true],
    ['**/logs', 'logs/a', true],
    ['rules/**/x.rego', 'rules/a/b/x.rego', true],
    ['rules/**/x.rego', 'rules/x.rego', true],
    ['rules/**', 'rules/a/b.rego', true],
    ['rules/a.rego', 'rules/a.rego', true],
    ['rules/a.rego', 'other/rules/a.rego', false],
    ['rule?.rego', 'x/rules.rego', true],
    ['a.rego', 'axrego', false],
    ['Policies/', 'policies/a', false],
    ['my\\ rules/', 'my rules/a', true],
    ['my\\ rules/', 'my', false],
    ['**', 'a/b', true],
    ['a/**', 'a/b/c', true],
    ['a/**', 'ab', false],
    ['/a/**/', 'a/b/c', true],
    ['*/', 'a/b', true],
    ['*/', 'b', false],
    ['a#b.rego', 'a#b.rego', true],
    ['\uFEFF*.rego', 'x.rego', true],
    ['(a|b)+.rego', 'a.rego', false],
    ['(a|b)+.rego', '(a|b)+.rego', true],
  ])('%s and %s: %s', (pattern, path, matches) => {
    expect(owners(`${pattern} @ben`, path)).toEqual(matches ? ['@ben'] : [])
  })
})

test('the last line that matches counts, and may name nobody', () => {
  const text = '* @ana\n/apps/ @Octocat # theirs\n/apps/github\n'
  expect(owners(text, 'README')).toEqual(['@ana'])
  expect(owners(text, 'apps/x')).toEqual(['@octocat'])
  expect(owners(text, 'apps/github/y')).toEqual([])
})

test('of three that fit it is the last one, however general', () => {
  const text = '/rules/production/ @dba\n/rules/ @ana\n* @ben\n'
  expect(owners(text, 'rules/production/a.rego')).toEqual(['@ben'])
})

test('what follows a number sign is not read, and lines may end as on Windows', () => {
  expect(owners('rules/ @ben # @mallory\r\n#* @mallory\r\n', 'rules/a')).toEqual(['@ben'])
})

describe('a check of the policies', () => {
  const folder = (text: string): string => {
    const path = mkdtempSync(join(tmpdir(), 'holdpoint-owners-'))
    onTestFinished(() => rmSync(path, { recursive: true }))
    mkdirSync(join(path, '.git'))
    mkdirSync(join(path, 'policies'))
    writeFileSync(join(path, 'CODEOWNERS'), text)
    return join(path, 'policies')
  }

  test('warns of an owner who can never approve', () => {
    expect(checkOwners(folder('* @ben ana@example.org\n'))).toEqual([
      expect.stringMatching(/CODEOWNERS names ana@example.org: an address never approves a release/),
    ])
    expect(checkOwners(folder('* @ben @acme/owners\n'))).toEqual([])
  })

  test('fails for a line that cannot be read', () => {
    expect(() => checkOwners(folder('* @ben\n!rules @ana\n'))).toThrow(
      /CODEOWNERS:2: this line cannot be read: !rules @ana/,
    )
  })

  test('finds nothing where there is none', () => {
    expect(checkOwners(mkdtempSync(join(tmpdir(), 'holdpoint-owners-')))).toEqual([])
  })
})

test('teams are named once each', () => {
  expect(parseCodeOwners('a @acme/x b@c.de\nb @acme/x @acme/y')).toMatchObject({ teams: ['acme/x', 'acme/y'] })
})

test.each(['!x @ben', 'a[bc] @ben', '\\#x @ben', 'x ben', '/ @ben', 'x @ben/'])(
  '%s cannot be read, and so nothing of it',
  (line) => {
    expect(parseCodeOwners(`# fine\n* @ana\n${line}\n`)).toEqual({ line: 3, text: line })
  },
)
