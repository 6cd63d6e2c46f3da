import type { Judgement } from '../gate.ts'
import { backend } from '../wire/message-types.ts'
import { encodeError } from '../wire/messages/error-response.ts'
import type { SessionContext } from './context.ts'
import { SessionError } from './errors.ts'
import type { Slot } from './exchange.ts'
import type { Run } from './recorder.ts'
import { refusedBecause } from './refusal.ts'
import { CHANGED } from './standing-before.ts'
import { onlyReads, traitsOf } from './traits.ts'

/** What can hold a value out of a row, and what says which columns there are: others, if the name is another's by now. */
const TELLING: ReadonlySet<number> = new Set([
  backend.rowDescription,
  backend.dataRow,
  backend.copyData,
  backend.errorResponse,
  backend.noticeResponse,
])
const definitionsChanged = refusedBecause('40001', CHANGED)

/**
 * A view or a function may have been replaced between the judging and the running, or a table's name been given to
 * another, by somebody whom Holdpoint does not see, and nothing in the reply says so. So the first row waits until the server, asked beside the session, has said
 * that the definitions are those that were judged: it is asked after its answer is here, and what changes later cannot
 * have gone into that. A function is planned when it is first called, which may be in the middle: then it is asked again
 * for whatever arrives.
 *
 *   same ──▶ on    other, and judged anew the same comes out ──▶ on    other ──▶ stopped, 40001
 */
export class Standing {
  readonly #session: SessionContext

  constructor(session: SessionContext) {
    this.#session = session
  }

  /** What the server says next would tell something, and it is not known that it may: wait for this. */
  before(type: number): Promise<void> | null {
    const { exchange } = this.#session
    if (!exchange.doubtful) return null
    const answered = exchange.first
    const run = answered?.runs[answered.at]
    if (answered === undefined || run === undefined || answered.stopped || !TELLING.has(type)) return null
    return this.#isDue(run) ? this.#ask(answered, run) : null
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

  #ask(answered: Slot, run: Run): Promise<void> | null {
    const { gate, state } = this.#session
    const stands = gate.stands(run.judgement, state)
    if (stands !== true) return this.#wait(answered, run, stands)
    this.#settle(run)
    return null
  }

  async #wait(answered: Slot, run: Run, stands: boolean | Promise<boolean>): Promise<void> {
    const same = (await stands) || (await this.#comesOutTheSame(run.judgement))
    if (this.#session.signal.aborted) return
    if (same) this.#settle(run)
    else this.#stop(answered, run)
  }

  /** Its rows need not be looked at one by one any more, unless something else is behind it. */
  #settle(run: Run): void {
    const { exchange, turn } = this.#session
    run.stoodIn = turn
    exchange.settle((each) => this.isSettled(each))
  }

  /** By what the definitions are now. What was bound to the old ones may run on, as it is masked in the same way. */
  async #comesOutTheSame(before: Judgement): Promise<boolean> {
    const { gate, state } = this.#session
    // What its temporary views are by now has to be asked of the session itself.
    if (state.viewsMayDiffer) return false
    const [now, ...more] = await gate.judge(before.text, state)
    if (now === undefined || more.length > 0 || now.decision.outcome !== before.decision.outcome) return false
    const alike = JSON.stringify(now.outputMasks) === JSON.stringify(before.outputMasks)
    const asProven = traitsOf(now).proof === traitsOf(before).proof && now.scrub === before.scrub
    // It may have been replaced once more since.
    return alike && asProven && (await gate.stands(now, state))
  }

  /** @throws SessionError where an error alone would leave the client and the server of two minds */
  #stop(answered: Slot, run: Run): void {
    const { exchange, recorder, state, toClient } = this.#session
    const batch = exchange.untilSync()
    const alone = answered.runs.length === 1 && batch?.every(({ runs }) => runs.length === 0) === true
    if (!alone || !run.alone || state.transaction !== 'idle' || !onlyReads(run.judgement)) {
      throw new SessionError('definitions_changed', CHANGED)
    }
    recorder.completed(run, false, '40001', 0)
    answered.stopped = true
    for (const behind of batch ?? []) behind.stopped = true
    toClient.add(encodeError(definitionsChanged))
  }
}
