import { encodeQuery } from '../wire/messages/query.ts'
import type { SessionContext } from './context.ts'
import { type Slot, type SlotParts, slot } from './exchange.ts'
import type { Run } from './recorder.ts'
import { poisonQuery } from './refusal.ts'

export interface Part {
  readonly text: string
  readonly runs: readonly Run[]
}

export interface PartsRunOptions {
  readonly parts: readonly Part[]
  /** Index of the first part of the transaction that is ours; null: there is none. */
  readonly wrapsFrom: number | null
  /** What the slots of all parts have in common. */
  readonly common: Partial<SlotParts>
}

const BEGIN = encodeQuery('BEGIN')
const COMMIT = encodeQuery('COMMIT')
const ROLLBACK = encodeQuery('ROLLBACK')
const NOT_RUN = 'not run'

/**
 * Runs the parts of one Query, of which the client sees no seam: one ReadyForQuery, behind the last.
 *
 *   [BEGIN ──▶] part ──▶ part ──▶ … ──▶ [COMMIT ──▶] ReadyForQuery
 *                 └──error, or too many rows──▶ [ROLLBACK, or what fails the transaction ──▶] ReadyForQuery
 */
export class PartsRun {
  readonly #session: SessionContext
  readonly #options: PartsRunOptions
  /** Of the part that runs or is to run. */
  #at = 0
  #ours: 'begin' | 'end' | null = null
  #wrapped = false
  /** CommandComplete of the last statement, which is true once our COMMIT is. */
  #end: Buffer | null = null

  constructor(session: SessionContext, options: PartsRunOptions) {
    this.#session = session
    this.#options = options
  }

  start(): void {
    this.#session.exchange.inParts = true
    this.#advance()
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

  /** @returns whether it is shown later */
  keepsEnd(answered: Slot, message: Buffer): boolean {
    const { parts } = this.#options
    if (this.#ours !== null || !this.#wrapped || this.#at < parts.length - 1 || answered.at < answered.runs.length - 1)
      return false
    this.#end = Buffer.from(message)
    return true
  }

  #next(answered: Slot, said: Buffer): void {
    const { toClient } = this.#session
    const failed = answered.failed || answered.runs.some(({ over }) => over !== null && over.what !== 'time')
    if (this.#ours === 'end') {
      if (this.#end !== null && !answered.failed) toClient.add(this.#end)
      toClient.add(said)
      return
    }
    if (this.#ours === null) this.#at++
    this.#wrapped ||= this.#ours === 'begin' && !failed
    this.#ours = null
    if (failed) this.#giveUp(answered, said)
    else if (this.#at < this.#options.parts.length) this.#advance()
    else if (this.#wrapped) this.#finish(COMMIT, false)
    else toClient.add(said)
  }

  /** The next part, or our BEGIN before it. */
  #advance(): void {
    const { parts, wrapsFrom, common } = this.#options
    const { limits, state } = this.#session
    const part = parts[this.#at]
    if (part === undefined) return
    if (this.#at === wrapsFrom && !this.#wrapped && state.transaction === 'idle') {
      this.#ours = 'begin'
      this.#send(BEGIN, slot('query', { ...common, swallow: true, parts: this }))
      return
    }
    for (const run of part.runs) limits.started(run, null)
    this.#send(encodeQuery(part.text), slot('query', { ...common, runs: part.runs, parts: this }))
  }

  /** What has not run does not; and the transaction is as it is behind an error. */
  #giveUp(answered: Slot, said: Buffer): void {
    const { recorder, state, toClient } = this.#session
    for (const { runs } of this.#options.parts.slice(this.#at))
      for (const run of runs) recorder.completed(run, false, NOT_RUN, 0)
    this.#end = null
    if (this.#wrapped) this.#finish(ROLLBACK, false)
    else if (!answered.failed && state.transaction === 'open') this.#finish(poisonQuery, true)
    else toClient.add(said)
  }

  /** @param stopped it fails, and the client has its error already */
  #finish(message: Buffer, stopped: boolean): void {
    this.#ours = 'end'
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
