import { isUtf8 } from 'node:buffer'
import { ProtocolError } from './errors.ts'

const HEADER_BYTES = 5

/** Reads one message's body. It is given that message only, so no read can reach the next. */
export class BodyReader {
  readonly #body: Buffer
  #offset: number

  constructor(message: Buffer, offset = HEADER_BYTES) {
    this.#body = message
    this.#offset = offset
  }

  get left(): number {
    return this.#body.length - this.#offset
  }

  uint8(): number {
    return this.#body.readUInt8(this.#take(1))
  }

  /** Counts are unsigned on the wire: 65,535 parameters are legal. */
  uint16(): number {
    return this.#body.readUInt16BE(this.#take(2))
  }

  int16(): number {
    return this.#body.readInt16BE(this.#take(2))
  }

  uint32(): number {
    return this.#body.readUInt32BE(this.#take(4))
  }

  int32(): number {
    return this.#body.readInt32BE(this.#take(4))
  }

  bytes(count: number): Buffer {
    const at = this.#take(count)
    return this.#body.subarray(at, at + count)
  }

  text(): string {
    const end = this.#body.indexOf(0, this.#offset)
    if (end === -1) throw new ProtocolError('string_unterminated', 'invalid string in message')
    const raw = this.#body.subarray(this.#offset, end)
    // Lenient decoding would show the policy other text than the server runs.
    if (!isUtf8(raw)) throw new ProtocolError('text_not_utf8', 'invalid byte sequence for encoding "UTF8"')
    this.#offset = end + 1
    return raw.toString('utf8')
  }

  end(): void {
    if (this.left !== 0) throw new ProtocolError('trailing_bytes', 'invalid message format')
  }

  #take(count: number): number {
    const at = this.#offset
    if (count < 0 || at + count > this.#body.length) {
      throw new ProtocolError('body_truncated', 'insufficient data left in message')
    }
    this.#offset = at + count
    return at
  }
}
