import { hash } from 'node:crypto'
import type { ShownInput } from '../../policies/manifest.ts'
import type { RuleDescription } from '../../policies/rule-description.ts'
import { canonical } from './line.ts'

/** A policy input as the trail keeps it: found by its digest, without the secrets that a statement may hold. */
export interface TracedInput {
  /** SHA-256 (hex) of the canonical JSON of `input`. */
  readonly digest: string
  readonly input: ShownInput
  /** The digest of the policy that judged it, and what its rules read of it. */
  readonly policy: string
  readonly rules: readonly RuleDescription[]
}

/**
 * Facts hold names and no constants, with two exceptions: the value of a setting, and what is reached outside. They are
 * kept, as the statement's text is, unless the statement holds a secret: then nobody can say that they do not.
 *
 * @param shown JSON, as the policy was shown it
 */
export function tracedInput(shown: string, policy: string, rules: readonly RuleDescription[]): TracedInput {
  const input = JSON.parse(shown) as ShownInput
  const { statement } = input
  const kept: ShownInput = statement.flags.includes('contains_secret')
    ? {
        ...input,
        statement: {
          ...statement,
          settings: statement.settings.map((setting) => ({ ...setting, value: null })),
          external: statement.external.map(({ kind }) => ({ kind, detail: NOT_KEPT })),
          unresolved: statement.unresolved.map(({ code }) => ({ code, detail: NOT_KEPT })),
        },
      }
    : input
  return { digest: inputDigest(kept), input: kept, policy, rules }
}

export function inputDigest(input: unknown): string {
  return hash('sha256', canonical(input))
}

const NOT_KEPT = '[not kept]'
