import type { SessionInput } from '../../policies/input.ts'
import type { Judgement } from '../gate.ts'
import { encodeError, type Report } from '../wire/messages/error-response.ts'
import type { SessionContext } from './context.ts'
import type { Slot } from './exchange.ts'
import { partsOf } from './message-parts.ts'
import type { Portal } from './prepared.ts'
import type { Run } from './recorder.ts'
import { deniedBySession } from './refusal.ts'
import { writesInPortions, writtenMaxOf, wroteTooMuch } from './write-limits.ts'

/** Why a statement was stopped, and what its client gets in place of the server's own words. */
export interface Over {
  readonly what: 'rows' | 'time' | 'written'
  readonly report: Report
}

/**
 * Holds what runs to what the policy allows of it. A limited statement is the last of what is sent: what comes behind
 * waits until it is answered, also in one message with it (message-parts.ts), so that the cancel that stops it can hit nothing else.
 *
 *   running ──time is up──▶ cancelled ──the server's error──▶ ours (57014)
 *      └──a row too many──▶ cancelled ──the server's error, or its end, if that was quicker──▶ ours (54000)
 *
 * Rows given are limited of reads only: what a write gives back was written, and an error would say that it was not. Rows
 * written are counted at the end (write-limits.ts).
 */
export class RunLimits {
  readonly #session: SessionContext
  readonly #cancel: () => Promise<void>
  /** A portal that is executed in parts gives no more in all. */
  readonly #given = new WeakMap<Portal, number>()

  constructor(session: SessionContext, cancel: () => Promise<void>) {
    this.#session = session
    this.#cancel = cancel
  }

  /** It has been sent, or will be with what is sent next. */
  started(run: Run, portal: Portal | null): void {
    const { limits } = run.traits
    if (limits === null) return
    if (limits.rows !== null) run.rowsMax = limits.rows - (portal === null ? 0 : (this.#given.get(portal) ?? 0))
    if (limits.timeoutMs === null) return
    const { timeoutMs } = limits
    run.timer = setTimeout(() => this.#stop(run, { what: 'time', report: tooLong(timeoutMs) }), timeoutMs).unref()
  }

  /** This row, and any behind it, is not sent. */
  tooManyRows(run: Run): void {
    if (run.over === null) this.#stop(run, { what: 'rows', report: tooManyRows(run.traits.limits?.rows ?? 0) })
  }

  suspended(answered: Slot): boolean {
    const run = answered.runs[answered.at]
    const { portal } = answered
    if (writesInPortions(this.#session, answered)) return true
    if (run?.traits.limits != null && portal !== null)
      this.#given.set(portal, (this.#given.get(portal) ?? 0) + run.rows)
    return this.replaces(answered, null)
  }

  /**
   * The server came to the end of it. Says to the client what a rule only warns of.
   * @param tag CommandComplete's; null: it has not ended yet
   * @returns whether the end was replaced by our error, because rows of it are missing, or it wrote too many
   */
  replaces(answered: Slot, tag: string | null): boolean {
    const run = answered.runs[answered.at]
    if (run === undefined || answered.swallow || answered.stopped) return false
    const { exchange, recorder, state, toClient } = this.#session
    if (tag !== null && wroteTooMuch(this.#session, answered, tag)) return true
    if (run.traits.notice !== null) toClient.add(run.traits.notice)
    if (run.over?.what !== 'rows') return false
    toClient.add(encodeError(run.over.report))
    recorder.completed(run, false, run.over.report.sqlstate, 0)
    state.completed(run.judgement)
    answered.at++
    if (answered.kind !== 'execute') return true
    exchange.shift()
    // As behind any error: what the client has sent without waiting is not looked at before its Sync.
    if (!exchange.remaining().some(({ kind }) => kind === 'sync')) exchange.skipping = true
    return true
  }

  /** What the client gets for the server's error, when that is the cancelling of ours. */
  errorOf({ runs, at }: Slot, sqlstate: string): Report | null {
    const over = runs[at]?.over ?? null
    return over !== null && sqlstate === CANCELLED ? over.report : null
  }

  #stop(run: Run, over: Over): void {
    if (this.#session.signal.aborted || run.over !== null) return
    run.over = over
    const stopping = this.#cancel().finally(() => {
      if (this.#session.stopping === stopping) this.#session.stopping = null
    })
    this.#session.stopping = stopping
  }
}

const CANCELLED = '57014'

function tooLong(timeoutMs: number): Report {
  return {
    severity: 'ERROR',
    sqlstate: CANCELLED,
    message: `Holdpoint cancelled the statement: it ran longer than the ${timeoutMs} ms that the policy allows you`,
    hint: 'Nothing of it was kept',
  }
}

function tooManyRows(rows: number): Report {
  return {
    severity: 'ERROR',
    sqlstate: '54000',
    message: `Holdpoint stopped the statement: it gives more than the ${rows} rows that the policy allows you`,
    hint: 'The rows so far are not all of them; narrow it with WHERE or LIMIT',
  }
}

/** In a message that cannot go in parts, what is stopped could not take back what has run beside it. */
export function limitedApart(
  judgements: readonly Judgement[],
  transaction: SessionInput['transaction'],
): readonly Judgement[] {
  if (partsOf(judgements, transaction) !== 'inseparable') return judgements
  return judgements.map((judgement) =>
    (rowLimitOf(judgement) === null && writtenMaxOf(judgement) === null) || judgement.decision.outcome === 'deny'
      ? judgement
      : deniedBySession(
          judgement,
          'session.limited_apart',
          'What has a limit of rows does not come before the BEGIN or COMMIT of its message',
          'The policy limits the rows of this statement: begin the message with BEGIN, or send it in one of its own.',
        ),
  )
}

const READING: ReadonlySet<string> = new Set(['read', 'transaction', 'session'])

/** How many rows it may give; null: as many as it has. */
export function rowLimitOf({ decision, facts }: Judgement): number | null {
  return facts.effects.every((effect) => READING.has(effect)) ? (decision.limits?.rows ?? null) : null
}
