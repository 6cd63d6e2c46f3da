import { ProtocolError } from './errors.ts'

/**
 * Cuts the packets that come before the first message; they have no type byte.
 * https://www.postgresql.org/docs/current/protocol-message-formats.html#PROTOCOL-MESSAGE-FORMATS-STARTUPMESSAGE
 *
 *   length, itself included │ code │ …
 */
const LENGTH_BYTES = 4
const BODY_BYTES_MIN = 4
/** PostgreSQL's MAX_STARTUP_PACKET_LENGTH. */
const BODY_BYTES_MAX = 10_000

export class StartupFramer {
  #held: Buffer = Buffer.alloc(0)

  push(chunk: Buffer): void {
    this.#held = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk])
  }

  /** What was sent behind the packets that were taken; the messages' framer goes on with it. */
  get rest(): Buffer {
    return this.#held
  }

  /** The next packet without its length, or null while it is not whole. */
  next(): Buffer | null {
    if (this.#held.length < LENGTH_BYTES) return null
    const bodyBytes = this.#held.readUInt32BE(0) - LENGTH_BYTES
    if (bodyBytes < BODY_BYTES_MIN || bodyBytes > BODY_BYTES_MAX) {
      throw new ProtocolError('length_out_of_range', 'invalid length of startup packet')
    }
    const end = LENGTH_BYTES + bodyBytes
    if (this.#held.length < end) return null
    const packet = this.#held.subarray(LENGTH_BYTES, end)
    this.#held = this.#held.subarray(end)
    return packet
  }
}
