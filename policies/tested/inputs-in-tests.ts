import { randomBytes } from 'node:crypto'
import { globSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { RunError, run } from '../run.ts'
import { testCopy } from './test-copy.ts'

/** What a test gave the rules to look at. */
export interface TestInput {
  /** Package and name. */
  readonly test: string
  readonly file: string
  readonly line: number
  readonly input: unknown
  /** What it put in the place of data. */
  readonly replaced: Readonly<Record<string, unknown>>
}

const TIMEOUT_MS = 300_000
const printed = z.array(
  z.object({
    package: z.string(),
    name: z.string(),
    location: z.object({ file: z.string(), row: z.int() }),
    output: z.string().optional(),
  }),
)
const seen = z.object({ input: z.unknown(), data: z.record(z.string(), z.array(z.unknown())) })

/**
 * Runs the tests in OPA beside watchers: rules that never hold and print what they were shown. So what the tests ask of
 * any rule is known, however they come by it.
 * @param data the release's own, as JSON
 */
export async function inputsInTests(opa: string, path: string, data: Buffer): Promise<readonly TestInput[]> {
  using copy = testCopy(path)
  const mark = randomBytes(12).toString('hex')
  writeWatchers(copy.path, mark, JSON.parse(data.toString('utf8')) as Readonly<Record<string, unknown>>)
  const { stdout } = await run(opa, ['test', '--format', 'json', ...copy.folders], {
    timeoutMs: TIMEOUT_MS,
    cwd: copy.path,
  }).catch((error: unknown) => {
    // A test that fails is known already; what it asked counts all the same.
    if (error instanceof RunError && error.stdout.trimStart().startsWith('[')) return error
    throw error
  })
  const found = new Map<string, TestInput>()
  for (const { package: of, name, location, output = '' } of printed.parse(JSON.parse(stdout) ?? [])) {
    for (const line of Buffer.from(output, 'base64').toString('utf8').split('\n')) {
      if (!line.startsWith(`${mark} {`) || found.has(line)) continue
      const { input, data: given } = seen.parse(JSON.parse(line.slice(mark.length + 1)))
      const replaced = Object.fromEntries(
        Object.entries(given).flatMap(([key, [v]]) => (v === undefined ? [] : [[key, v]])),
      )
      const test = `${of.replace(/^data\./, '')}.${name}`
      found.set(line, { test, file: location.file, line: location.row, input, replaced })
    }
  }
  return [...found.values()]
}

const HEAD = /^(deny|hold|mask|limit|allow) contains\b/gm
const PACKAGE = /^package\s+([\w.]+)/m

function writeWatchers(path: string, mark: string, data: Readonly<Record<string, unknown>>): void {
  const files = globSync('rules/**/*.rego', { cwd: path }).sort()
  const texts = files.map((file) => ({ file, text: readFileSync(join(path, file), 'utf8') }))
  const roots = new Set(texts.map(({ text }) => PACKAGE.exec(text)?.[1]?.split('.')[0] ?? ''))
  const named = texts.flatMap(({ text }) => [...text.matchAll(/\bdata\.([A-Za-z_]\w*)/g)].map(([, name = '']) => name))
  const keys = [...new Set([...Object.keys(data), ...named])].filter((key) => /^\w+$/.test(key) && !roots.has(key))
  // Only what a test put there: what is as it is in the release would be printed thousands of times.
  const given = keys.map((key) => {
    const own = Object.hasOwn(data, key) ? `; value != ${JSON.stringify(data[key])}` : ''
    return `"${key}": [value | value := data.${key}${own}]`
  })
  const root = join(path, 'rules')
  const shown = `shown := json.marshal({"input": input, "data": {${given.join(', ')}}})`
  writeFileSync(join(root, `watch_${mark}.rego`), `package watch_${mark}\n\n${shown}\n`)
  const watch = `{\n\tprint("${mark}", data.watch_${mark}.shown)\n\tfalse\n}\n`
  const watched = texts.filter(({ file }) => !file.endsWith('_test.rego'))
  for (const [index, { text }] of watched.entries()) {
    const name = PACKAGE.exec(text)?.[1]
    const sets = new Set([...text.matchAll(HEAD)].map(([, set]) => `${set} contains "watched" if ${watch}`))
    if (/^(default )?decision\b/m.test(text) && name === 'holdpoint') sets.add(`decision := "watched" if ${watch}`)
    if (name === undefined || sets.size === 0) continue
    writeFileSync(join(root, `watch_${mark}_${index}.rego`), `package ${name}\n\n${[...sets].join('\n')}`)
  }
}
