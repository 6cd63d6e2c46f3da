import type { TargetConfig } from '../../config.ts'
import { HoldpointError } from '../../errors.ts'
import type { Identity } from '../../policies/input.ts'
import { ProtocolError } from '../wire/errors.ts'
import { Framer } from '../wire/framer.ts'
import { frontend, limitsFor } from '../wire/message-types.ts'
import { authenticationCleartextPassword } from '../wire/messages/authentication.ts'
import { negotiate } from '../wire/messages/negotiate-protocol-version.ts'
import { decodePassword } from '../wire/messages/password.ts'
import type { StartupMessage } from '../wire/messages/startup.ts'
import type { ClientSocket, InnerClient } from './client-socket.ts'
import type { SessionDependencies } from './dependencies.ts'
import type { OpenDoor } from './entry.ts'
import { SessionError, type SessionErrorCode } from './errors.ts'
import { readStartupSettings, type StartupSettings } from './upstream/settings.ts'

export interface Admitted {
  readonly identity: Identity
  readonly target: TargetConfig
  readonly settings: StartupSettings
  readonly framer: Framer
  readonly protocolMinor: number
}

/**
 * Who is there? Nothing goes to the database before that is proven.
 *
 * @returns null when the client left
 * @throws SessionError or ProtocolError
 */
export async function admit(
  startup: StartupMessage,
  door: OpenDoor,
  { authenticate, config, trail }: SessionDependencies,
  inner: InnerClient | null,
): Promise<Admitted | null> {
  const { socket, tls } = door
  const { minor, message } = negotiate(startup)
  const settings = readStartupSettings(startup.parameters)
  const framer = clientFramer(door.rest, config.proxy.messageBytesMax)
  if (inner !== null) return { ...admittedInside(inner, settings), framer, protocolMinor: minor }
  if (message !== null) socket.write(message)
  socket.write(authenticationCleartextPassword)
  const password = await readPassword(door, framer)
  if (password === null) return null
  const { user, database } = settings
  const client = addressOf(socket)
  try {
    const { identity, target } = await authenticate({ user, password, database, client, tls })
    return { identity, target, settings, framer, protocolMinor: minor }
  } catch (error) {
    const refused = refusal(error)
    trail.append('session.refused', { client, user, database, reason: refused.message })
    throw refused
  }
}

/** Who is there was proven at the other door, by the same token. */
function admittedInside({ identity, target, onHold, reason }: InnerClient, settings: StartupSettings) {
  return { identity, target, settings: { ...settings, onHold, reason } }
}

export function addressOf(socket: ClientSocket): string {
  return `${socket.remoteAddress ?? 'unknown'}:${socket.remotePort ?? 0}`
}

function clientFramer(rest: Buffer, messageBytesMax: number): Framer {
  const framer = new Framer(limitsFor('client', messageBytesMax))
  framer.push(rest)
  return framer
}

async function readPassword({ intake }: OpenDoor, framer: Framer): Promise<string | null> {
  while (!framer.next()) {
    const chunk = await intake.read()
    if (chunk === null) return null
    framer.push(chunk)
    // Of whom nothing is known yet, no more than a password is kept.
    if (framer.begun !== 0 && framer.begun !== frontend.password) throw notAPassword(framer.begun)
  }
  if (framer.type === frontend.terminate) return null
  if (framer.type !== frontend.password) throw notAPassword(framer.type)
  return decodePassword(framer.bytes)
}

function notAPassword(type: number): ProtocolError {
  return new ProtocolError('out_of_order', `expected password response, got message type ${type}`)
}

const codes: ReadonlySet<string> = new Set<SessionErrorCode>([
  'bad_credential',
  'wrong_user',
  'too_many_failures',
  'insufficient_scope',
  'unknown_target',
])

/** What the client may know: whatever else went wrong is ours to look into. */
function refusal(error: unknown): SessionError {
  if (error instanceof HoldpointError && codes.has(error.code)) {
    return new SessionError(error.code as SessionErrorCode, error.message, { cause: error, hint: error.hint })
  }
  const message = 'Who you are cannot be checked at the moment'
  return new SessionError('internal', message, { cause: error, sqlstate: '58000' })
}
