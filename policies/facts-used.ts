import type { Decision } from './decision.ts'
import type { ShownInput } from './manifest.ts'
import type { RuleDescription } from './rule-description.ts'

/** One rule that fired, and the facts it could see: the values at the paths that it reads. */
export interface RuleFacts {
  readonly rule: string
  /** By path below the input, e.g. statement.flags. */
  readonly facts: Readonly<Record<string, unknown>>
}

/** Every rule of a decision that fired, whether it bound or not. A rule that no file describes has no facts to show. */
export function factsUsed(
  { rules, unenforced = [] }: Decision,
  input: ShownInput,
  described: readonly RuleDescription[],
): readonly RuleFacts[] {
  const fired = new Set([...rules, ...unenforced].map(({ id }) => id))
  return described
    .filter(({ id }) => fired.has(id))
    .map(({ id, reads }) => ({
      rule: id,
      facts: Object.fromEntries(reads.map((path) => [path, valueAt(input, path)])),
    }))
}

/** null for what is not there. */
function valueAt(input: unknown, path: string): unknown {
  let value = input
  for (const name of path.split('.')) {
    if (typeof value !== 'object' || value === null) return null
    value = (value as Readonly<Record<string, unknown>>)[name]
  }
  return value ?? null
}
