import type { Judgement } from '../gate.ts'
import { inSlices } from '../in-slices.ts'
import { decodeQuery } from '../wire/messages/query.ts'
import type { Approvals, Verdict } from './approvals.ts'
import { askBehind } from './ask-behind.ts'
import { endBatch, isSkipped } from './batch.ts'
import { confirmThen, recordTakenBack, rollBackQuery } from './confirming.ts'
import type { SessionContext } from './context.ts'
import { SessionError } from './errors.ts'
import { type Slot, scrubbed, slot } from './exchange.ts'
import { functionCallJudgement } from './function-call.ts'
import { judgeInOrder, outcomeOf } from './judge-in-order.ts'
import { canBeTakenBack, fitsInABlock, mayKeep } from './kept-writes.ts'
import { type MessageParts, partsOf, textsOf } from './message-parts.ts'
import type { NameChange } from './name-table.ts'
import { PartsRun } from './parts-run.ts'
import type { Run } from './recorder.ts'
import { denied } from './refusal.ts'
import type { Refusals } from './refusals.ts'
import { limitedApart } from './run-limits.ts'
import { definitionsChanged, standingBefore } from './standing-before.ts'
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

  #run(judgements: readonly Judgement[], hold: string | null): Promise<void> | undefined {
    const { exchange, unconfirmed } = this.#session
    const endsBatch = exchange.batchOpen && unconfirmed.endsWithBatch
    if (!unconfirmed.isDue(endsBatch || judgements.some(mayKeep))) return this.#runNow(judgements, hold)
    return confirmThen(this.#session, {
      kept: () => this.#runNow(judgements, hold),
      lost: () => this.#takenBack(judgements, hold),
    })
  }

  /** What it would have committed does not stand: it is rolled back, as by a COMMIT that fails. */
  #takenBack(judgements: readonly Judgement[], hold: string | null): void {
    recordTakenBack(this.#session, judgements, hold)
    if (judgements.some(mayKeep)) rollBackQuery(this.#session)
    else this.#refusals.simple(definitionsChanged)
  }

  /** Thousands of statements are recorded so that other sessions have their turn in between. */
  #runNow(judgements: readonly Judgement[], hold: string | null): Promise<void> | undefined {
    const final = judgements.at(-1)
    const alone = judgements.length === 1
    const { recorder, unconfirmed } = this.#session
    const intended = (judgement: Judgement): Run =>
      unconfirmed.intends(recorder.intended({ judgement, parameters: NONE, last: judgement === final, alone }, hold))
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
    const parts = partsOf(judgements, state.transaction, (judgement) => this.#isConfirmed(judgement, judgements))
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
    const { starts, wraps } = planned
    const { fromClient } = this.#session
    const texts = starts.length === 1 ? [null] : textsOf(decodeQuery(fromClient.bytes), judgements, planned)
    const parts = texts.map((text, at) => {
      return { text, runs: runs.slice(starts[at], starts[at + 1]), isWrapped: wraps.includes(starts[at] ?? 0) }
    })
    new PartsRun(this.#session, { parts, common }).start()
  }

  /** Whether it runs in a transaction, ours where there is no other, until it is known by what it has written. */
  #isConfirmed(judgement: Judgement, message: readonly Judgement[]): boolean {
    const { gate, state } = this.#session
    if (!canBeTakenBack(judgement) || gate.trusts(judgement, state)) return false
    return message.length > 1 || state.transaction !== 'idle' || fitsInABlock(judgement)
  }

  /** A simple query does away with the unnamed statement and portal. */
  #unnamedGone(): readonly NameChange[] {
    const { statements, portals } = this.#session.state
    const known = statements.lookup('') !== undefined || portals.lookup('') !== undefined
    if (!known && !statements.isUncertain('') && !portals.isUncertain('')) return NONE
    return [statements.expect('', null), portals.expect('', null)]
  }
}
