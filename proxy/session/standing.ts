import { backend } from '../wire/message-types.ts'
import { encodeError } from '../wire/messages/error-response.ts'
import { comesOutTheSame } from './comes-out.ts'
import type { SessionContext } from './context.ts'
import { SessionError } from './errors.ts'
import { type Slot, slot } from './exchange.ts'
import type { Run } from './recorder.ts'
import { poisonParse } from './refusal.ts'
import { CHANGED, definitionsChanged } from './standing-before.ts'
import { onlyReads } from './traits.ts'

/** What can hold a value out of a row, and what says which columns there are: others, if the name is another's by now. */
const TELLING: ReadonlySet<number> = new Set([
  backend.rowDescription,
  backend.dataRow,
  backend.copyData,
  backend.errorResponse,
  backend.noticeResponse,
])

/**
 * A view or a function may have been replaced between the judging and the running, or a table's name been given to
 * another, by somebody whom Holdpoint does not see, and nothing in the reply says so. So the first row waits until the server, asked beside the session, has said
 * that the definitions are those that were judged: it is asked after its answer is here, and what changes later cannot
 * have gone into that. A function is planned when it is first called, which may be in the middle: then it is asked again
 * for whatever arrives.
 *
 *   same ──▶ on    other, and judged anew the same comes out ──▶ on    other ──▶ stopped, 40001; a write rolled back
 */
export class Standing {
  readonly #session: SessionContext

  constructor(session: SessionContext) {
    this.#session = session
  }

  /** What the server says next would tell something, and it is not known that it may: wait for this. */
  before(type: number): Promise<void> | null {
    const { exchange } = this.#session
    if (type === backend.readyForQuery) return exchange.first?.parts?.beforeReady(exchange.first) ?? null
    if (!exchange.doubtful) return null
    const answered = exchange.first
    const run = answered?.runs[answered.at]
    if (answered === undefined || run === undefined || answered.stopped || !TELLING.has(type)) return null
    return this.#isDue(run) ? this.#ask(answered, run, type) : null
  }

  /** Nothing of it will have to wait any more. */
  isSettled({ judgement, stoodIn }: Run): boolean {
    const { footing = null } = judgement
    return footing === null || (stoodIn !== null && footing.routines.size === 0)
  }

  #isDue({ judgement, stoodIn }: Run): boolean {
    const { footing = null } = judgement
    if (footing === null) return false
    return stoodIn === null || (footing.routines.size > 0 && stoodIn !== this.#session.turn)
  }

  #ask(answered: Slot, run: Run, type: number): Promise<void> | null {
    const { gate, state } = this.#session
    const stands = gate.stands(run.judgement, state)
    if (stands !== true) return this.#wait(answered, run, { stands, type })
    this.#settle(run)
    return null
  }

  async #wait(
    answered: Slot,
    run: Run,
    { stands, type }: { readonly stands: boolean | Promise<boolean>; readonly type: number },
  ): Promise<void> {
    const { gate, state } = this.#session
    // What its temporary views are by now has to be asked of the session itself.
    const same = (await stands) || (!state.viewsMayDiffer && (await comesOutTheSame(gate, state, run.judgement)))
    if (this.#session.signal.aborted) return
    if (same) this.#settle(run)
    else this.#stop(answered, run, type)
  }

  /** Its rows need not be looked at one by one any more, unless something else is behind it. */
  #settle(run: Run): void {
    const { exchange, turn } = this.#session
    run.stoodIn = turn
    exchange.settle((each) => this.isSettled(each))
  }

  /** @throws SessionError where an error alone would leave the client and the server of two minds */
  #stop(answered: Slot, run: Run, type: number): void {
    const { exchange, recorder, toClient } = this.#session
    const batch = exchange.untilSync()
    const failing = type === backend.errorResponse || answered.parts?.isOurs === true
    const isLast = answered.kind === 'execute' && exchange.remaining().length === 1
    const leavesNothing = !failing && this.#leavesNothing(answered, run, batch)
    if (!failing && !leavesNothing && !isLast) throw new SessionError('definitions_changed', CHANGED)
    recorder.completed(run, false, '40001', 0)
    for (const unused of answered.runs.slice(answered.at + 1)) recorder.completed(unused, false, 'not run', 0)
    answered.stopped = true
    toClient.add(encodeError(definitionsChanged))
    if (failing) run.over = { what: 'written', report: definitionsChanged }
    else if (leavesNothing) for (const behind of batch ?? []) behind.stopped = true
    else this.#failBatch()
  }

  /** What it has written is not kept: what fails the batch goes behind it. */
  #failBatch(): void {
    const { exchange, upstream } = this.#session
    const unshown = slot('parse')
    unshown.stopped = true
    exchange.push(unshown)
    exchange.skipping = true
    upstream.add(poisonParse)
    upstream.send()
  }

  /** It has only read, and nothing was done beside it. */
  #leavesNothing({ runs }: Slot, run: Run, batch: readonly Slot[] | null): boolean {
    const alone = runs.length === 1 && batch?.every((behind) => behind.runs.length === 0) === true
    return alone && run.alone && this.#session.state.transaction === 'idle' && onlyReads(run.judgement)
  }
}
