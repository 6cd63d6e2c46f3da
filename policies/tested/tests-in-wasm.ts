import { readFileSync, rmSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { readBundle } from '../bundle.ts'
import { CAPABILITIES } from '../content-key.ts'
import { PolicyError } from '../errors.ts'
import { compileModule, exportedNames, startModule } from '../opa-module.ts'
import { RunError, run } from '../run.ts'
import { runInWasm, type WasmAnswer } from './run-in-wasm.ts'
import { testCopy } from './test-copy.ts'

/** A test as OPA lists it. */
export interface ListedTest {
  /** With `data.` in front, as OPA writes it. */
  readonly package: string
  readonly name: string
  /** The cases of a test that has several, by name. */
  readonly cases: Cases | null
}
export interface Cases {
  readonly [name: string]: Cases | null
}

const TIMEOUT_MS = 120_000
/** A build for each half of what does not build, until it is known which tests these are. */
const BUILDS_MAX = 40

/**
 * Runs tests in WebAssembly: the release's sources and those of its tests, each test an entry point, by the same compiler
 * and for the same builtins as the release.
 * @returns for each test why it does not pass there; null: it does
 */
export async function testsInWasm(
  opa: string,
  path: string,
  tests: readonly ListedTest[],
): Promise<readonly (string | null)[]> {
  using copy = testCopy(path)
  const build = { opa, copy, left: BUILDS_MAX }
  const why = new Map<ListedTest, string | null>()
  for (const test of tests) if (test.name.includes('#')) why.set(test, 'another test of its package has its name')
  await runThem(
    tests.filter((test) => !why.has(test)),
    build,
    why,
  )
  return tests.map((test) => why.get(test) ?? null)
}

interface Build {
  readonly opa: string
  readonly copy: { readonly path: string; readonly folders: readonly string[] }
  left: number
}

async function runThem(tests: readonly ListedTest[], build: Build, why: Map<ListedTest, string | null>): Promise<void> {
  if (tests.length === 0) return
  const built = await buildTests(tests, build)
  if (!('problem' in built)) {
    const asks = tests.map((test) => ({ entrypoint: entrypointOf(test), input: {}, replaced: {} }))
    const answers = await runInWasm({ ...built, asks })
    for (const [index, test] of tests.entries()) why.set(test, verdict(answers[index] as WasmAnswer, test.cases))
    return
  }
  if (tests.length === 1 || build.left === 0) {
    for (const test of tests) why.set(test, `cannot be run in WebAssembly: ${built.problem}`)
    return
  }
  const half = Math.ceil(tests.length / 2)
  await runThem(tests.slice(0, half), build, why)
  await runThem(tests.slice(half), build, why)
}

type Built = { readonly wasm: Buffer; readonly data: Buffer }

async function buildTests(tests: readonly ListedTest[], build: Build): Promise<Built | { readonly problem: string }> {
  const { opa, copy } = build
  build.left--
  const bundle = join(copy.path, `tests-${build.left}.tar.gz`)
  const entrypoints = tests.flatMap((test) => ['-e', entrypointOf(test)])
  const target = ['build', '-t', 'wasm', ...entrypoints, '--capabilities', CAPABILITIES, '-o', bundle]
  try {
    await run(resolve(opa), [...target, ...copy.folders], { timeoutMs: TIMEOUT_MS, cwd: copy.path })
    const files = readBundle(readFileSync(bundle))
    const [wasm, data] = [files.get('/policy.wasm'), files.get('/data.json')]
    if (wasm === undefined || data === undefined) throw new RangeError('a bundle without module or data')
    const missing = exportedNames(startModule(await compileModule(wasm)), 'builtins')
    return missing.length === 0 ? { wasm, data } : { problem: `builtins that are not there: ${missing.join(', ')}` }
  } catch (error) {
    if (!(error instanceof RunError)) throw new PolicyError('module_unusable', UNUSABLE, { cause: error })
    return { problem: `${error.stderr}${error.stdout}`.replaceAll(/\s+/g, ' ').trim().slice(0, 300) }
  } finally {
    rmSync(bundle, { force: true })
  }
}

const UNUSABLE = 'The policies’ tests compile to something that cannot be started.'

/** `data.a.b["c"]` and `test_d` → `a/b/c/test_d` */
export function entrypointOf(test: Pick<ListedTest, 'package' | 'name'>): string {
  const parts = [...test.package.matchAll(/\["([^"]*)"\]|[^.[\]]+/g)].map(([plain, quoted]) => quoted ?? plain)
  return [...parts.slice(1), test.name].join('/')
}

function verdict(answer: WasmAnswer, cases: Cases | null): string | null {
  if ('problem' in answer) return `fails in WebAssembly: ${answer.problem}`
  const [value] = answer.values
  const passes = answer.values.length === 1 && (cases === null ? value === true : allTrue(value, cases))
  return passes ? null : 'passes in OPA and fails in WebAssembly'
}

function allTrue(value: unknown, cases: Cases): boolean {
  if (typeof value !== 'object' || value === null) return false
  const found = value as Readonly<Record<string, unknown>>
  return Object.entries(cases).every(([name, below]) =>
    below === null ? found[name] === true : allTrue(found[name], below),
  )
}
