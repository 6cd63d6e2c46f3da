import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { z } from 'zod'
import { notReviewable } from '../answering.ts'
import { type CompiledPolicy, ENTRYPOINT, sources } from '../compile.ts'
import { CAPABILITIES } from '../content-key.ts'
import { RunError, run } from '../run.ts'
import type { TestInput } from './inputs-in-tests.ts'
import { runInWasm, type WasmAnswer } from './run-in-wasm.ts'

/** An input of which OPA and the module do not say the same, or not what would be taken as it is said. */
export interface DecidedOtherwise {
  readonly of: TestInput
  /** Where they part and what each of them says there, or what is wrong with what both say. */
  readonly why: string
}

const TIMEOUT_MS = 120_000
const ASKED = 'asked_by_holdpoint'

/**
 * Has every input decided twice: by OPA from the sources, and by the very module of the release, as a proxy runs it.
 * @returns those that are not decided alike, or in a way that is not taken as it is said (answering.ts)
 */
export async function decidedOtherwise(
  opa: string,
  path: string,
  { wasm, data }: Pick<CompiledPolicy, 'wasm' | 'data'>,
  inputs: readonly TestInput[],
): Promise<readonly DecidedOtherwise[]> {
  const asks = inputs.map(({ input, replaced }) => ({ entrypoint: ENTRYPOINT, input, replaced }))
  const [byModule, byOpa] = await Promise.all([runInWasm({ wasm, data, asks }), opaAnswers(opa, path, inputs)])
  return inputs.flatMap((of, index) => {
    const runs = byModule[index] as WasmAnswer
    const why = difference(byOpa.get(of) as WasmAnswer, runs) ?? notReviewable(decidedIn(runs))
    return why === null ? [] : [{ of, why }]
  })
}

const answered = z.object({
  result: z.tuple([z.object({ expressions: z.tuple([z.object({ value: z.array(z.array(z.array(z.unknown()))) })]) })]),
})

async function opaAnswers(
  opa: string,
  path: string,
  inputs: readonly TestInput[],
): Promise<ReadonlyMap<TestInput, WasmAnswer>> {
  if (inputs.length === 0) return new Map()
  // `with` names what it replaces, so inputs that replace the same go together.
  const groups = [...Map.groupBy(inputs, ({ replaced }) => Object.keys(replaced).sort().join()).values()]
  try {
    const said = await askOpa(opa, path, groups)
    const answers = groups.map((group, at) =>
      group.map((of, index) => [of, { values: said[at]?.[index] ?? [] }] as const),
    )
    return new Map(answers.flat())
  } catch (error) {
    if (!(error instanceof RunError)) throw error
    // One that cannot be decided keeps the others from being decided: each half by itself.
    if (inputs.length === 1) return new Map([[inputs[0] as TestInput, { problem: problemOf(error) }]])
    const half = Math.ceil(inputs.length / 2)
    const first = await opaAnswers(opa, path, inputs.slice(0, half))
    return new Map([...first, ...(await opaAnswers(opa, path, inputs.slice(half)))])
  }
}

/** In a module of its own, since OPA does not replace the input by parts of itself in a query. */
async function askOpa(opa: string, path: string, groups: readonly (readonly TestInput[])[]) {
  const folder = mkdtempSync(join(tmpdir(), 'holdpoint-asked-'))
  try {
    const module = join(folder, 'asked.rego')
    const rules = groups.map((group, at) => {
      const keys = Object.keys(group[0]?.replaced ?? {})
      const withs = ['input as one.input', ...keys.map((key) => `data.${key} as one.replaced.${key}`)]
      const decided = `value := data.${ENTRYPOINT.replace('/', '.')} with ${withs.join(' with ')}`
      return `group_${at} := [[value | ${decided}] | some one in input[${at}]]\n`
    })
    const all = `said := [${groups.map((_, at) => `group_${at}`).join(', ')}]\n`
    writeFileSync(module, [`package ${ASKED}\n`, ...rules, all].join('\n'))
    const files = [...sources(path), module].flatMap((file) => ['-d', file])
    const limits = ['--capabilities', CAPABILITIES, '--ignore', '*_test.rego']
    const args = ['eval', '--stdin-input', '--format', 'json', ...limits, ...files, `data.${ASKED}.said`]
    const input = JSON.stringify(groups)
    const { stdout } = await run(resolve(opa), args, { timeoutMs: TIMEOUT_MS, input })
    return answered.parse(JSON.parse(stdout)).result[0].expressions[0].value
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function problemOf({ stdout, stderr }: RunError): string {
  return `${stderr}${stdout}`.replaceAll(/\s+/g, ' ').trim().slice(0, 300)
}

/** That neither has an answer is the same: both are a deny. */
function difference(byOpa: WasmAnswer, byModule: WasmAnswer): string | null {
  const [says, runs] = [byOpa, byModule].map(decidedIn)
  if (isDeepStrictEqual(says, runs)) return null
  const problem = 'problem' in byModule ? ` (${byModule.problem})` : ''
  return `${parting(says, runs)}${problem}`
}

function decidedIn(answer: WasmAnswer): unknown {
  return 'problem' in answer ? undefined : answer.values[0]
}

const SHOWN_CHARS = 120

function parting(one: unknown, other: unknown, at = 'the decision'): string {
  if (isObject(one) && isObject(other))
    for (const key of new Set([...Object.keys(one), ...Object.keys(other)]))
      if (!isDeepStrictEqual(one[key], other[key]))
        return parting(one[key], other[key], at === 'the decision' ? key : `${at}.${key}`)
  const shown = (value: unknown): string =>
    value === undefined ? 'nothing' : JSON.stringify(value).slice(0, SHOWN_CHARS)
  return `${at} is ${shown(one)} by OPA and ${shown(other)} by the WebAssembly that would run`
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null
}
