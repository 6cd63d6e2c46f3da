import type { DefinitionChange } from '../sql/definition-change.ts'

/** Beyond this many, following each costs more than it is worth: nothing is taken for known. */
const UNCOMMITTED_MAX = 500
const anything: readonly DefinitionChange[] = [{ kind: 'anything' }]

/** What a transaction has changed about names so far. */
export function together(
  before: readonly DefinitionChange[],
  added: readonly DefinitionChange[],
): readonly DefinitionChange[] {
  return before.length + added.length > UNCOMMITTED_MAX ? anything : [...before, ...added]
}
