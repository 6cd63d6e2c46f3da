import type { CompiledPolicy, Toolchain } from '../../policies/compile.ts'
import { PolicyError } from '../../policies/errors.ts'
import { loadPolicy, type Policy } from '../../policies/evaluate.ts'
import { labelsIn } from '../../policies/labels.ts'
import { type PolicyTests, testPolicy } from '../../policies/test-policies.ts'
import { buildPolicy, checkPolicy } from '../../policies/toolchain.ts'
import { warmUp } from './warm-up.ts'

/**
 * From a folder to a policy that can decide: what `holdpoint policy check`, `test` and `build` do, one after the other,
 * then the module is loaded as a proxy loads it and asked once.
 */
export interface Compiled {
  readonly compiled: CompiledPolicy
  readonly tests: PolicyTests
}

export interface Built extends Compiled {
  readonly policy: Policy
}

/** The first step that failed, in words. */
export interface BuildProblem {
  readonly check: 'policy_check' | 'policy_tests' | 'policy_build' | 'policy_runs'
  readonly text: string
}

const TEXT_CHARS_MAX = 2_000

/** Only OPA sees what is in the folder: nothing of it runs in this process. */
export async function compileRelease(path: string, tools: Toolchain): Promise<Compiled | BuildProblem> {
  const checked = await step('policy_check', path, () => checkPolicy(path, tools))
  if (isProblem(checked)) return checked
  const tests = await step('policy_tests', path, () => testPolicy(path, tools))
  if (isProblem(tests)) return tests
  if (tests.failed.length > 0) {
    const failed = tests.failed.map(({ name, file, line, why }) => `${name} (${file}:${line}) ${why}`).join(', ')
    return { check: 'policy_tests', text: `Tests fail: ${failed}`.slice(0, TEXT_CHARS_MAX) }
  }
  const compiled = await step('policy_build', path, () => buildPolicy(path, tools))
  if (isProblem(compiled)) return compiled
  // Both come from the same files, so this cannot be; what runs is what was tested, or it does not run.
  if (compiled.digest !== tests.digest) return { check: 'policy_tests', text: 'What was tested is not what was built' }
  return { compiled, tests }
}

/** For what was reviewed: it is also asked something here, as every proxy will ask it. */
export async function buildRelease(path: string, tools: Toolchain): Promise<Built | BuildProblem> {
  const made = await compileRelease(path, tools)
  if (isProblem(made)) return made
  const policy = await step('policy_runs', path, async () => {
    const loaded = await loadPolicy(made.compiled)
    labelsIn(made.compiled)
    await warmUp(loaded)
    return loaded
  })
  return isProblem(policy) ? policy : { ...made, policy }
}

async function step<T>(check: BuildProblem['check'], path: string, work: () => Promise<T>): Promise<T | BuildProblem> {
  try {
    return await work()
  } catch (error) {
    // That OPA is not there says nothing about the policies.
    if (!(error instanceof PolicyError) || error.code === 'opa_unavailable') throw error
    return { check, text: withoutFolder(error.message, path) }
  }
}

export function isProblem(value: object): value is BuildProblem {
  return 'check' in value && 'text' in value
}

/** Where the files lay meanwhile helps nobody. */
function withoutFolder(text: string, path: string): string {
  return text.replaceAll(`${path}/`, '').slice(0, TEXT_CHARS_MAX)
}
