import { describe, expect, test } from 'vitest'
import { type CodeOwners, parseCodeOwners } from '../../../workflows/releases/provenance/code-owners.ts'

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

test('teams are named once each', () => {
  expect(parseCodeOwners('a @acme/x b@c.de\nb @acme/x @acme/y')).toMatchObject({ teams: ['acme/x', 'acme/y'] })
})

test.each(['!x @ben', 'a[bc] @ben', '\\#x @ben', 'x ben', '/ @ben', 'x @ben/'])(
  '%s cannot be read, and so nothing of it',
  (line) => {
    expect(parseCodeOwners(`# fine\n* @ana\n${line}\n`)).toEqual({ line: 3, text: line })
  },
)
