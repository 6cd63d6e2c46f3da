import type { Judgement } from '../gate.ts'
import { inSlices } from '../in-slices.ts'
import { decodeQuery } from '../wire/messages/query.ts'
import type { Approvals, Verdict } from './approvals.ts'
import { askBehind } from './ask-behind.ts'
import { endBatch, isSkipped } from './batch.ts'
import type { SessionContext } from './context.ts'
import { SessionError } from './errors.ts'
import { type Slot, scrubbed, slot } from './exchange.ts'
import { functionCallJudgement } from './function-call.ts'
import { judgeInOrder, outcomeOf } from './judge-in-order.ts'
import { type MessageParts, partsOf, textsOf } from './message-parts.ts'
import type { NameChange } from './name-table.ts'
import { PartsRun } from './parts-run.ts'
import type { Run } from './recorder.ts'
import { denied } from './refusal.ts'
import type { Refusals } from './refusals.ts'
import { limitedApart } from './run-limits.ts'
import { standingBefore } from './standing-before.ts'
import { traitsOf } from './traits.ts'

const NO_PARAMETERS = { types: [], formats: [], values: [] }
const NONE: readonly never[] = []
const AT_ONCE_MAX = 100

/** Query: any number of statements in one message, all of which run or none. */
export class SimpleQuery {
  readonly #session: SessionContext
  readonly #approvals: Approvals
  readonly #refusals: Refusals

  constructor(session: SessionContext, approvals: Approvals, refusals: Refusals) {
    this.#session = session
    this.#approvals = approvals
    this.#refusals = refusals
  }

  query(): Promise<void> | undefined {
    const text = decodeQuery(this.#session.fromClient)
    const judged = this.#judge(text)
    if (!(judged instanceof Promise)) return this.#decide(text, judged)
    return judged.then((judgements) => (isSkipped(this.#session) ? undefined : this.#decide(text, judgements)))
  }

  /** The fast path names a function by its OID and hides what it does; nobody needs it. */
  functionCall(): undefined {
    const judgement = functionCallJudgement()
    this.#refusals.record([judgement], NONE)
    this.#refusals.simple(denied([judgement]))
  }

  #judge(text: string): readonly Judgement[] | Promise<readonly Judgement[]> {
    const { gate, state } = this.#session
    const judged = gate.judge(text, state)
    if (!(judged instanceof Promise)) return limitedApart(judgeInOrder(judged, state), state.transaction)
    return judged.then(async (judgements) => {
      // What the order is judged by is worked out once for each, which for thousands takes a while.
      if (judgements.length > AT_ONCE_MAX) await inSlices(judgements, traitsOf)
      return limitedApart(judgeInOrder(judgements, state), state.transaction)
    })
  }

  #decide(text: string, judgements: readonly Judgement[]): Promise<void> | undefined {
    switch (outcomeOf(judgements)) {
      case 'allow':
        return this.#runStanding(judgements)
      case 'deny':
        this.#refuse(judgements, { kind: 'refuse', judgements, report: denied(judgements) })
        return undefined
      case 'hold':
        return this.#approvals
          .decide({ text, judge: () => this.#judge(text), bound: NO_PARAMETERS, shown: NONE })
          .then((verdict) => this.#conclude(verdict))
    }
  }

  /** What would write waits until its definitions are known to be those that were judged; else it is judged again. */
  #runStanding(judgements: readonly Judgement[]): Promise<void> | undefined {
    const doubt = standingBefore(this.#session, judgements)
    if (doubt === null) return this.#run(judgements, null)
    return doubt.then(async (stands) => {
      if (isSkipped(this.#session)) return
      if (stands) await this.#run(judgements, null)
      else await this.query()
    })
  }

  #conclude(verdict: Verdict): Promise<void> | undefined {
    if (verdict.kind === 'skip') return undefined
    if (verdict.kind === 'run') return this.#run(verdict.judgements, verdict.hold)
    this.#refuse(verdict.judgements, verdict)
    return undefined
  }

  #refuse(judgements: readonly Judgement[], { report }: Verdict & { readonly kind: 'refuse' }): void {
    this.#refusals.record(judgements, NONE)
    this.#refusals.simple(report)
  }

  /** Thousands of statements are recorded so that other sessions have their turn in between. */
  #run(judgements: readonly Judgement[], hold: string | null): Promise<void> | undefined {
    const final = judgements.at(-1)
    const alone = judgements.length === 1
    const intended = (judgement: Judgement): Run =>
      this.#session.recorder.intended({ judgement, parameters: NONE, last: judgement === final, alone }, hold)
    if (judgements.length <= AT_ONCE_MAX) {
      this.#send(judgements, judgements.map(intended))
      return undefined
    }
    return inSlices(judgements, intended).then((runs) => {
      if (!isSkipped(this.#session)) this.#send(judgements, runs)
    })
  }

  #send(judgements: readonly Judgement[], runs: readonly Run[]): void {
    const { exchange, fromClient, limits, state, upstream } = this.#session
    if (runs.length > 0) upstream.recorded()
    state.sends(judgements)
    const parts = partsOf(judgements, state.transaction)
    const common = { scrub: scrubbed(judgements), changes: this.#unnamedGone() }
    if (parts === null) exchange.push(slot('query', { ...common, runs }))
    endBatch(this.#session)
    for (const { traits } of runs) {
      exchange.barrier ||= traits.settles
      exchange.copyExpected ||= traits.copyFrom
    }
    if (parts !== null) {
      this.#sendInParts(judgements, runs, parts, common)
      return
    }
    for (const run of runs) limits.started(run, null)
    upstream.keep(fromClient)
    if (exchange.barrier) askBehind(this.#session)
  }

  #sendInParts(
    judgements: readonly Judgement[],
    runs: readonly Run[],
    planned: MessageParts | 'inseparable',
    common: Partial<Slot>,
  ): void {
    if (planned === 'inseparable') throw new SessionError('internal', 'What was refused is about to run')
    const { starts, wrapsFrom } = planned
    const texts = textsOf(decodeQuery(this.#session.fromClient.bytes), judgements, planned)
    const parts = texts.map((text, at) => ({ text, runs: runs.slice(starts[at], starts[at + 1]) }))
    const first = wrapsFrom === null ? null : starts.indexOf(wrapsFrom)
    new PartsRun(this.#session, { parts, wrapsFrom: first, common }).start()
  }

  /** A simple query does away with the unnamed statement and portal. */
  #unnamedGone(): readonly NameChange[] {
    const { statements, portals } = this.#session.state
    const known = statements.lookup('') !== undefined || portals.lookup('') !== undefined
    if (!known && !statements.isUncertain('') && !portals.isUncertain('')) return NONE
    return [statements.expect('', null), portals.expect('', null)]
  }
}
