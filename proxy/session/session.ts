import { randomBytes } from 'node:crypto'
import type { Socket } from 'node:net'
import { performance } from 'node:perf_hooks'
import type { TargetConfig } from '../../config.ts'
import { HoldpointError } from '../../errors.ts'
import type { Identity } from '../../policies/input.ts'
import { ProtocolError } from '../wire/errors.ts'
import type { Framer } from '../wire/framer.ts'
import { encodeError } from '../wire/messages/error-response.ts'
import { Approvals } from './approvals.ts'
import { Binding } from './binding.ts'
import type { SessionContext } from './context.ts'
import type { SessionDependencies } from './dependencies.ts'
import { SessionError } from './errors.ts'
import { Exchange } from './exchange.ts'
import { Executing } from './executing.ts'
import { Outbox, writeAll } from './outbox.ts'
import { Preparing } from './preparing.ts'
import { Recorder } from './recorder.ts'
import { Refusals } from './refusals.ts'
import { Replies } from './replies.ts'
import { Requests } from './requests.ts'
import { SessionState } from './session-state.ts'
import { SimpleQuery } from './simple-query.ts'
import { cancelUpstream } from './upstream/cancel.ts'
import type { Upstream } from './upstream/connect.ts'
import type { StartupSettings } from './upstream/settings.ts'
import { UpstreamSender } from './upstream-sender.ts'

export interface SessionParts {
  readonly client: Socket
  /** Goes on where startup stopped reading. */
  readonly fromClient: Framer
  readonly upstream: Upstream
  readonly identity: Identity
  readonly target: TargetConfig
  readonly settings: StartupSettings
  readonly ended: (session: Session) => void
}

/** What may wait behind a message that stands still; then the client is not read, or, while held, is let go. */
const READ_AHEAD_BYTES_MAX = 1024 * 1024
const HELD_BYTES_MAX = 4 * 1024 * 1024

/**
 * One client, one connection to the server, and what is between them, from ReadyForQuery to the end.
 *
 *   open ──either side goes, an error, the identity's time──▶ ended
 */
export class Session {
  readonly id = `session_${randomBytes(12).toString('base64url')}`
  readonly #parts: SessionParts
  readonly #dependencies: SessionDependencies
  readonly #end = new AbortController()
  readonly #context: SessionContext
  readonly #approvals: Approvals
  readonly #requests: Requests
  readonly #replies: Replies
  #terminated = false
  #cancelling = false

