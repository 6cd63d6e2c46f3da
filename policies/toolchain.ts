import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { checkData } from './check-data.ts'
import { checkOwners } from './check-owners.ts'
import { type CompiledPolicy, checkedRules, compilePolicies, type Toolchain } from './compile.ts'
import { policyFiles } from './content-key.ts'
import { PolicyError } from './errors.ts'
import { loadPolicy } from './evaluate.ts'
import { loadLabels } from './labels.ts'
import { readManifest } from './manifest.ts'
import type { RuleDescription } from './rule-description.ts'
import { RunError, run } from './run.ts'

/**
 * What is done to a folder of policies before it may decide anything: the same functions for the command line, for a
 * team's CI and for a release.
 */
export interface CheckedPolicy {
  /** How many files take part in a decision; tests are not among them. */
  readonly files: number
  readonly rules: readonly RuleDescription[]
  readonly warnings: readonly string[]
}

/**
 * Format, OPA's strict check against the input's schema and our builtins, what every rule has to say about itself,
 * and the data.
 * @throws PolicyError policy_invalid or labels_invalid with every finding of the first step that has any
 */
export async function checkPolicy(path: string, tools: Toolchain): Promise<CheckedPolicy> {
  const opa = await opaOf(tools)
  const rules = await checkedRules(opa, { path, ...tools }, readManifest(path))
  await checkFormat(opa, path)
  if (existsSync(join(path, 'data', 'labels.yaml'))) loadLabels(path)
  const { warnings } = checkData(path, rules, Date.now())
  const notes = [...warnings, ...checkOwners(path)]
  return { files: policyFiles(path).filter((file) => file.endsWith('.rego')).length, rules, warnings: notes }
}

/**
 * Checks, compiles to WebAssembly, and starts the module once, so that what cannot run is known now.
 * @throws PolicyError policy_invalid, module_unusable, opa_unavailable
 */
export async function buildPolicy(path: string, tools: Toolchain): Promise<CompiledPolicy> {
  const compiled = await compilePolicies({ path, ...tools })
  await loadPolicy(compiled)
  return compiled
}

export async function opaOf({ opa }: Pick<Toolchain, 'opa'>): Promise<string> {
  return typeof opa === 'string' ? opa : opa()
}

const FORMAT_TIMEOUT_MS = 60_000

async function checkFormat(opa: string, path: string): Promise<void> {
  const files = await formatted(opa, ['--list', join(path, 'rules')])
  if (files === '') return
  throw new PolicyError('policy_invalid', `Not formatted:\n${files}`, {
    hint: 'Run holdpoint policy check --format',
  })
}

/** Writes every rule in OPA's format. @throws PolicyError policy_invalid for what is no Rego */
export async function formatPolicy(path: string, tools: Toolchain): Promise<void> {
  await formatted(await opaOf(tools), ['--write', join(path, 'rules')])
}

async function formatted(opa: string, args: readonly string[]): Promise<string> {
  try {
    return (await run(opa, ['fmt', ...args], { timeoutMs: FORMAT_TIMEOUT_MS })).stdout.trim()
  } catch (error) {
    throw new PolicyError('policy_invalid', error instanceof RunError ? error.stderr.trim() : 'OPA did not run')
  }
}
