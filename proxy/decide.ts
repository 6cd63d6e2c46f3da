import type { Decision } from '../policies/decision.ts'
import { PolicyError } from '../policies/errors.ts'
import type { Policy } from '../policies/evaluate.ts'
import { type Facts, INPUT_VERSION } from '../policies/input.ts'
import type { SessionView } from './gate.ts'
import { type RefusalId, refusal } from './refusal.ts'
import type { Analysis } from './sql/analyse.ts'
import type { NativeError } from './sql/native-error.ts'

/** The policy's decision, or the refusal that its failure is. */
export function decide(facts: Facts, session: SessionView, policy: Policy): Decision {
  if (facts.unresolved.some(({ code }) => code === 'syntax')) return refusal('gate.syntax', facts.unresolved[0]?.detail)
  const { identity, target, door, role, application, transaction } = session
  try {
    const decision = policy.decide({
      version: INPUT_VERSION,
      identity,
      target,
      session: { door, role, application, transaction },
      statement: facts,
    })
    const ignored: readonly string[] = policy.manifest.mayIgnore
    const gap = facts.unresolved.find(({ code }) => !ignored.includes(code))
    return decision.outcome !== 'deny' && gap !== undefined ? refusal('gate.unresolved', gap.detail) : decision
  } catch (error) {
    return refusal(failureId(error))
  }
}

/** What the server would say, if nothing else speaks against the statement: no rule denies it with its names found. */
export function nativeError({ native }: Analysis, session: SessionView, policy: Policy): NativeError | null {
  if (native === null || native.otherwise === null) return native?.error ?? null
  return decide(native.otherwise, session, policy).outcome === 'deny' ? null : native.error
}

function failureId(error: unknown): RefusalId {
  const code = error instanceof PolicyError ? error.code : null
  if (code === 'result_undefined') return 'gate.policy_undefined'
  return code === 'result_invalid' ? 'gate.policy_invalid' : 'gate.policy_failed'
}