  constructor(parts: SessionParts, dependencies: SessionDependencies) {
    this.#parts = parts
    this.#dependencies = dependencies
    this.#context = this.#makeContext()
    const { config, holds, statusUrl, log } = dependencies
    const { onHold, reason } = parts.settings
    this.#approvals = new Approvals(this.#context, {
      holds,
      statusUrl,
      onHold,
      reason,
      preview: (judgement, bound) => dependencies.preview(judgement, bound, parts.target),
      inTransactionMs: config.holds.inTransactionMs,
      unavailable: (err) => log.error({ err, session: this.id }, 'an approval could not be asked for'),
    })
    this.#requests = this.#makeRequests()
    this.#replies = new Replies(this.#context)
  }

  start(): void {
    const { client, upstream } = this.#parts
    client.on('data', (chunk: Buffer) => this.#fromClient(chunk))
    client.on('drain', () => upstream.socket.resume())
    client.on('error', () => undefined) // 'close' follows
    client.on('close', () => this.end('client gone'))
    upstream.socket.on('data', (chunk: Buffer) => this.#fromUpstream(chunk))
    upstream.socket.on('drain', () => this.#readClient())
    upstream.socket.on('error', () => undefined)
    upstream.socket.on('close', () => this.#upstreamClosed())
    this.#pump()
    upstream.socket.resume()
    client.resume()
  }

  /** CancelRequest with this session's key. */
  cancel(): void {
    if (this.#end.signal.aborted) return
    if (this.#approvals.busy) this.#approvals.cancel()
    else if (this.#context.exchange.first?.swallow === false) this.#cancelRunning()
  }

  /** Ends both connections. What still runs is cancelled, and what is open rolled back by the server. */
  end(reason: string, error?: HoldpointError): void {
    if (this.#end.signal.aborted) return
    const { client, upstream } = this.#parts
    this.#end.abort()
    const running = this.#context.exchange.first !== undefined
    if (error !== undefined) this.#sayFatal(error)
    closeSoon(client)
    if (running && !this.#terminated) this.#cancelRunning()
    closeSoon(upstream.socket)
    this.#context.exchange.release()
    this.#recordEnd(reason)
    this.#parts.ended(this)
  }

  #makeContext(): SessionContext {
    const { upstream, identity, target, settings, client, fromClient } = this.#parts
    const { trail, holds, gate, createRowMasker, catalogOf, log } = this.#dependencies
    const catalog = catalogOf(target)
    const toClient = new Outbox()
    const { signal } = this.#end
    return {
      id: this.id,
      gate,
      signal,
      fromClient,
      fromUpstream: upstream.framer,
      toClient,
      turn: 0,
      exchange: new Exchange(),
      flushClient: () => this.#flushClient(),
      guard: { createRowMasker, columnLabels: (oid, attribute) => catalog.labelsOf(oid, attribute) },
      state: new SessionState({
        identity,
        target: { name: target.name, environment: target.environment, database: target.database },
        application: upstream.settings.get('application_name') ?? settings.application,
        role: target.user,
        searchPath: upstream.settings.get('search_path') ?? null,
        catalog,
      }),
      recorder: new Recorder({
        session: this.id,
        trail,
        holds,
        clock: () => performance.now(),
        lost: (err) => log.error({ err, session: this.id }, 'the outcome of an approved statement could not be kept'),
      }),
      upstream: new UpstreamSender({
        socket: upstream.socket,
        trail,
        signal,
        choked: () => client.pause(),
        failed: (error) => this.#fail(error),
      }),
    }
  }

  #makeRequests(): Requests {
    const session = this.#context
    const approvals = this.#approvals
    const refusals = new Refusals(session)
    const preparing = new Preparing(session, refusals)
    return new Requests(session, {
      refusals,
      preparing,
      simple: new SimpleQuery(session, approvals, refusals),
      binding: new Binding(session, { approvals, refusals, preparing }),
      executing: new Executing(session, refusals),
      terminated: () => {
        this.#terminated = true
      },
    })
  }

  #fromClient(chunk: Buffer): void {
    const { fromClient } = this.#context
    fromClient.push(chunk)
    if (!this.#requests.running) this.#pump()
    else if (this.#approvals.busy && fromClient.waitingBytes > HELD_BYTES_MAX) {
      this.#fail(new SessionError('held_input_too_large', 'Too much was sent behind a statement that is held'))
    } else if (!this.#approvals.busy && fromClient.waitingBytes > READ_AHEAD_BYTES_MAX) {
      this.#parts.client.pause()
    }
  }

  #pump(): void {
    this.#requests.pump().then(
      () => this.#readClient(),
      (error: unknown) => this.#fail(error),
    )
  }

  /** Unless the server does not keep up. */
  #readClient(): void {
    if (this.#end.signal.aborted || this.#parts.upstream.socket.writableNeedDrain) return
    if (this.#parts.client.isPaused()) this.#parts.client.resume()
  }

  #fromUpstream(chunk: Buffer): void {
    if (this.#end.signal.aborted) return
    this.#context.fromUpstream.push(chunk)
    try {
      this.#replies.pump()
    } catch (error) {
      this.#fail(error)
      return
    }
    this.#flushClient()
  }

  #flushClient(): void {
    const { client, upstream } = this.#parts
    const parts = this.#context.toClient.take()
    if (parts.length > 0 && !writeAll(client, parts)) upstream.socket.pause()
  }

  #upstreamClosed(): void {
    if (this.#terminated) this.end('client said goodbye')
    else this.end('server gone', new SessionError('upstream_lost', 'The connection to the database is lost'))
  }

  #cancelRunning(): void {
    if (this.#cancelling) return
    this.#cancelling = true
    const { target, upstream } = this.#parts
    cancelUpstream(target, upstream.key)
      .catch((err: unknown) => this.#dependencies.log.warn({ err, session: this.id }, 'cancelling failed'))
      .finally(() => {
        this.#cancelling = false
      })
  }

  #fail(error: unknown): void {
    const known = error instanceof HoldpointError
    if (!(error instanceof ProtocolError)) {
      this.#dependencies.log.warn({ err: error, session: this.id }, 'a session ended with an error')
    }
    this.end(known ? error.code : 'internal', known ? error : new SessionError('internal', 'Holdpoint made a mistake'))
  }

  /** What was already on its way to the client goes first; in the middle of a message nothing can be said. */
  #sayFatal(error: HoldpointError): void {
    const { fromUpstream } = this.#context
    this.#flushClient()
    if (!fromUpstream.atBoundary) return
    this.#parts.client.write(fatal(error))
  }

  #recordEnd(reason: string): void {
    const { trail, log } = this.#dependencies
    try {
      trail.append('session.closed', { session: this.id, reason, statements: this.#context.recorder.statements })
    } catch (err) {
      log.error({ err, session: this.id }, 'the end of a session could not be recorded')
    }
  }
}

const CLOSING_MS = 5_000

/** What is written goes out first, but nobody is waited for who does not take it. */
function closeSoon(socket: Socket): void {
  socket.destroySoon()
  setTimeout(() => socket.destroy(), CLOSING_MS).unref()
}

/** What ends a connection, as the client is told. */
export function fatal(error: HoldpointError): Buffer {
  const coded = error instanceof SessionError || error instanceof ProtocolError
  return encodeError({
    severity: 'FATAL',
    sqlstate: coded ? error.sqlstate : 'XX000',
    message: error.message,
    hint: error.hint,
  })
}
