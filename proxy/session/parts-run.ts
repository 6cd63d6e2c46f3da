import { sync } from '../wire/messages/bare.ts'
import { decodeReport, encodeError } from '../wire/messages/error-response.ts'
import { encodeQuery } from '../wire/messages/query.ts'
import { ROLLED_BACK } from './comes-out.ts'
import type { SessionContext } from './context.ts'
import { type Slot, type SlotParts, slot } from './exchange.ts'
import { mayKeep } from './kept-writes.ts'
import { transactionStep } from './message-parts.ts'
import { beginOurs, COMMIT, ROLLBACK } from './own-transaction.ts'
import type { Run } from './recorder.ts'
import { poisonQuery } from './refusal.ts'
import { definitionsChanged } from './standing-before.ts'

export interface Part {
  /** null: the message as it came. */
  readonly text: string | null
  readonly runs: readonly Run[]
  /** The first of a transaction that is ours. */
  readonly isWrapped: boolean
}

export interface PartsRunOptions {
  readonly parts: readonly Part[]
  /** What the slots of all parts have in common. */
  readonly common: Partial<SlotParts>
}

const NOT_RUN = 'not run'
const ALREADY_BEGUN = '25001'

/**
 * Runs the parts of one Query, of which the client sees no seam: one ReadyForQuery, behind the last.
 *
 *   [BEGIN +] part ──▶ part ──▶ … ──by what was judged──▶ [COMMIT ──▶] ReadyForQuery
 *                 │                      └──by other definitions──▶ 40001, ROLLBACK ──▶ ReadyForQuery
 *                 └──error, or too many rows──▶ [ROLLBACK, or what fails the transaction ──▶] ReadyForQuery
 */
export class PartsRun {
  readonly #session: SessionContext
  readonly #options: PartsRunOptions
  /** Of the part that runs or is to run. */
  #at = 0
  #ending = false
  #wrapped = false
  /** What it has written is not to be kept. */
  #lost = false
  /** CommandComplete of the last statement, which is true once our COMMIT is. */
  #end: Buffer | null = null
  /** The client's BEGIN goes on with what ours began. */
  #begunTwice = false

  constructor(session: SessionContext, options: PartsRunOptions) {
    this.#session = session
    this.#options = options
  }

  /** The transaction that is open is, until our COMMIT or ROLLBACK. */
  get isOurs(): boolean {
    return this.#wrapped && !this.#ending
  }

  start(): void {
    this.#session.exchange.inParts = true
    this.#advance()
  }

  /** @returns what is waited for before the server is heard that it is ready: what comes next may commit */
  beforeReady(answered: Slot): Promise<void> | null {
    const { unconfirmed } = this.#session
    const next = this.#options.parts[this.#at + 1]
    const keeps = next === undefined ? this.#wrapped : next.runs.some(({ judgement }) => mayKeep(judgement))
    if (this.#ending || !keeps || unconfirmed.isEmpty || hasFailed(answered)) return null
    return unconfirmed.stand().then((stand) => {
      this.#lost = !stand
    })
  }

  /** The server is ready behind one of our slots. */
  ready(answered: Slot, message: Buffer): void {
    const { exchange, flushClient, stopping, upstream } = this.#session
    const said = Buffer.from(message)
    if (stopping === null) {
      this.#next(answered, said)
      exchange.shift()
      return
    }
    // A cancel is on its way, which is to hit nothing else. Until then it is as if the server had not answered.
    void stopping.then(() => {
      if (this.#session.signal.aborted) return
      this.#next(answered, said)
      exchange.shift()
      upstream.send()
      flushClient()
    })
  }

  /** Our BEGIN has failed, and the server skips what was sent with it. */
  neverBegan(): void {
    const { exchange, upstream } = this.#session
    this.#recordUnused(this.#at + 1)
    exchange.skipping = false
    exchange.push(slot('sync'))
    upstream.add(sync)
    upstream.send()
  }

  /** @returns whether it is shown later */
  keepsEnd(answered: Slot, message: Buffer): boolean {
    const { parts } = this.#options
    const isLast = this.#at === parts.length - 1 && answered.at === answered.runs.length - 1
    if (this.#ending || !this.#wrapped || !isLast) return false
    this.#end = Buffer.from(message)
    return true
  }

  /** A notice that the client would not get if nothing of it were ours. */
  isAboutOurs(notice: Buffer): boolean {
    return this.#begunTwice && decodeReport(notice).get('C') === ALREADY_BEGUN
  }

  #next(answered: Slot, said: Buffer): void {
    const { toClient } = this.#session
    if (this.#ending) {
      if (this.#end !== null && !answered.failed) toClient.add(this.#end)
      toClient.add(said)
      return
    }
    this.#at++
    if (hasFailed(answered)) this.#giveUp(answered, said)
    else if (this.#lost) this.#takeBack()
    else if (this.#at < this.#options.parts.length) this.#advance()
    else if (this.#wrapped) this.#finish(COMMIT, false)
    else toClient.add(said)
  }

  /** The next part, and our BEGIN before it. */
  #advance(): void {
    const { parts, common } = this.#options
    const { fromClient, limits, state, upstream } = this.#session
    const part = parts[this.#at]
    if (part === undefined) return
    if (part.isWrapped && !this.#wrapped && state.transaction === 'idle') {
      beginOurs(this.#session)
      this.#wrapped = true
    } else this.#handOver(part)
    for (const run of part.runs) limits.started(run, null)
    const next = slot('query', { ...common, runs: part.runs, parts: this })
    if (part.text !== null) this.#send(encodeQuery(part.text), next)
    else {
      this.#session.exchange.push(next)
      upstream.keep(fromClient)
      upstream.send()
    }
  }

  /** The client's own BEGIN or COMMIT: what ours began is theirs, or over. */
  #handOver({ runs: [first] }: Part): void {
    if (!this.#wrapped || first === undefined) return
    const does = transactionStep(first.judgement)
    this.#begunTwice = does === 'begins'
    if (does === 'begins' || does === 'ends') this.#wrapped = false
  }

  /** What has not run does not; and the transaction is as it is behind an error. */
  #giveUp(answered: Slot, said: Buffer): void {
    const { state, toClient, unconfirmed } = this.#session
    this.#recordUnused(this.#at)
    this.#end = null
    if (this.#wrapped) {
      unconfirmed.failed(ROLLED_BACK)
      this.#finish(ROLLBACK, false)
    } else if (!answered.failed && state.transaction === 'open') this.#finish(poisonQuery, true)
    else toClient.add(said)
  }

  /** As when the server itself cannot commit: the transaction is over, whoever has begun it. */
  #takeBack(): void {
    this.#recordUnused(this.#at)
    this.#end = null
    this.#session.toClient.add(encodeError(definitionsChanged))
    this.#finish(ROLLBACK, false)
  }

  #recordUnused(from: number): void {
    for (const { runs } of this.#options.parts.slice(from))
      for (const run of runs) this.#session.recorder.completed(run, false, NOT_RUN, 0)
  }

  /** @param stopped it fails, and the client has its error already */
  #finish(message: Buffer, stopped: boolean): void {
    this.#ending = true
    const ours = slot('query', { scrub: this.#options.common.scrub ?? null, swallow: true, parts: this })
    ours.stopped = stopped
    this.#send(message, ours)
  }

  #send(message: Buffer, next: Slot): void {
    const { exchange, upstream } = this.#session
    exchange.push(next)
    upstream.add(message)
    upstream.send()
  }
}

function hasFailed(answered: Slot): boolean {
  return answered.failed || answered.runs.some(({ over }) => over !== null && over.what !== 'time')
}
