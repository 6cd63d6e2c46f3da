import { readFileSync } from 'node:fs'
import { createServer, type Server } from 'node:net'
import { createSecureContext, type SecureContext } from 'node:tls'
import type { TargetConfig } from '../../config.ts'
import { HoldpointError } from '../../errors.ts'
import type { Identity } from '../../policies/input.ts'
import { authenticationOk } from '../wire/messages/authentication.ts'
import { encodeBackendKeyData } from '../wire/messages/backend-key-data.ts'
import { readyForQueryIdle } from '../wire/messages/ready-for-query.ts'
import type { StartupMessage } from '../wire/messages/startup.ts'
import { addressOf, admit } from './admission.ts'
import type { SessionParts } from './assemble.ts'
import { CancelKeys } from './cancel-keys.ts'
import type { ClientSocket, InnerClient } from './client-socket.ts'
import { fatal } from './closing.ts'
import type { SessionDependencies } from './dependencies.ts'
import { enter, type OpenDoor } from './entry.ts'
import { revoked, SessionError, trailNotWritable } from './errors.ts'
import { checkReading } from './reading.ts'
import { Session } from './session.ts'
import { connectUpstream } from './upstream/connect.ts'
import { type Defaulted, withoutCatalog } from './without-catalog.ts'

const ignored = (): void => undefined // 'close' follows

export type SessionServerOptions = Omit<SessionDependencies, Defaulted> &
  Partial<Pick<SessionDependencies, Defaulted>> & { readonly targets: readonly TargetConfig[] }

export interface SessionServer {
  listen(): Promise<{ readonly port: number }>
  /** A client of another door, which speaks the protocol inside this process; its password is not looked at. */
  open(stream: ClientSocket, inner: InnerClient): void
  /** A cancel key that another process was shown. False: no session of ours has it. */
  cancel(key: Buffer): boolean
  /** Takes no more clients and ends those who are here. */
  close(): Promise<void>
  readonly sessions: number
  /** Of those who are here. */
  readonly identities: readonly Identity[]
  /** Their credential is no longer good, whatever time it has left. */
  endThose(gone: (identity: Identity) => boolean): void
}

/** The PostgreSQL port: every connection's life, from its first byte. */
export function createSessionServer(options: SessionServerOptions): SessionServer {
  return new Sessions({ ...withoutCatalog, ...options })
}

interface Arrival {
  readonly signal: AbortSignal
  readonly inner: InnerClient | null
}

interface Replaced {
  readonly replaced: (socket: ClientSocket) => void
}

class Sessions implements SessionServer {
  readonly #dependencies: SessionDependencies
  readonly #server: Server
  readonly #secureContext: SecureContext | null
  readonly #keys = new CancelKeys<Session>()
  readonly #open = new Map<Session, { readonly key: Buffer; readonly identity: Identity }>()
  /** Those of whom it is not known yet who they are. */
  readonly #entering = new Set<ClientSocket>()

