import { REST } from '../wire/framer.ts'
import { backend } from '../wire/message-types.ts'
import { decodeCommandComplete, rowsOfTag } from '../wire/messages/command-complete.ts'
import { decodeReadyForQuery } from '../wire/messages/ready-for-query.ts'
import type { SessionContext } from './context.ts'
import { violation } from './errors.ts'
import type { Slot, SlotKind } from './exchange.ts'
import type { Run } from './recorder.ts'
import { ReplyAsides } from './reply-asides.ts'
import { ReplyErrors } from './reply-errors.ts'
import type { ReplyRows } from './reply-rows.ts'

/**
 * Server to client. Every reply is matched with the slot it answers; one that answers nothing means that the two ends
 * no longer agree, and both connections end. What nobody needs to read goes on as it came, in runs.
 */
export class Replies {
  readonly #session: SessionContext
  readonly #errors: ReplyErrors
  readonly #asides: ReplyAsides
  readonly #rows: ReplyRows

  constructor(session: SessionContext, rows: ReplyRows) {
    this.#session = session
    this.#errors = new ReplyErrors(session)
    this.#asides = new ReplyAsides(session)
    this.#rows = rows
  }

  /** The message the framer stands at. @throws SessionError or ProtocolError when the session has to end */
  take(): void {
    const { type } = this.#session.fromUpstream
    if (type === backend.dataRow) {
      this.#row()
      return
    }
    this.#rows.flush()
    this.#receive(type)
  }

  #receive(type: number): void {
    switch (type) {
      case REST:
        this.#session.toClient.keep(this.#session.fromUpstream)
        break
      case backend.commandComplete:
        this.#completed(decodeCommandComplete(this.#session.fromUpstream))
        break
      case backend.emptyQueryResponse:
        this.#completed(null)
        break
      case backend.portalSuspended:
        this.#suspended()
        break
      case backend.readyForQuery:
        this.#ready()
        break
      case backend.rowDescription:
        this.#described()
        break
      case backend.parameterDescription:
        this.#pass(this.#expect('describe'))
        break
      case backend.noData:
        this.#noData()
        break
      case backend.parseComplete:
        this.#done('parse')
        break
      case backend.bindComplete:
        this.#done('bind')
        break
      case backend.closeComplete:
        this.#done('close')
        break
      case backend.errorResponse:
        this.#errors.receive(this.#bytes)
        break
      case backend.noticeResponse:
        this.#asides.notice()
        break
      case backend.parameterStatus:
        this.#asides.setting()
        break
      case backend.notificationResponse:
        this.#asides.notification()
        break
      case backend.copyInResponse:
      case backend.copyOutResponse:
        this.#rows.copyBegins(type, this.#run(this.#expect('query', 'execute')))
        this.#pass(this.#expect('query', 'execute'))
        break
      case backend.copyData:
      case backend.copyDone:
        this.#rows.copied(this.#expect('query', 'execute'), type)
        break
      default:
        throw violation('sent a message that has no place here')
    }
  }

  get #bytes(): Buffer {
    return this.#session.fromUpstream.bytes
  }

  #expect(kind: SlotKind, orKind: SlotKind = kind): Slot {
    const first = this.#session.exchange.first
    if (first === undefined || first.failed || (first.kind !== kind && first.kind !== orKind)) {
      throw violation('answered out of order')
    }
    return first
  }

  #pass(answered: Slot): void {
    if (!answered.swallow && !answered.stopped) this.#session.toClient.keep(this.#session.fromUpstream)
  }

  #run(answered: Slot): Run {
    const run = answered.runs[answered.at]
    // More results than statements that were judged: the server has read the text in another way.
    if (run === undefined) throw violation('answered more than was asked')
    return run
  }

  #row(): void {
    const answered = this.#session.exchange.first
    if (answered === undefined || answered.failed || (answered.kind !== 'query' && answered.kind !== 'execute')) {
      throw violation('sent rows out of order')
    }
    if (answered.stopped) return
    if (answered.capture === null) this.#rows.row(answered, this.#run(answered))
    else answered.capture(this.#bytes)
  }

  /** @param tag null for EmptyQueryResponse */
  #completed(tag: string | null): void {
    const { exchange, unconfirmed, state } = this.#session
    const answered = this.#expect('query', 'execute')
    if (tag !== null && this.#session.limits.replaces(answered, tag)) return
    if (answered.parts?.keepsEnd(answered, this.#bytes) !== true) this.#pass(answered)
    if (answered.stopped) {
      answered.at++
    } else if (tag !== null && !answered.swallow) {
      const run = this.#run(answered)
      unconfirmed.completed(run, tag, rowsOfTag(tag))
      state.completed(run.judgement)
      answered.at++
    } else if (tag === null && answered.runs.length > 0) {
      throw violation('found nothing to run where something was judged')
    }
    if (answered.kind === 'execute') exchange.shift()
  }

  #suspended(): void {
    const answered = this.#expect('execute')
    const run = this.#run(answered)
    if (this.#session.limits.suspended(answered)) return
    if (!answered.stopped) {
      this.#session.recorder.suspended(run)
      this.#session.unconfirmed.suspended(run)
    }
    this.#pass(answered)
    this.#session.exchange.shift()
  }

  #ready(): void {
    const { exchange, state, unconfirmed } = this.#session
    const first = exchange.first
    if (first === undefined || !(first.kind === 'query' || first.kind === 'call' || first.kind === 'sync')) {
      throw violation('is ready although it was not asked to be')
    }
    if (!first.failed && (first.at < first.runs.length || first.refusal !== null)) {
      throw violation('did not answer everything that was asked')
    }
    // Also behind what was stopped: the client waits for it.
    if (!first.swallow && first.parts === null) this.#session.toClient.keep(this.#session.fromUpstream)
    for (const change of first.changes) change.confirm()
    state.ready(decodeReadyForQuery(this.#session.fromUpstream))
    if (first.parts?.isOurs !== true) unconfirmed.ready(state.transaction)
    if (first.parts === null) exchange.shift()
    else first.parts.ready(first, this.#bytes)
  }

  #described(): void {
    const answered = this.#expect('describe', 'query')
    if (answered.kind === 'query') {
      if (!answered.stopped) this.#rows.describedInQuery(this.#run(answered))
    } else {
      if (answered.portal !== null) this.#rows.describedPortal(answered.portal)
      this.#session.exchange.shift()
    }
    this.#pass(answered)
  }

  #noData(): void {
    const answered = this.#expect('describe')
    if (answered.portal !== null) this.#rows.noRows(answered.portal)
    this.#pass(answered)
    this.#session.exchange.shift()
  }

  #done(kind: 'parse' | 'bind' | 'close'): void {
    const answered = this.#expect(kind)
    if (answered.refusal !== null) throw violation('accepted what it cannot have understood')
    for (const change of answered.changes) change.confirm()
    this.#pass(answered)
    this.#session.exchange.shift()
  }
}
