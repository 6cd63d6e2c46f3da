import type { Socket } from 'node:net'
import { serialize } from 'pg-protocol'
import type { BackendMessage, DatabaseError } from 'pg-protocol/dist/messages.js'
import { Parser } from 'pg-protocol/dist/parser.js'
import type { TargetConfig } from '../../../config.ts'
import { Framer } from '../../wire/framer.ts'
import { backend, limitsFor } from '../../wire/message-types.ts'
import { decodeParameterStatus } from '../../wire/messages/parameter-status.ts'
import type { OwnReads } from '../../wire/own-reads.ts'
import { SessionError } from '../errors.ts'
import { Intake } from '../intake.ts'
import { UpstreamAuthentication } from './authenticate.ts'
import { isLoopback, openTransport, type Transport } from './transport.ts'

/** A connection to the target that has reached its first ReadyForQuery. */
export interface Upstream {
  readonly socket: Socket
  /** Where what arrives is read to; null: it comes as 'data'. */
  readonly reads: OwnReads | null
  /** Goes on where the handshake stopped. */
  readonly framer: Framer
  /** What the server reported of itself, as it came; passed on to the client. */
  readonly reported: readonly Buffer[]
  readonly settings: ReadonlyMap<string, string>
  /** For CancelRequest; never shown to the client. */
  readonly key: Buffer
}

export interface UpstreamOptions {
  readonly target: TargetConfig
  readonly settings: ReadonlyMap<string, string>
  readonly messageBytesMax: number
  readonly signal: AbortSignal
}

/**
 * The server looks this often whether we are still there, also while a statement waits for a lock. Without it, what
 * waits when a proxy dies would run to its end once the lock is free, and be committed with nobody left to hear of it.
 * Since PostgreSQL 14: https://www.postgresql.org/docs/current/runtime-config-connection.html
 */
const WATCHED = { name: 'client_connection_check_interval', value: '1s' }

/** @throws SessionError upstream_unreachable, upstream_refused */
export async function connectUpstream(options: UpstreamOptions): Promise<Upstream> {
  try {
    return await attempt(options, { [WATCHED.name]: WATCHED.value })
  } catch (error) {
    // An older server, a platform that cannot look, or a pooler in front: as it was before there was the setting.
    if (error instanceof SessionError && error.code === 'upstream_refused' && error.message.includes(WATCHED.name)) {
      return attempt(options, {})
    }
    throw error
  }
}

async function attempt(options: UpstreamOptions, watched: Record<string, string>): Promise<Upstream> {
  const { target, messageBytesMax, signal } = options
  const { socket, reads } = await openTransport(target, signal)
  const abort = (): void => void socket.destroy()
  signal.addEventListener('abort', abort, { once: true })
  const intake = new Intake(socket)
  const framer = new Framer(limitsFor('server', messageBytesMax))
  try {
    socket.write(serialize.startup({ ...startupParameters(options), ...watched }))
    return await handshake({ target, socket, reads, intake, framer })
  } catch (error) {
    socket.destroy()
    throw error
  } finally {
    intake.detach()
    signal.removeEventListener('abort', abort)
  }
}

function startupParameters({ target, settings }: UpstreamOptions): Record<string, string> {
  return {
    user: target.user,
    database: target.database,
    // client_encoding UTF8 is added by the serializer; both are pinned because the parser reads as the server must.
    standard_conforming_strings: 'on',
    ...Object.fromEntries(settings),
  }
}

interface Handshake extends Transport {
  readonly target: TargetConfig
  readonly intake: Intake
  readonly framer: Framer
}

async function handshake({ target, socket, reads, intake, framer }: Handshake): Promise<Upstream> {
  const authentication = new UpstreamAuthentication(target, target.tls !== 'disable' || isLoopback(target.host))
  const reported: Buffer[] = []
  const settings = new Map<string, string>()
  let key = Buffer.alloc(0)
  let accepted = false
  for (;;) {
    const bytes = await nextMessage(intake, framer, target)
    if (bytes[0] === backend.backendKeyData) {
      key = Buffer.from(bytes.subarray(5))
    } else if (bytes[0] === backend.parameterStatus) {
      const { name, value } = decodeParameterStatus(bytes)
      settings.set(name, value)
      reported.push(Buffer.from(bytes))
    } else if (bytes[0] === backend.authentication) {
      const message = decode(bytes)
      accepted = message.name === 'authenticationOk'
      const reply = await authentication.reply(message)
      if (reply !== null) socket.write(reply)
    } else if (bytes[0] === backend.errorResponse) {
      throw refusal(decode(bytes) as unknown as DatabaseError, target)
    } else if (bytes[0] === backend.readyForQuery && accepted) {
      return { socket, reads, framer, reported, settings, key }
    } else if (bytes[0] !== backend.noticeResponse) {
      throw new SessionError('upstream_refused', `The database of ${target.name} does not speak the protocol`)
    }
  }
}

async function nextMessage(intake: Intake, framer: Framer, target: TargetConfig): Promise<Buffer> {
  while (!framer.next()) {
    const chunk = await intake.read()
    if (chunk === null) {
      throw new SessionError('upstream_unreachable', `The database of ${target.name} closed the connection`)
    }
    framer.push(chunk)
  }
  return framer.bytes
}

function decode(bytes: Buffer): BackendMessage {
  let decoded: BackendMessage | null = null
  try {
    new Parser().parse(bytes, (message) => {
      decoded = message
    })
  } catch (cause) {
    throw new SessionError('upstream_refused', 'The database asks for what is not known here', { cause })
  }
  if (decoded === null) throw new SessionError('upstream_refused', 'The database sent an unreadable message')
  return decoded
}

/** What the server says about Holdpoint's own credential is not for the client. */
function refusal(error: DatabaseError, target: TargetConfig): SessionError {
  if (error.code?.startsWith('28')) {
    return new SessionError('upstream_refused', `The database of ${target.name} refuses Holdpoint’s own credential`)
  }
  return new SessionError('upstream_refused', `The database of ${target.name} says: ${error.message}`, {
    sqlstate: error.code,
  })
}
