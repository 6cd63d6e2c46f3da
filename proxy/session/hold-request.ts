import { isDeepStrictEqual } from 'node:util'
import type { Answering } from '../../policies/answering.ts'
import type { Decision, Reviewers } from '../../policies/decision.ts'
import { factsUsed, type RuleFacts } from '../../policies/facts-used.ts'
import type { Facts } from '../../policies/input.ts'
import type { HeldLock } from '../../workflows/holds/consequences.ts'
import type { HoldMode, HoldRequest } from '../../workflows/holds/hold.ts'
import type { Judgement, SessionView } from '../gate.ts'
import type { Foreseen } from '../preview/foresee.ts'
import { holdsSecrets, traitsOf } from './traits.ts'

export interface HoldRequestParts {
  readonly judgements: readonly Judgement[]
  readonly state: SessionView
  readonly digest: string
  /** As the trail has them by now. */
  readonly inputs: readonly string[]
  readonly shape: string | null
  /** What running it would do, as reviewers are shown it. */
  readonly foreseen: Foreseen
  /** The client's address and port; null where the door does not know one. */
  readonly client: string | null
  readonly locks: readonly HeldLock[]
  /** The hold that was approved and does not count any more; null: there is none. */
  readonly anewOf: string | null
  readonly onHold: HoldMode | null
  readonly reason: string | null
  readonly shown: readonly (string | null)[]
  readonly sessionId: string
  /** Bounds the wait where a transaction is open; null: it is not. */
  readonly expiryMsMax: number | null
}

const EXPIRY_MS = 15 * 60_000

export function holdRequest(parts: HoldRequestParts): HoldRequest {
  const { judgements, state, expiryMsMax } = parts
  const decision = merged(judgements.map((judgement) => judgement.decision))
  const mode = modeOf(parts, decision)
  const expiryMs = decision.expiryMs ?? EXPIRY_MS
  return {
    mode,
    identity: state.identity,
    target: state.target,
    application: state.application,
    statement: judgements.map(({ redactedText }) => redactedText).join(';\n'),
    parameters: judgements.some(({ facts }) => holdsSecrets(facts)) ? withheld(parts.shown) : parts.shown,
    digest: parts.digest,
    facts: factsOf(judgements.map((judgement) => judgement.facts)),
    decision,
    policyDigest: judgements[0]?.policyDigest ?? '',
    inputs: parts.inputs,
    factsUsed: judgements.flatMap(factsUsedBy),
    ...parts.foreseen,
    client: parts.client,
    reason: parts.reason,
    // Only who waits keeps the transaction open meanwhile.
    expiryMs: mode === 'wait' && expiryMsMax !== null ? Math.min(expiryMs, expiryMsMax) : expiryMs,
    sessionId: parts.sessionId,
    shape: parts.shape,
    ...(parts.locks.length === 0 ? {} : { locks: parts.locks }),
    ...(parts.anewOf === null ? {} : { anewOf: parts.anewOf }),
  }
}

/** Without what the trail would not keep either. */
function factsUsedBy(judgement: Judgement): readonly RuleFacts[] {
  const { input } = traitsOf(judgement)
  return input === null ? [] : factsUsed(judgement.decision, input.input, input.rules)
}

/** Approval is bound to the digest, which covers them all the same. */
function withheld(parameters: readonly (string | null)[]): readonly (string | null)[] {
  return parameters.map((value) => (value === null ? null : '[not shown: may be a secret]'))
}

/** Only the other doors can defer: on the wire, who asked for it is told at once, as with error. */
function modeOf({ onHold, state }: HoldRequestParts, decision: Decision): HoldMode {
  if (onHold !== null) return onHold
  if (decision.onHold !== null) return decision.onHold === 'wait' ? 'wait' : 'error'
  return state.identity.kind === 'agent' ? 'error' : 'wait'
}

/** Of several decisions in one message: every reviewer any of them asks for, and the shortest time. */
function merged(decisions: readonly Decision[]): Decision {
  const [first] = decisions
  if (decisions.length === 1 && first !== undefined) return first
  const held = decisions.filter(({ outcome }) => outcome === 'hold')
  return {
    outcome: 'hold',
    rules: decisions.flatMap(({ rules }) => rules),
    masks: decisions.flatMap(({ masks }) => masks),
    reviewers: allReviewers(held.flatMap(({ reviewers }) => reviewers)),
    expiryMs: shortest(held.map(({ expiryMs }) => expiryMs)),
    grantMs: shortest(held.map(({ grantMs }) => grantMs)),
    ...answeringOf(held),
    onHold: held.some(({ onHold }) => onHold !== null && onHold !== 'wait') ? 'error' : (held[0]?.onHold ?? null),
  }
}

/** What lets more people answer, or answers for more, holds for several statements only where all of them say it. */
function answeringOf(held: readonly Decision[]): { readonly answering?: Answering } {
  const all = held.map(({ answering }) => answering).filter((one) => one !== undefined)
  const [first] = all
  if (first === undefined) return {}
  const agreed = <Key extends 'escalate' | 'breakGlass' | 'delegates' | 'onCall'>(key: Key): Answering[Key] | null =>
    all.length === held.length && all.every((one) => isDeepStrictEqual(one[key], first[key])) ? first[key] : null
  const answering = {
    reasonRequired: all.some(({ reasonRequired }) => reasonRequired),
    remindMs: shortest(all.map(({ remindMs }) => remindMs)),
    escalate: agreed('escalate'),
    onCall: agreed('onCall') ?? [],
    delegates: agreed('delegates') ?? {},
    breakGlass: agreed('breakGlass'),
    sameShape: null,
  }
  return { answering }
}

/** Everybody that any of the statements asks for, each group once. */
export function allReviewers(asked: readonly Reviewers[]): readonly Reviewers[] {
  const counts = new Map<string, number>()
  for (const { group, count } of asked) counts.set(group, Math.max(count, counts.get(group) ?? 0))
  return [...counts].map(([group, count]) => ({ group, count }))
}

function shortest(times: readonly (number | null)[]): number | null {
  const known = times.filter((time) => time !== null)
  return known.length === 0 ? null : Math.min(...known)
}

/** Everything any of the statements does, so that reviewers see all of it. */
function factsOf(all: readonly Facts[]): Facts {
  const [first] = all
  if (first === undefined || all.length === 1) return first as Facts
  return {
    kind: 'several',
    tag: all.map(({ tag }) => tag).join(', '),
    effects: [...new Set(all.flatMap(({ effects }) => effects))],
    relations: all.flatMap(({ relations }) => relations),
    columns: all.flatMap(({ columns }) => columns),
    functions: all.flatMap(({ functions }) => functions),
    roles: all.flatMap(({ roles }) => roles),
    settings: all.flatMap(({ settings }) => settings),
    external: all.flatMap(({ external }) => external),
    locks: all.flatMap(({ locks }) => locks),
    flags: [...new Set(all.flatMap(({ flags }) => flags))],
    unresolved: all.flatMap(({ unresolved }) => unresolved),
    fingerprint: all.map(({ fingerprint }) => fingerprint).join('+'),
  }
}
