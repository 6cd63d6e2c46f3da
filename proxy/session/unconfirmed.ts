import type { SessionInput } from '../../policies/input.ts'
import type { Footing } from '../catalog/confirmations.ts'
import type { Judgement, SessionView } from '../gate.ts'
import { comesOutTheSame, wroteAlike } from './comes-out.ts'
import type { SessionContext } from './context.ts'
import { canBeTakenBack, isBegin } from './kept-writes.ts'
import type { Run } from './recorder.ts'
import { Savepoints } from './savepoints.ts'
import type { SessionState } from './session-state.ts'

interface Written {
  readonly judgement: Judgement
  /** As whom and by which names it was judged. */
  readonly view: SessionView
}

/** How it ended, as far as the server has said it; true once its transaction is kept. */
interface Outcome {
  readonly run: Run
  readonly tag: string
  readonly rows: number
}

/** Of so many it is asked before another one runs. */
const WRITTEN_MAX = 256
/** They have written all of it, their triggers too, before they give back the first row. */
const ENDS = /^(COMMIT|PREPARE TRANSACTION)$/
const WRITES_FIRST: ReadonlySet<string> = new Set(['insert', 'update', 'delete', 'merge'])

/**
 * What the open transaction has written by definitions that were not confirmed since. A trigger, a rule or a name that was
 * changed between the question before a statement and the statement is not seen by that question; it is seen by one that
 * is asked when the statement has run and its locks are held. So it is asked for all of them before they are committed:
 *
 *   run ──▶ written ──COMMIT, Sync, or the end of a Query: asked once for all──▶ as they were ──▶ kept
 *              └──ROLLBACK, ROLLBACK TO──▶ forgotten                └──other──▶ rolled back, 40001
 *
 * Asked at any time after it has run, the answer holds: tables stay as they are until the transaction ends.
 */
export class Unconfirmed {
  readonly #session: SessionContext
  readonly #written = new Map<Footing, Written>()
  readonly #savepoints = new Savepoints()
  /** Of statements that are kept, or not, together with the rest of their message or batch. */
  #outcomes: Outcome[] = []
  /**
   * The client has begun a transaction, and has not ended it. That the server says one is open does not mean that: it
   * says so of a batch whose Sync is still to come, too, where a Query was sent in it.
   */
  #explicit = false

  constructor(session: SessionContext) {
    this.#session = session
  }

  /** It goes to the server. What it writes is looked after from here on. */
  intends(run: Run): Run {
    const { gate, state } = this.#session
    if (canBeTakenBack(run.judgement) && !gate.trusts(run.judgement, state)) run.view = viewOf(state)
    return run
  }

  /** Whether the end of a batch commits what was written. */
  get endsWithBatch(): boolean {
    return !this.#explicit || this.#session.exchange.batchEnds
  }

  /** @param keeps what comes next may commit what was written before it */
  isDue(keeps: boolean): boolean {
    const { exchange, state } = this.#session
    if (state.transaction === 'failed' || exchange.skipping) return false
    return keeps ? this.#written.size > 0 || exchange.mayHaveWritten : this.#written.size >= WRITTEN_MAX
  }

  /** Nothing that has run has to be asked about. */
  get isEmpty(): boolean {
    return this.#written.size === 0
  }

  completed(run: Run, tag: string, rows: number): void {
    this.#wrote(run)
    if (run.judgement.facts.kind === 'transaction') this.#moved(run.judgement)
    if (run.view === null || this.#explicit) this.#session.recorder.completed(run, true, tag, rows)
    else this.#outcomes.push({ run, tag, rows })
  }

  /** It has written, and may give more rows. */
  suspended(run: Run): void {
    this.#wrote(run)
  }

  /** An error ended the transaction that these were in. */
  failed(sqlstate: string): void {
    for (const { run } of this.#takeOutcomes()) this.#session.recorder.completed(run, false, sqlstate, 0)
  }

  /** ReadyForQuery, but of a transaction of ours. */
  ready(status: SessionInput['transaction']): void {
    this.#keep()
    if (status !== 'idle') return
    this.#explicit = false
    this.#forget()
  }

  /** Asks the server once for all. False: it has to be rolled back. */
  async stand(): Promise<boolean> {
    const each = await Promise.all([...this.#written.values()].map((written) => this.#stands(written)))
    const stand = each.every(Boolean)
    if (!stand) this.failed('40001')
    this.#forget()
    return stand
  }

  async #stands({ judgement, view }: Written): Promise<boolean> {
    const { gate, state } = this.#session
    if (await gate.stands(judgement, view, 'now')) return true
    return !state.viewsMayDiffer && comesOutTheSame(gate, view, judgement, wroteAlike(judgement))
  }

  #wrote({ judgement, view, stoodIn }: Run): void {
    const { footing = null } = judgement
    if (view === null || footing === null || this.#written.has(footing)) return
    // Asked about when it gave back its first row.
    if (stoodIn !== null && footing.routines.size === 0 && WRITES_FIRST.has(judgement.facts.kind)) return
    this.#written.set(footing, { judgement, view })
  }

  #moved(judgement: Judgement): void {
    const left = this.#savepoints.completed(judgement, this.#written.size)
    if (left !== null) for (const footing of [...this.#written.keys()].slice(left)) this.#written.delete(footing)
    if (!isBegin(judgement) && !ENDS.test(judgement.facts.tag)) return
    this.#explicit = isBegin(judgement)
    this.#keep()
  }

  #keep(): void {
    for (const { run, tag, rows } of this.#takeOutcomes()) this.#session.recorder.completed(run, true, tag, rows)
  }

  #takeOutcomes(): readonly Outcome[] {
    const outcomes = this.#outcomes
    if (outcomes.length > 0) this.#outcomes = []
    return outcomes
  }

  #forget(): void {
    if (this.#written.size > 0) this.#written.clear()
    this.#savepoints.clear()
  }
}

/** As it is now. What is prepared or declared by then may be another: it is not judged by that. */
function viewOf(state: SessionState): SessionView {
  const { identity, target, door, application, transaction, role, searchPath } = state
  const { temporaryRelations, temporaries, uncommitted } = state
  return {
    ...{ identity, target, door, application, transaction, role, searchPath },
    ...{ temporaryRelations, temporaries, uncommitted },
    preparedStatement: () => undefined,
    cursor: () => undefined,
  }
}
