import { randomBytes } from 'node:crypto'
import { HoldpointError } from '../../errors.ts'
import { ProtocolError } from '../wire/errors.ts'
import { countRead } from '../wire/read-buffers.ts'
import { type Assembled, assemble, type SessionParts } from './assemble.ts'
import { closeSoon, fatal } from './closing.ts'
import type { SessionDependencies } from './dependencies.ts'
import { SessionError } from './errors.ts'
import { whenExpired } from './expiry.ts'
import { cancelUpstream } from './upstream/cancel.ts'
import { UpstreamReceiver } from './upstream-receiver.ts'

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
  readonly #ended: (session: Session) => void
  readonly #inner: Assembled
  readonly #receiver: UpstreamReceiver
  #terminated = false
  #cancelling: Promise<void> | null = null

  constructor(parts: SessionParts, dependencies: SessionDependencies, ended: (session: Session) => void) {
    this.#parts = parts
    this.#dependencies = dependencies
    this.#ended = ended
    this.#inner = assemble(parts, dependencies, {
      id: this.id,
      signal: this.#end.signal,
      flushClient: () => this.#receiver.flushClient(),
      readClient: () => this.#readClient(),
      failed: (error) => this.#fail(error),
      cancelRunning: () => this.#cancelRunning(),
      terminated: () => {
        this.#terminated = true
      },
    })
    const { context, replies } = this.#inner
    this.#receiver = new UpstreamReceiver({ ...parts, context, replies, failed: (error) => this.#fail(error) })
  }

  start(): void {
    const { client, upstream } = this.#parts
    client.on('data', (chunk: Buffer) => this.#fromClient(chunk))
    client.on('drain', () => this.#receiver.readOn())
    client.on('error', () => undefined) // 'close' follows
    client.on('close', () => this.end('client gone'))
    this.#receiver.start()
    upstream.socket.on('drain', () => this.#readClient())
    upstream.socket.on('error', () => undefined)
    upstream.socket.on('close', () => this.#upstreamClosed())
    whenExpired({
      at: this.#parts.identity.expiresAt,
      now: this.#dependencies.now,
      signal: this.#end.signal,
      expired: () => {
        const hint = 'Get a new one and connect again'
        this.#fail(new SessionError('credential_expired', 'The credential this session rests on has expired', { hint }))
      },
    })
    this.#pump()
    upstream.socket.resume()
    client.resume()
  }

  /** CancelRequest with this session's key. */
  cancel(): void {
    if (this.#end.signal.aborted) return
    if (this.#inner.approvals.busy) this.#inner.approvals.cancel()
    else if (this.#inner.context.exchange.first?.swallow === false) void this.#cancelRunning()
  }

  /** Ends both connections. What still runs is cancelled, and what is open rolled back by the server. */
  end(reason: string, error?: HoldpointError): void {
    if (this.#end.signal.aborted) return
    const { client, upstream } = this.#parts
    this.#end.abort()
    const running = this.#inner.context.exchange.first !== undefined
    if (error !== undefined) this.#sayFatal(error)
    closeSoon(client)
    if (running && !this.#terminated) void this.#cancelRunning()
    closeSoon(upstream.socket)
    this.#inner.context.exchange.release()
    this.#recordEnd(reason)
    this.#ended(this)
  }

  #fromClient(chunk: Buffer): void {
    const { fromClient } = this.#inner.context
    if (!fromClient.collects) countRead(chunk.length)
    fromClient.push(chunk)
    if (!this.#inner.requests.running) this.#pump()
    else if (this.#inner.approvals.busy && fromClient.waitingBytes > HELD_BYTES_MAX) {
      this.#fail(new SessionError('held_input_too_large', 'Too much was sent behind a statement that is held'))
    } else if (!this.#inner.approvals.busy && fromClient.waitingBytes > READ_AHEAD_BYTES_MAX) {
      this.#parts.client.pause()
    }
  }

  #pump(): void {
    try {
      const waiting = this.#inner.requests.pump()
      if (waiting === null) this.#readClient()
      else
        waiting.then(
          () => this.#readClient(),
          (error: unknown) => this.#fail(error),
        )
    } catch (error) {
      this.#fail(error)
    }
  }

  /** Unless the server does not keep up. */
  #readClient(): void {
    if (this.#end.signal.aborted || this.#parts.upstream.socket.writableNeedDrain) return
    if (this.#parts.client.isPaused()) this.#parts.client.resume()
  }

  #upstreamClosed(): void {
    if (this.#terminated) this.end('client said goodbye')
    else this.end('server gone', new SessionError('upstream_lost', 'The connection to the database is lost'))
  }

  #cancelRunning(): Promise<void> {
    const { target, upstream } = this.#parts
    this.#cancelling ??= cancelUpstream(target, upstream.key)
      .catch((err: unknown) => this.#dependencies.log.warn({ err, session: this.id }, 'cancelling failed'))
      .finally(() => {
        this.#cancelling = null
      })
    return this.#cancelling
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
    const { fromUpstream } = this.#inner.context
    this.#receiver.flushClient()
    if (!fromUpstream.atBoundary) return
    this.#parts.client.write(fatal(error))
  }

  #recordEnd(reason: string): void {
    const { trail, log } = this.#dependencies
    try {
      trail.append('session.closed', { session: this.id, reason, statements: this.#inner.context.recorder.statements })
    } catch (err) {
      log.error({ err, session: this.id }, 'the end of a session could not be recorded')
    }
  }
}
