import type { Decision } from '../policies/decision.ts'
import type { Facts } from '../policies/input.ts'
import type { Judgement } from './gate.ts'
import { noEffects } from './sql/session-effects.ts'

/**
 * What the gate itself refuses, whatever a policy would say. Each is a finding of its own, so that the trail and the
 * person who asked can tell a refusal of the gate from one of a rule.
 */
const refusals = {
  'gate.syntax': {
    title: 'Text that cannot be read does not run',
    reason: 'This is not SQL that Holdpoint can read, so it was not sent to the server',
  },
  'gate.analysis_failed': {
    title: 'What cannot be analysed does not run',
    reason: 'Holdpoint failed while it analysed this text',
  },
  'gate.analysis_too_long': {
    title: 'What takes too long to read does not run',
    reason: 'Reading this text takes longer than any text may take; send it in several parts',
  },
  'gate.analysis_busy': {
    title: 'What cannot be read now does not run',
    reason: 'Too many large texts wait to be read; try again in a moment',
  },
  'gate.too_long_to_review': {
    title: 'What has to be approved has to be read',
    reason:
      'It has to be approved and is longer than a reviewer is shown (1,048,576 characters); send it in several parts',
  },
  'gate.unresolved': {
    title: 'What cannot be established is denied',
    reason: 'Something in it could not be established, and the policy does not say that this may be ignored',
  },
  'gate.catalog_unavailable': {
    title: 'Names have to be known',
    reason: 'What names mean on this target is not known right now; try again in a moment',
  },
  'gate.definitions_locked': {
    title: 'Names have to be known',
    reason: 'What it needs was changed, and somebody holds a lock that keeps Holdpoint from reading it',
  },
  'gate.policy_unavailable': { title: 'A policy has to decide', reason: 'No policy is active' },
  'gate.policy_failed': { title: 'A policy has to decide', reason: 'The policy failed while it judged this statement' },
  'gate.policy_undefined': { title: 'A policy has to decide', reason: 'The policy has no answer for this statement' },
  'gate.policy_invalid': {
    title: 'A policy has to decide',
    reason: 'What the policy answered is not a decision',
  },
  'gate.lineage': {
    title: 'What is masked has to be found',
    reason: 'It is not proven which output columns hold sensitive values; name the columns you need',
  },
  'gate.export_masked': {
    title: 'COPY cannot be masked',
    reason: 'COPY would send sensitive values unmasked; leave those columns out, or use SELECT',
  },
} as const

export type RefusalId = keyof typeof refusals

/** @param detail added to the reason in brackets; never a value */
export function refusal(id: RefusalId, detail?: string): Decision {
  const { title, reason } = refusals[id]
  const decision: Decision = {
    outcome: 'deny',
    rules: [{ id, title, reason: detail === undefined ? `${reason}.` : `${reason} (${detail}).`, outcome: 'deny' }],
    masks: [],
    reviewers: [],
    expiryMs: null,
    grantMs: null,
    onHold: null,
  }
  return Object.freeze(decision)
}

/** What is refused before anything is known about it. Its text might hold a secret that nobody looked for. */
export function refused(text: string, id: RefusalId, policyDigest: string): Judgement {
  const redactedText = '(not analysed)'
  return unanalysed({ text, redactedText, kind: 'unknown', tag: 'UNKNOWN', decision: refusal(id), policyDigest })
}

/** Somebody's lock is in the way, as it would be for the server. */
export function refusedForALock(text: string, policyDigest: string): Judgement {
  const id = 'gate.definitions_locked'
  const message = `Holdpoint: ${refusals[id].reason}`
  const hint =
    'Nothing was sent; try again when that transaction has ended. pg_locks and pg_stat_activity say whose it is'
  return { ...refused(text, id, policyDigest), nativeError: { sqlstate: '55P03', message, hint, position: null } }
}

/** The judgement of what has no facts: nothing is known of it but that it is refused. */
export function unanalysed({
  kind,
  tag,
  ...known
}: Pick<Facts, 'kind' | 'tag'> & Pick<Judgement, 'text' | 'redactedText' | 'decision' | 'policyDigest'>): Judgement {
  const facts: Facts = {
    kind,
    tag,
    effects: ['unknown'],
    relations: [],
    columns: [],
    functions: [],
    roles: [],
    settings: [],
    external: [],
    locks: [],
    flags: [],
    unresolved: [],
    fingerprint: '',
  }
  return Object.freeze({ ...known, facts, outputs: null, outputMasks: null, scrub: false, effects: noEffects })
}
