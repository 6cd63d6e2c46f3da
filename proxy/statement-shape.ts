import { createHash } from 'node:crypto'
import type { Flag } from '../policies/input.ts'
import type { Judgement, SessionView } from './gate.ts'

/** Statements whose constants are data and nothing else. DO, CREATE FUNCTION, SET ROLE hide what matters in theirs. */
const KINDS: ReadonlySet<string> = new Set(['select', 'insert', 'update', 'delete'])
const EFFECTS: ReadonlySet<string> = new Set(['read', 'write'])
const NEVER: ReadonlySet<Flag> = new Set<Flag>([
  'multi_statement',
  'data_modifying_cte',
  'explain',
  'explain_analyze',
  'copy_to',
  'copy_from',
  'contains_secret',
  'always_true_where',
])

/**
 * The same for statements that differ in nothing but constants: SHA-256 (hex) of everything that was established about
 * them. A fingerprint alone is the same for statements of different meaning, so all facts, the definitions behind the
 * names, the target, role, search path and the policy's decision go in with it. null: it is like no other.
 */
export function statementShape(
  { facts, decision, policyDigest }: Judgement,
  definitions: readonly { readonly oid: number; readonly hash: string }[],
  { target, role, searchPath }: SessionView,
): string | null {
  if (!KINDS.has(facts.kind) || facts.fingerprint === '') return null
  if (facts.effects.some((effect) => !EFFECTS.has(effect)) || facts.flags.some((flag) => NEVER.has(flag))) return null
  const elsewhere = facts.external.length + facts.unresolved.length + facts.roles.length + facts.settings.length
  const calls = facts.functions.some(({ builtin, volatility }) => !builtin || volatility === 'volatile')
  if (elsewhere > 0 || calls) return null
  const named = definitions.map(({ oid, hash }) => `${oid} ${hash}`).sort()
  const parts = [facts, named, target.name, role, searchPath, decision, policyDigest]
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex')
}
