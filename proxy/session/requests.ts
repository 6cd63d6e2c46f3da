import { ProtocolError } from '../wire/errors.ts'
import { REST } from '../wire/framer.ts'
import { frontend } from '../wire/message-types.ts'
import { checkBare } from '../wire/messages/bare.ts'
import { askBehind } from './ask-behind.ts'
import { endBatch, settle } from './batch.ts'
import type { Binding } from './binding.ts'
import { confirmed } from './confirming.ts'
import type { SessionContext } from './context.ts'
import { isDoubtful } from './doubts.ts'
import { slot } from './exchange.ts'
import type { Executing } from './executing.ts'
import { extended, reaching } from './message-kinds.ts'
import type { Preparing } from './preparing.ts'
import { refusedBecause } from './refusal.ts'
import type { Refusals } from './refusals.ts'
import type { SimpleQuery } from './simple-query.ts'
import { Slice } from './slice.ts'
import { definitionsChanged } from './standing-before.ts'
import { withinBatch } from './write-limits.ts'

export interface RequestHandlers {
  readonly simple: SimpleQuery
  readonly preparing: Preparing
  readonly binding: Binding
  readonly executing: Executing
  readonly refusals: Refusals
  /** The client said goodbye. */
  readonly terminated: () => void
}

/** Client to server: a message is looked at, judged where a statement runs, and forwarded as it came, in slices. */
export class Requests {
  readonly #session: SessionContext
  readonly #handlers: RequestHandlers
  #running = false

  constructor(session: SessionContext, handlers: RequestHandlers) {
    this.#session = session
    this.#handlers = handlers
  }

  /** Stands still at a message that waits for something; what arrives meanwhile waits behind it. */
  get running(): boolean {
    return this.#running
  }

  /**
   * @returns what has to be waited for until all that has arrived is taken; null: it is
   * @throws SessionError, ProtocolError or TrailError when the session has to end
   */
  pump(): Promise<void> | null {
    if (this.#running) return null
    this.#running = true
    this.#session.turn++
    const slice = new Slice()
    const waiting = this.#takeAll(slice)
    return waiting && this.#goOn(waiting, slice)
  }

  #takeAll(slice: Slice): Promise<void> | null {
    const { fromClient, upstream, signal } = this.#session
    while (!signal.aborted && fromClient.next()) {
      const waiting = this.#receive() ?? (slice.isOver ? slice.next() : undefined)
      if (waiting === undefined) continue
      upstream.send()
      return waiting
    }
    this.#streamTail()
    upstream.send()
    this.#running = false
    return null
  }

