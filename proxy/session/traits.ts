import type { Decision, Limits } from '../../policies/decision.ts'
import { groundsOf } from '../../policies/evaluate.ts'
import type { Facts } from '../../policies/input.ts'
import { type SharedHead, type SharedJson, sharedHead, sharedWith } from '../../workflows/trail/statement-body.ts'
import { type TracedInput, tracedInput } from '../../workflows/trail/traced-input.ts'
import type { Judgement } from '../gate.ts'
import { encodeNotice } from '../wire/messages/error-response.ts'
import { allDoubts, type Doubts, doubtsOfSettings, noDoubts } from './doubts.ts'
import { rowLimitOf } from './run-limits.ts'
import { writtenMaxOf } from './write-limits.ts'

/** What a session needs to know of a judgement at every run, worked out once for each. */
export interface Traits {
  /** Its rows are not forwarded before their description was compared with the judgement. */
  readonly proof: boolean
  /** The next message is judged only when the server has answered this one. */
  readonly settles: boolean
  /** What it may have changed of what names mean or as whom: the server is asked before the next is judged. */
  readonly unsettles: Doubts
  /** Later in the same Query, it means the same whatever came before. */
  readonly indifferent: boolean
  /** Ends a transaction or a part of it. */
  readonly endsTransaction: boolean
  /** Ends or rolls back something: settings and temporary relations may be back to what they were. */
  readonly transaction: boolean
  readonly copyFrom: boolean
  /** Its parameters may be values of labelled columns, or secrets, which the trail does not keep. */
  readonly parametersWithheld: boolean
  /** What the policy was shown, which the trail keeps once; null: no policy was asked. */
  readonly input: TracedInput | null
  /** What the policy allows of it at most; null: as much as it likes. */
  readonly limits: Limits | null
  /** How many rows it may write; null: as many as it likes. */
  readonly writtenMax: number | null
  /** NoticeResponse of the rules that only warn; null: none does. */
  readonly notice: Buffer | null
}

/** What texts have in common when they have the same facts and the same decision. */
interface CommonTraits extends Traits {
  readonly head: SharedHead
  /** Of the judgement that was recorded last: mostly the same again. */
  recorded: { readonly judgement: Judgement; readonly json: SharedJson } | null
}

const common = new WeakMap<Facts, WeakMap<Decision, CommonTraits>>()

/** What all runs of this judgement have in common in the trail. */
export function recordOf(judgement: Judgement): SharedJson {
  const traits = commonTraitsOf(judgement)
  if (traits.recorded?.judgement === judgement) return traits.recorded.json
  const json = sharedWith(traits.head, judgement.redactedText)
  traits.recorded = { judgement, json }
  return json
}

export function traitsOf(judgement: Judgement): Traits {
  return commonTraitsOf(judgement)
}

function commonTraitsOf(judgement: Judgement): CommonTraits {
  let byDecision = common.get(judgement.facts)
  if (byDecision === undefined) {
    byDecision = new WeakMap()
    common.set(judgement.facts, byDecision)
  }
  let traits = byDecision.get(judgement.decision)
  if (traits === undefined) {
    traits = workOut(judgement)
    byDecision.set(judgement.decision, traits)
  }
  return traits
}

/** A key or password is, or may be, among its constants and parameters. */
export function holdsSecrets({ flags }: Facts): boolean {
  return flags.includes('contains_secret')
}

/** A session's own business, or the end of a transaction, which is looked after where it is answered. */
const LEAVING_NAMES: ReadonlySet<string> = new Set([
  'close_portal',
  'deallocate',
  'declare_cursor',
  'listen',
  'notify',
  'prepare',
  'transaction',
  'unlisten',
  'variable_show',
])

