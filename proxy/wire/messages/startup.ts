import { BodyReader } from '../body-reader.ts'
import { ProtocolError } from '../errors.ts'

/**
 * The packets a connection begins with: StartupMessage, SSLRequest, GSSENCRequest and CancelRequest.
 * https://www.postgresql.org/docs/current/protocol-message-formats.html#PROTOCOL-MESSAGE-FORMATS-STARTUPMESSAGE
 */
export type StartupPacket =
  | { readonly kind: 'ssl_request' }
  | { readonly kind: 'gss_request' }
  | CancelRequest
  | StartupMessage

export interface StartupMessage {
  readonly kind: 'startup'
  readonly major: number
  readonly minor: number
  /** In the order they came; no name twice. */
  readonly parameters: ReadonlyMap<string, string>
}

export interface CancelRequest {
  readonly kind: 'cancel'
  /** Process id and secret as they were handed out in BackendKeyData. */
  readonly key: Buffer
}

const SSL_REQUEST = 80_877_103
const GSS_REQUEST = 80_877_104
const CANCEL_REQUEST = 80_877_102
/** PostgreSQL 18: process id, then a secret of 1 to 256 bytes. */
const CANCEL_KEY_BYTES_MIN = 5
const CANCEL_KEY_BYTES_MAX = 260

/** @param packet the packet without its length */
export function decodeStartupPacket(packet: Buffer): StartupPacket {
  const code = packet.readUInt32BE(0)
  if (code === CANCEL_REQUEST) return decodeCancelRequest(packet)
  if (code === SSL_REQUEST || code === GSS_REQUEST) {
    if (packet.length !== 4) throw new ProtocolError('trailing_bytes', 'invalid startup packet layout')
    return { kind: code === SSL_REQUEST ? 'ssl_request' : 'gss_request' }
  }
  return decodeStartupMessage(packet, code >>> 16, code & 0xffff)
}

export function encodeCancelRequest(key: Buffer): Buffer {
  const packet = Buffer.allocUnsafe(8 + key.length)
  packet.writeUInt32BE(packet.length)
  packet.writeUInt32BE(CANCEL_REQUEST, 4)
  key.copy(packet, 8)
  return packet
}

function decodeCancelRequest(packet: Buffer): CancelRequest {
  const key = packet.subarray(4)
  if (key.length < CANCEL_KEY_BYTES_MIN || key.length > CANCEL_KEY_BYTES_MAX) {
    throw new ProtocolError('length_out_of_range', 'invalid length of cancel request packet')
  }
  return { kind: 'cancel', key: Buffer.from(key) }
}

function decodeStartupMessage(packet: Buffer, major: number, minor: number): StartupMessage {
  // Another major version may have another layout: it is not read further.
  if (major !== 3) {
    const message = `unsupported frontend protocol ${major}.${minor}: server supports 3.0 to 3.2`
    throw new ProtocolError('version_unsupported', message)
  }
  const body = new BodyReader(packet, 4)
  const parameters = new Map<string, string>()
  for (let name = body.text(); name !== ''; name = body.text()) {
    if (parameters.has(name)) throw new ProtocolError('value_invalid', `startup parameter "${name}" is given twice`)
    parameters.set(name, body.text())
  }
  body.end()
  return { kind: 'startup', major, minor, parameters }
}
