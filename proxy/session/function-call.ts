import type { Judgement } from '../gate.ts'
import { noEffects } from '../sql/session-effects.ts'

const RULE = {
  id: 'session.function_call',
  title: 'The function call protocol is not supported',
  reason: 'Functions can be called with SELECT; the separate function call protocol is closed.',
  outcome: 'deny',
} as const

/** FunctionCall holds no text that could be judged. */
export function functionCallJudgement(): Judgement {
  return {
    text: '',
    redactedText: '(function call protocol)',
    facts: {
      kind: 'function_call',
      tag: 'FUNCTION CALL',
      effects: ['unknown'],
      relations: [],
      columns: [],
      functions: [],
      roles: [],
      settings: [],
      external: [],
      flags: [],
      unresolved: [],
      fingerprint: '',
    },
    decision: { outcome: 'deny', rules: [RULE], masks: [], reviewers: [], expiryMs: null, grantMs: null, onHold: null },
    policyDigest: '',
    outputs: null,
    outputMasks: null,
    scrub: false,
    effects: noEffects,
  }
}
