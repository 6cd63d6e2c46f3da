import { relative, resolve } from 'node:path'
import { z } from 'zod'
import { type CompiledPolicy, compilePolicies, sources, type Toolchain } from './compile.ts'
import { CAPABILITIES } from './content-key.ts'
import { PolicyError } from './errors.ts'
import { type Known, keepKnown, knownBefore } from './known-before.ts'
import { RunError, run } from './run.ts'
import { inputsInTests } from './tested/inputs-in-tests.ts'
import { decidedOtherwise } from './tested/same-decisions.ts'
import { type Cases, testsInWasm } from './tested/tests-in-wasm.ts'
import { opaOf } from './toolchain.ts'

/**
 * What came of a folder's own Rego tests. Each runs twice, in OPA and compiled to WebAssembly in our evaluator; then all
 * that they asked of the rules is asked of the very module that would run, and has to be decided as OPA decides it.
 */
export interface PolicyTests {
  readonly passed: number
  readonly failed: readonly FailedTest[]
  readonly coverage: Coverage
  /** How many inputs of the tests the module decided as OPA does. */
  readonly decisions: number
  /** Of the module that was tested: no other is to be run on the strength of this. */
  readonly digest: string
}

export interface FailedTest {
  /** Package and name, e.g. holdpoint.rules.general.reads_test.test_permits_reading */
  readonly name: string
  readonly file: string
  readonly line: number
  readonly why: string
}

export interface Coverage {
  /** Of the lines of all rules, 0 to 100; tests themselves do not count. */
  readonly percent: number
  /** Rules with lines that no test reached, the least covered first. */
  readonly files: readonly { readonly file: string; readonly percent: number; readonly missed: readonly number[] }[]
}

const TIMEOUT_MS = 300_000

const cases: z.ZodType<Cases> = z.lazy(() =>
  z.record(
    z.string(),
    z.object({ sub_results: cases.optional() }).transform(({ sub_results }) => sub_results ?? null),
  ),
)
const results = z.array(
  z.object({
    package: z.string(),
    name: z.string(),
    fail: z.boolean().default(false),
    error: z.unknown().optional(),
    skip: z.boolean().default(false),
    location: z.object({ file: z.string(), row: z.int() }),
    sub_results: cases.optional(),
  }),
)
type Result = z.infer<typeof results>[number]
const range = z.object({ start: z.object({ row: z.int() }), end: z.object({ row: z.int() }) })
const covered = z.object({
  files: z.record(
    z.string(),
    z.object({
      covered: z.array(range).default([]),
      not_covered: z.array(range).default([]),
      covered_lines: z.int().default(0),
      not_covered_lines: z.int().default(0),
    }),
  ),
})

/**
 * Runs a folder's tests and measures what they reach. Whether one failed is the caller's to judge.
 * @throws PolicyError policy_tests_failed when there is none, or when they cannot be run at all
 */
export async function testPolicy(path: string, tools: Toolchain): Promise<PolicyTests> {
  const { cacheFolder } = tools
  const asKnown: Known<PolicyTests> = {
    cacheFolder,
    path,
    what: 'tests',
    passed: ({ failed }) => failed.length === 0,
  }
  const known = knownBefore(asKnown)
  if (known !== null && (await compilePolicies({ path, ...tools })).digest === known.digest) return known
  const opa = await opaOf(tools)
  const all = results.parse(JSON.parse(await opaTest(opa, path, [])) ?? [])
  if (all.length === 0) throw new PolicyError('policy_tests_failed', NO_TESTS)
  const tested = await testAgainst(opa, path, all, await compilePolicies({ path, ...tools }))
  keepKnown(asKnown, tested)
  return tested
}

const NO_TESTS = 'There are no tests: a test is a rule test_… in a file …_test.rego.'

async function testAgainst(
  opa: string,
  path: string,
  all: readonly Result[],
  { digest, wasm, data }: CompiledPolicy,
): Promise<PolicyTests> {
  const [failed, inputs] = await Promise.all([failures(opa, path, all), inputsInTests(resolve(opa), path, data)])
  for (const { of, why } of await decidedOtherwise(opa, path, { wasm, data }, inputs))
    failed.push({ name: of.test, file: of.file, line: of.line, why })
  const names = new Set(failed.map(({ name }) => name))
  const coverage = failed.length > 0 ? NOTHING : coverageOf(path, JSON.parse(await opaTest(opa, path, ['--coverage'])))
  return { passed: all.length - names.size, failed, coverage, decisions: inputs.length, digest }
}

/** In OPA, and of those that pass there, in WebAssembly. */
async function failures(opa: string, path: string, all: readonly Result[]): Promise<FailedTest[]> {
  const inWasm = await testsInWasm(
    opa,
    path,
    all.map(({ package: of, name, sub_results }) => ({ package: of, name, cases: sub_results ?? null })),
  )
  return all.flatMap(({ package: of, name, location, fail, error, skip }, index) => {
    const why = skip ? 'is left out' : fail || error !== undefined ? 'fails' : (inWasm[index] ?? null)
    if (why === null) return []
    return [
      { name: `${of.replace(/^data\./, '')}.${name}`, file: relative(path, location.file), line: location.row, why },
    ]
  })
}

/** Not measured while a test fails. */
const NOTHING: Coverage = { percent: 0, files: [] }

async function opaTest(opa: string, path: string, options: readonly string[]): Promise<string> {
  const args = ['test', ...options, '--format', 'json', '--capabilities', CAPABILITIES, ...sources(path)]
  try {
    return (await run(opa, args, { timeoutMs: TIMEOUT_MS })).stdout
  } catch (error) {
    // A test that fails is a result; anything else has no results.
    if (error instanceof RunError && error.stdout.trimStart().startsWith('[')) return error.stdout
    const said = error instanceof RunError ? `${error.stderr}${error.stdout}`.trim() : ''
    throw new PolicyError('policy_tests_failed', `The policies’ tests cannot be run:\n${said || 'OPA did not run'}`)
  }
}

function coverageOf(path: string, report: unknown): Coverage {
  const files = Object.entries(covered.parse(report).files).filter(([file]) => !file.endsWith('_test.rego'))
  const reached = files.reduce((sum, [, { covered_lines: lines }]) => sum + lines, 0)
  const missed = files.reduce((sum, [, { not_covered_lines: lines }]) => sum + lines, 0)
  return {
    percent: percentage(reached, missed),
    files: files
      .filter(([, { not_covered_lines: lines }]) => lines > 0)
      .map(([file, { covered_lines, not_covered_lines, not_covered }]) => ({
        file: relative(path, file),
        percent: percentage(covered_lines, not_covered_lines),
        missed: [...new Set(not_covered.map(({ start }) => start.row))],
      }))
      .sort((one, other) => one.percent - other.percent),
  }
}

/** To one decimal; nothing to reach is everything reached. */
function percentage(reached: number, missed: number): number {
  return reached + missed === 0 ? 100 : Math.round((1_000 * reached) / (reached + missed)) / 10
}