  constructor(dependencies: SessionDependencies) {
    this.#dependencies = dependencies
    const { cert, key } = dependencies.config.proxy.tls
    this.#secureContext =
      cert !== undefined && key !== undefined
        ? createSecureContext({ cert: readFileSync(cert), key: readFileSync(key), minVersion: 'TLSv1.2' })
        : null
    this.#server = createServer({ noDelay: true, keepAlive: true, pauseOnConnect: true }, (socket) => {
      this.#accept(socket)
    })
  }

  get sessions(): number {
    return this.#open.size
  }

  get identities(): readonly Identity[] {
    return [...this.#open.values()].map(({ identity }) => identity)
  }

  endThose(gone: (identity: Identity) => boolean): void {
    for (const [session, { identity }] of this.#open) if (gone(identity)) session.end('credential revoked', revoked())
  }

  listen(): Promise<{ readonly port: number }> {
    const { host, port, workers } = this.#dependencies.config.proxy
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject)
      this.#server.listen({ host, port, reusePort: workers > 1 }, () => {
        this.#server.off('error', reject)
        const address = this.#server.address()
        resolve({ port: typeof address === 'object' && address !== null ? address.port : port })
      })
    })
  }

  open(stream: ClientSocket, inner: InnerClient): void {
    this.#accept(stream, inner)
  }

  cancel(key: Buffer): boolean {
    const session = this.#keys.find(key)
    session?.cancel()
    return session !== undefined
  }

  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()))
    const message = 'terminating connection due to administrator command'
    for (const session of this.#open.keys()) session.end('shut down', new SessionError('shutting_down', message))
    for (const socket of this.#entering) socket.destroy()
    await closed
  }

  #accept(socket: ClientSocket, inner: InnerClient | null = null): void {
    let current = socket // or what stands for it inside TLS
    const deadline = new AbortController()
    const replaced = (next: ClientSocket): void => {
      current = next
      next.on('error', ignored)
    }
    // Whoever stays silent is let go.
    const timer = setTimeout(() => {
      deadline.abort()
      current.destroy()
    }, this.#dependencies.config.proxy.authenticationTimeoutMs)
    socket.on('error', ignored)
    this.#entering.add(socket)
    this.#receive(socket, { replaced, signal: deadline.signal, inner })
      .catch((error: unknown) => this.#refuse(current, error))
      .finally(() => {
        clearTimeout(timer)
        this.#entering.delete(socket)
      })
  }

  async #receive(socket: ClientSocket, { replaced, ...arrival }: Arrival & Replaced): Promise<void> {
    const tlsRequired = this.#dependencies.config.proxy.tls.required
    const inside = arrival.inner !== null
    const secureContext = inside ? null : this.#secureContext
    const entry = await enter(socket, { secureContext, tlsRequired, replaced, inside })
    if (entry.kind === 'startup') return this.#begin(entry.startup, entry.door, arrival)
    // Whether the key was right is nobody's business.
    if (entry.kind === 'cancel' && !this.cancel(entry.key)) this.#dependencies.cancelElsewhere(entry.key)
    socket.destroy()
  }

  async #begin(startup: StartupMessage, door: OpenDoor, { signal, inner }: Arrival): Promise<void> {
    const { config } = this.#dependencies
    if (this.#open.size + this.#entering.size > config.proxy.sessionsMax) {
      throw new SessionError('too_many_sessions', 'sorry, too many clients already')
    }
    const admitted = await admit(startup, door, this.#dependencies, inner)
    if (admitted === null || door.socket.destroyed) return void door.socket.destroy()
    const { identity, target, settings, framer, protocolMinor } = admitted
    const messageBytesMax = config.proxy.messageBytesMax
    const upstream = await connectUpstream({ target, settings: settings.forwarded, messageBytesMax, signal })
    for (const [name, value] of upstream.settings) checkReading(name, value)
    if (door.socket.destroyed) return void upstream.socket.destroy()
    const parts = { client: door.socket, fromClient: framer, upstream, identity, target, settings, inner }
    const session = new Session(parts, this.#dependencies, (one) => this.#ended(one))
    try {
      this.#record(session.id, parts, door)
    } catch (cause) {
      upstream.socket.destroy()
      throw trailNotWritable(cause)
    }
    const key = this.#keys.issue(session, protocolMinor)
    this.#open.set(session, { key, identity })
    const greeting = [authenticationOk, ...upstream.reported, encodeBackendKeyData(key), readyForQueryIdle]
    door.socket.write(Buffer.concat(greeting))
    door.intake.detach()
    session.start()
  }

  #record(session: string, { identity, target, settings, inner }: SessionParts, { socket, tls }: OpenDoor): void {
    this.#dependencies.trail.append('session.opened', {
      session,
      identity,
      target: { name: target.name, environment: target.environment, database: target.database },
      client: inner?.address ?? addressOf(socket),
      application: settings.application,
      tls,
      ...(inner === null ? {} : { door: inner.door }),
    })
  }

  #ended(session: Session): void {
    const key = this.#open.get(session)?.key
    if (key !== undefined) this.#keys.release(key)
    this.#open.delete(session)
  }

  #refuse(socket: ClientSocket, error: unknown): void {
    const known = error instanceof HoldpointError ? error : new SessionError('internal', 'Holdpoint made a mistake')
    if (known !== error || (known instanceof SessionError && known.code.startsWith('upstream'))) {
      this.#dependencies.log.error({ err: error }, 'a connection was refused')
    }
    if (!socket.destroyed) socket.end(fatal(known))
    socket.destroySoon()
  }
}
