import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { describe, expect, test } from 'vitest'

/**
 * The few rules about the code itself that matter enough to hold it to.
 *
 * Files are those git tracks or would track, so that nothing generated counts and nothing new escapes.
 */
const tracked = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], { encoding: 'utf8' })
  .split('\n')
  .filter((path) => path !== '')
const sources = tracked.filter((path) => /\.tsx?$/.test(path) && !path.startsWith('test/'))
const textOf = (path: string): string => readFileSync(path, 'utf8')
const room = (path: string): string => (path.includes('/') ? (path.split('/')[0] as string) : 'root')

/** Who may import whom; a root file other than the command line is open to all. */
const mayImport: Readonly<Record<string, readonly string[]>> = {
  bot: ['bot', 'workflows', 'policies', 'root'],
  proxy: ['proxy', 'workflows', 'policies', 'root'],
  workflows: ['workflows', 'policies', 'root'],
  policies: ['policies', 'root'],
}
/** The command line builds everything; nothing else in the root may know a room. */
const COMMAND_LINE = 'holdpoint.ts'

const IMPORT = /(?:\bfrom\s+|\bimport\s*\(?\s*)'(\.{1,2}\/[^']+)'/g
const imports = sources.flatMap((from) =>
  [...textOf(from).matchAll(IMPORT)].map((match) => ({ from, to: normalize(join(dirname(from), match[1] as string)) })),
)

describe('imports', () => {
  test('point one way: bot → workflows ← proxy, and all three to policies', () => {
    const wrong = imports.filter(
      ({ from, to }) => from !== COMMAND_LINE && !(mayImport[room(from)] ?? ['root']).includes(room(to)),
    )
    expect(wrong).toEqual([])
  })

  test('never reach the command line', () => {
    expect(imports.filter(({ to }) => to === COMMAND_LINE)).toEqual([])
  })

  test('are found at all', () => {
    expect(imports.length).toBeGreaterThan(20)
  })
})

/** What each rule forbids, where it does not apply, and why it is there. */
const rules = [
  {
    rule: 'only the configuration and the command line read the environment',
    forbidden: /process\.env/,
    exempt: ['config.ts', 'holdpoint.ts'],
  },
  {
    rule: 'only the command line prints; everything else logs or returns',
    forbidden: /\bconsole\.(log|error|warn|info|debug)\(/,
    exempt: ['holdpoint.ts'],
  },
  { rule: 'no check is switched off', forbidden: /@ts-(ignore|nocheck|expect-error)/, exempt: [] },
] as const

for (const { rule, forbidden, exempt } of rules) {
  test(rule, () => {
    const wrong = sources.filter(
      (path) => !(exempt as readonly string[]).includes(path) && forbidden.test(textOf(path)),
    )
    expect(wrong).toEqual([])
  })
}

test('files are named for what they are', () => {
  const vague = /(^|\/)(utils?|helpers?|common|misc|manager|index)\.tsx?$/
  expect(tracked.filter((path) => vague.test(path))).toEqual([])
  expect(sources.filter((path) => !/^[a-z0-9-./]+$/.test(path))).toEqual([])
})

const LINES_MAX = 210

test('no file outgrows its reader', () => {
  const lengths = sources.map((path) => ({ path, lines: textOf(path).split('\n').length }))
  const tooLong = lengths.filter(({ lines }) => lines > LINES_MAX)
  expect(tooLong).toEqual([])
})

test('no file says where it was written: no machine paths, no registry hosts', () => {
  const machine = /(^|[^a-z])\/(work|farm|home)\/[a-z]|"resolved": *"https?:\/\//
  const texts = tracked.filter((path) => !/\.(png|svg|wasm)$/.test(path) && path !== 'test/tidy.test.ts')
  expect(texts.filter((path) => machine.test(textOf(path)))).toEqual([])
})

test('no merge was left half done', () => {
  const texts = tracked.filter((path) => !/\.(png|svg|wasm)$/.test(path))
  expect(texts.filter((path) => /^(<{7}|>{7}) /m.test(textOf(path)))).toEqual([])
})

test('the changelog has a head for what is not released yet', () => {
  expect(textOf('CHANGELOG.md')).toMatch(/^## Unreleased$/m)
})
