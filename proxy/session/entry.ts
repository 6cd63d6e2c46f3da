import { type SecureContext, TLSSocket } from 'node:tls'
import { ProtocolError } from '../wire/errors.ts'
import { decodeStartupPacket, type StartupMessage } from '../wire/messages/startup.ts'
import { StartupFramer } from '../wire/startup-framer.ts'
import type { ClientSocket } from './client-socket.ts'
import { SessionError } from './errors.ts'
import { Intake } from './intake.ts'
import { isLoopback } from './upstream/transport.ts'

/** How a connection came in: what to do for it, and on which socket, for TLS replaces it. */
export type Entry =
  | { readonly kind: 'gone' }
  | { readonly kind: 'cancel'; readonly key: Buffer }
  | { readonly kind: 'startup'; readonly startup: StartupMessage; readonly door: OpenDoor }

export interface OpenDoor {
  readonly socket: ClientSocket
  readonly tls: boolean
  readonly intake: Intake
  /** Came behind the startup packet already. */
  readonly rest: Buffer
}

export interface EntryOptions {
  /** null: TLS is not offered. */
  readonly secureContext: SecureContext | null
  readonly tlsRequired: boolean
  /** Told of every socket that stands for the connection from then on. */
  readonly replaced: (socket: ClientSocket) => void
  /** A stream inside this process: nobody listens, and nothing is encrypted. */
  readonly inside?: boolean
}

const TLS_HANDSHAKE = 0x16
const ALPN = 'postgresql'
const YES = Buffer.from('S')
const NO = Buffer.from('N')

/**
 * The packets before authentication, in their order; each request for encryption at most once.
 *
 *   (0x16 TLS) │ GSSENCRequest → N │ SSLRequest → S, TLS or N │ StartupMessage or CancelRequest
 */
export async function enter(plain: ClientSocket, options: EntryOptions): Promise<Entry> {
  let socket = plain
  let intake = new Intake(socket)
  let framer = new StartupFramer()
  const asked = { ssl: false, gss: false }
  let first = true
  for (;;) {
    const packet = framer.next()
    if (packet === null) {
      const chunk = await intake.read()
      if (chunk === null) return { kind: 'gone' }
      if (first && chunk[0] === TLS_HANDSHAKE && options.secureContext !== null) {
        asked.ssl = true
        asked.gss = true
        intake.detach()
        socket.unshift(chunk)
        socket = await secure(socket, options, { alpnRequired: true })
        intake = new Intake(socket)
      } else {
        framer.push(chunk)
      }
      first = false
      continue
    }
    const message = decodeStartupPacket(packet)
    if (message.kind === 'cancel') return message
    if (message.kind === 'startup') {
      assertConfidential(socket, options)
      const door = { socket, intake, rest: framer.rest, tls: socket instanceof TLSSocket }
      return { kind: 'startup', startup: message, door }
    }
    const which = message.kind === 'ssl_request' ? 'ssl' : 'gss'
    if (asked[which]) throw new ProtocolError('out_of_order', 'encryption was asked for twice')
    asked[which] = true
    // What was sent before the answer cannot have been meant for the encrypted channel (CVE-2021-23214).
    if (framer.rest.length > 0 || intake.pending()) {
      throw new ProtocolError('plaintext_behind_tls', 'received unencrypted data after an encryption request')
    }
    if (which === 'gss' || options.secureContext === null) {
      socket.write(NO)
      continue
    }
    intake.detach()
    socket.write(YES)
    socket = await secure(socket, options, { alpnRequired: false })
    asked.gss = true
    intake = new Intake(socket)
    framer = new StartupFramer()
  }
}

function secure(
  plain: ClientSocket,
  options: EntryOptions,
  { alpnRequired }: { alpnRequired: boolean },
): Promise<ClientSocket> {
  const secured = new TLSSocket(plain, {
    isServer: true,
    ...(options.secureContext === null ? {} : { secureContext: options.secureContext }),
    ALPNProtocols: [ALPN],
  })
  options.replaced(secured)
  return new Promise((resolve, reject) => {
    const failed = (cause?: Error): void => {
      reject(new ProtocolError('value_invalid', 'the TLS handshake failed', { cause }))
    }
    plain.once('close', () => failed())
    secured.once('close', () => failed())
    secured.on('_tlsError', failed)
    secured.on('error', failed)
    secured.once('secure', () => {
      secured.off('error', failed)
      secured.off('_tlsError', failed)
      // A connection that begins with TLS says what it wants to speak, or it is not for us.
      if (alpnRequired && secured.alpnProtocol !== ALPN) failed()
      else resolve(secured)
    })
  })
}

function assertConfidential(socket: ClientSocket, { tlsRequired, inside = false }: EntryOptions): void {
  if (inside) return
  if (socket instanceof TLSSocket) return
  if (!tlsRequired && isLoopback(socket.remoteAddress ?? '')) return
  throw new SessionError('tls_required', 'TLS is required', { hint: 'Connect with sslmode=require or better' })
}
