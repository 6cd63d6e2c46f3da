import { readFileSync } from 'node:fs'
import { z } from 'zod'
import { PolicyError } from './errors.ts'
import { groundsOf, type Policy } from './evaluate.ts'
import { factsUsed } from './facts-used.ts'
import type { PolicyInput } from './input.ts'
import { input } from './input.ts'
import type { ShownInput } from './manifest.ts'

/** One rule for people: what it is for, whose it is, and what it looks at. @throws PolicyError policy_invalid */
export function ruleExplained({ rules }: Policy, id: string): string {
  const rule = rules.find((one) => one.id === id)
  if (rule === undefined)
    throw new PolicyError('policy_invalid', `There is no rule ${id}.`, {
      hint: `Rules: ${rules.map((one) => one.id).join(', ')}`,
    })
  const { title, description, severity, owner, controls, mode, file, reads } = rule
  return [
    `${id}: ${title}`,
    ...description.split('\n').map((line) => `  ${line}`),
    `  severity  ${severity}`,
    `  owner     ${owner}`,
    `  controls  ${controls.join(', ')}`,
    `  mode      ${mode}`,
    `  reads     ${reads.join(', ')}`,
    `  file      ${file}`,
  ].join('\n')
}

/** Without what changes from token to token, which only some policies are shown. */
const asRecorded = input.extend({
  identity: input.shape.identity.extend({ expiresAt: z.string().default('9999-12-31T00:00:00Z') }),
  session: input.shape.session.extend({
    application: z.string().default(''),
    transaction: input.shape.session.shape.transaction.default('idle'),
  }),
})

/**
 * What a policy decides of an input (a recorded one, say) and the facts behind each rule.
 * @throws PolicyError policy_invalid for what is no input
 */
export function decisionExplained(policy: Policy, file: string): string {
  const decision = policy.decide(readInput(file))
  const shown = JSON.parse(groundsOf(decision)?.input ?? 'null') as ShownInput
  const used = factsUsed(decision, shown, policy.rules)
  return JSON.stringify({ decision, factsUsed: used }, null, 2)
}

function readInput(file: string): PolicyInput {
  const given: unknown = parsed(file)
  const whole = asRecorded.safeParse(isRecorded(given) ? given.input : given)
  if (whole.success) return whole.data
  const problems = whole.error.issues.map(({ path, message }) => `${path.map(String).join('.') || 'input'}: ${message}`)
  throw new PolicyError('policy_invalid', `${file} is no policy input:\n${problems.join('\n')}`)
}

/** A line of what `policy replay --export` writes. */
function isRecorded(given: unknown): given is { readonly input: unknown } {
  return typeof given === 'object' && given !== null && 'input' in given
}

function parsed(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8'))
  } catch (cause) {
    throw new PolicyError('policy_invalid', `${file} cannot be read, or is not JSON.`, { cause })
  }
}