function workOut(judgement: Judgement): CommonTraits {
  const input = inputTracedOf(judgement)
  const { facts, effects } = judgement
  const named = effects.prepares ?? effects.deallocates ?? effects.declares ?? effects.closes
  const temporary = effects.createsTemporary.length + effects.dropsTemporary.length > 0
  const transaction = facts.effects.includes('transaction')
  const copyFrom = facts.flags.includes('copy_from')
  return {
    head: headOf(judgement, input),
    recorded: null,
    input,
    limits: limitsOf(judgement),
    writtenMax: writtenMaxOf(judgement),
    notice: noticeOf(judgement),
    proof: judgement.outputMasks !== null || facts.relations.some(({ labels }) => labels.length > 0),
    settles:
      effects.barrier ||
      named !== null ||
      temporary ||
      effects.changesCatalog ||
      transaction ||
      copyFrom ||
      limitsOf(judgement) !== null,
    unsettles: temporary || effects.changesCatalog ? allDoubts : effects.barrier ? unsettledBy(judgement) : noDoubts,
    endsTransaction: transaction && effects.barrier,
    indifferent: isIndifferent(judgement),
    transaction,
    copyFrom,
    parametersWithheld: holdsSecrets(facts) || facts.columns.some(({ labels }) => labels.length > 0),
  }
}

/** By a barrier. */
function unsettledBy({ facts }: Judgement): Doubts {
  if (facts.functions.length > 0) return allDoubts
  if (LEAVING_NAMES.has(facts.kind)) return noDoubts
  if (facts.kind !== 'variable_set' || facts.settings.length === 0) return allDoubts
  return doubtsOfSettings(facts.settings.map(({ name }) => name))
}

const INDIFFERENT_EFFECTS: ReadonlySet<string> = new Set(['transaction', 'session'])

function isIndifferent({ facts }: Judgement): boolean {
  const nothingNamed = facts.relations.length === 0 && facts.functions.length === 0
  return nothingNamed && facts.kind !== 'execute' && facts.effects.every((effect) => INDIFFERENT_EFFECTS.has(effect))
}

function limitsOf(judgement: Judgement): Limits | null {
  const limits = { rows: rowLimitOf(judgement), timeoutMs: judgement.decision.limits?.timeoutMs ?? null }
  return limits.rows === null && limits.timeoutMs === null ? null : limits
}

function noticeOf({ decision }: Judgement): Buffer | null {
  const warning = (decision.unenforced ?? []).filter(({ why }) => why === 'warn')
  if (warning.length === 0) return null
  return encodeNotice({
    severity: 'WARNING',
    sqlstate: '01000',
    message: `Holdpoint let this statement run, and will not once its rule binds: ${warning.map(({ reason }) => reason).join(' ')}`,
    detail: `Rule ${warning.map(({ id }) => id).join(', ')}`,
  })
}

/** By their decisions, which inputs that are the same share: to put one in order and hash it costs more than to judge it. */
const inputs = new WeakMap<Decision, TracedInput>()

/** @returns null where the gate itself refused, without asking a policy or against its answer */
function inputTracedOf({ decision, policyDigest }: Judgement): TracedInput | null {
  const known = inputs.get(decision)
  if (known !== undefined) return known
  const grounds = groundsOf(decision)
  if (grounds === undefined) return null
  const input = tracedInput(grounds.input, policyDigest, grounds.rules)
  inputs.set(decision, input)
  return input
}

function headOf({ facts, decision, policyDigest }: Judgement, input: TracedInput | null): SharedHead {
  const { unenforced = [] } = decision
  return sharedHead({
    outcome: decision.outcome,
    rules: decision.rules.map(({ id }) => id),
    policy: policyDigest,
    effects: facts.effects,
    relations: facts.relations.map(({ schema, name }) => `${schema}.${name}`),
    masks: decision.masks.map(({ schema, relation, column, method }) => `${schema}.${relation}.${column}: ${method}`),
    fingerprint: facts.fingerprint,
    ...(input === null ? {} : { input: input.digest }),
    ...(groundsOf(decision)?.reviewed === false ? { unreviewed: true as const } : {}),
    ...(unenforced.length === 0 ? {} : { aside: unenforced.map(({ id, why }) => `${id}: ${why}`) }),
  })
}

/** Nothing but reading: stopping it on the way to the client leaves nothing behind. */
export function onlyReads({ facts }: Judgement): boolean {
  return facts.effects.every((effect) => effect === 'read')
}
