import type { Judgement } from '../gate.ts'
import { unanalysed } from '../refusal.ts'

const RULE = {
  id: 'session.function_call',
  title: 'The function call protocol is not supported',
  reason: 'Functions can be called with SELECT; the separate function call protocol is closed.',
  outcome: 'deny',
} as const

/** FunctionCall holds no text that could be judged. */
export function functionCallJudgement(): Judgement {
  return unanalysed({
    text: '',
    redactedText: '(function call protocol)',
    kind: 'function_call',
    tag: 'FUNCTION CALL',
    decision: { outcome: 'deny', rules: [RULE], masks: [], reviewers: [], expiryMs: null, grantMs: null, onHold: null },
    policyDigest: '',
  })
}