  async #goOn(first: Promise<void>, slice: Slice): Promise<void> {
    for (let waiting: Promise<void> | null = first; waiting !== null; waiting = this.#takeAll(slice)) {
      await waiting
      this.#session.turn++
    }
  }

  #receive(): Promise<void> | undefined {
    const { exchange, fromClient, upstream, signal } = this.#session
    const { type } = fromClient
    if (signal.aborted) return undefined
    if (type === REST) upstream.keep(fromClient)
    else if (type === frontend.terminate && !this.#betweenParts) this.#terminate()
    else if (exchange.copyIn) this.#duringCopy(type)
    else if (exchange.skipping && type !== frontend.sync) return undefined
    else if (this.#session.stopping !== null && type !== frontend.sync && type !== frontend.flush)
      return this.#session.stopping.then(() => this.#receive())
    else if (this.#mustSettle(type)) return settle(this.#session, 'keep').then(() => this.#receive())
    else return this.#handle(type)
    return undefined
  }

  #mustSettle(type: number): boolean {
    const { exchange, state } = this.#session
    if (this.#betweenParts || (exchange.mayHaveToFail && !withinBatch.has(type))) return true
    if (exchange.barrier && exchange.empty) {
      exchange.barrier = false
      exchange.copyExpected = false
    }
    if (type === frontend.sync || type === frontend.flush) return exchange.copyExpected
    if (exchange.barrier) return true
    if (!reaching.has(type)) return false
    const uncertain = state.statements.hasUncertainNames || state.portals.hasUncertainNames
    return (uncertain && !exchange.quiet) || (isDoubtful(state.doubts) && state.transaction !== 'failed')
  }

  /** Of one Query: whatever comes, also Sync and goodbye, waits until all of them are answered. */
  get #betweenParts(): boolean {
    const { exchange } = this.#session
    if (exchange.empty) exchange.inParts = false
    return exchange.inParts && !exchange.copyIn
  }

  #handle(type: number): Promise<void> | undefined {
    const { refusals } = this.#handlers
    try {
      return this.#dispatch(type)
    } catch (error) {
      if (!(error instanceof ProtocolError) || !error.survivable) throw error
      const report = refusedBecause(error.sqlstate, error.message)
      if (type === frontend.query || type === frontend.functionCall) refusals.simple(report)
      else if (extended.has(type)) refusals.extended(report, type)
      else throw error
      return undefined
    }
  }

  #dispatch(type: number): Promise<void> | undefined {
    const { simple, preparing, binding, executing } = this.#handlers
    switch (type) {
      case frontend.query:
        return simple.query()
      case frontend.functionCall:
        return simple.functionCall()
      case frontend.parse:
        return preparing.parse()
      case frontend.bind:
        return binding.bind()
      case frontend.describe:
        return preparing.describe()
      case frontend.execute:
        return executing.execute()
      case frontend.close:
        return preparing.close()
      case frontend.sync:
        return this.#sync()
      case frontend.flush:
        checkBare(this.#session.fromClient)
        this.#session.upstream.keep(this.#session.fromClient)
        return undefined
      case frontend.copyData:
      case frontend.copyDone:
      case frontend.copyFail:
        return undefined // left over from a COPY that failed; PostgreSQL ignores it too
      default:
        throw new ProtocolError('type_unknown', `invalid frontend message type ${type}`)
    }
  }

  /** It commits what has run in the batch, where the client has begun no transaction. */
  #sync(): Promise<void> | undefined {
    const { fromClient, unconfirmed } = this.#session
    checkBare(fromClient)
    if (!unconfirmed.isDue(unconfirmed.endsWithBatch)) return this.#endBatch()
    const lost = () => this.#handlers.refusals.extended(definitionsChanged, frontend.sync)
    return confirmed(this.#session, lost).then(() => this.#endBatch())
  }

  #endBatch(): undefined {
    const { exchange, fromClient, upstream } = this.#session
    exchange.push(slot('sync'))
    exchange.skipping = false
    endBatch(this.#session)
    upstream.keep(fromClient)
    if (exchange.barrier) askBehind(this.#session)
  }

  #terminate(): void {
    this.#session.upstream.keep(this.#session.fromClient)
    this.#handlers.terminated()
  }

  /** The server reads COPY data now and nothing else; Flush and Sync it ignores. */
  #duringCopy(type: number): void {
    const { exchange, fromClient, upstream } = this.#session
    if (type === frontend.flush || type === frontend.sync) return
    if (type !== frontend.copyData && type !== frontend.copyDone && type !== frontend.copyFail) {
      const code = type.toString(16).toUpperCase().padStart(2, '0')
      throw new ProtocolError('out_of_order', `unexpected message type 0x${code} during COPY from stdin`)
    }
    upstream.keep(fromClient)
    if (type === frontend.copyData) return
    exchange.copyIn = false
    exchange.barrier = true
  }

  /** Nobody looks into COPY data, so it need not be whole before its beginning goes on. */
  #streamTail(): void {
    const { exchange, fromClient, upstream } = this.#session
    if (!exchange.copyIn || !fromClient.atBoundary || fromClient.begun !== frontend.copyData) return
    fromClient.stream()
    upstream.keep(fromClient)
  }
}
