import type { Decision } from '../policies/decision.ts'
import type { Policy } from '../policies/evaluate.ts'
import type { Dependency } from './analyses.ts'
import type { CatalogSnapshot } from './catalog/snapshot.ts'
import { decide, nativeError } from './decide.ts'
import { footingOf } from './footing.ts'
import type { Judgement, SessionView } from './gate.ts'
import { outputMasksOf } from './output-masks.ts'
import { refusal } from './refusal.ts'
import type { Analysis } from './sql/analyse.ts'

/** What an analysis is judged with. */
export interface Judging {
  readonly dependencies: readonly Dependency[]
  readonly session: SessionView
  readonly policy: Policy
  readonly snapshot: CatalogSnapshot
}

/** What a statement would do, with what the policy says to it. */
export function judgementOf(analysis: Analysis, { session, policy, snapshot }: Judging): Judgement {
  const decided = decide(analysis.facts, session, policy)
  const masks = decided.outcome === 'deny' ? null : outputMasksOf(analysis.facts, analysis.outputs, decided)
  const decision = typeof masks === 'string' ? refusal(masks) : reviewable(decided, analysis)
  return Object.freeze({
    text: analysis.text,
    redactedText: analysis.redactedText,
    facts: analysis.facts,
    decision,
    policyDigest: policy.digest,
    outputs: analysis.outputs,
    outputMasks: typeof masks === 'string' ? null : masks,
    scrub: decision.masks.length > 0,
    effects: analysis.effects,
    definitions: analysis.definitions,
    footing: decision.outcome === 'deny' ? null : footingOf(analysis, snapshot),
    nativeError: decision.outcome === 'deny' ? nativeError(analysis, session, policy) : null,
  })
}

/** Nobody answers for what they cannot be shown. */
function reviewable(decided: Decision, { isKeptWhole }: Analysis): Decision {
  return decided.outcome === 'hold' && !isKeptWhole ? refusal('gate.too_long_to_review') : decided
}
