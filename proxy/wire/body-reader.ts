import { isUtf8 } from 'node:buffer'
import { ProtocolError } from './errors.ts'

const HEADER_BYTES = 5
/** Beyond this, the built-in search and check are quicker. */
const SHORT_TEXT_BYTES_MAX = 256

/** A message alone, or where it stands among its neighbours: no view is made of what is read at once. */
export type MessageBytes = Buffer | { readonly window: Buffer; readonly start: number; readonly end: number }

/** Reads one message's body. It ends where the message ends, so no read can reach the next. */
export class BodyReader {
  readonly #body: Buffer
  readonly #end: number
  #offset: number

  constructor(message: MessageBytes, headerBytes = HEADER_BYTES) {
    const alone = message instanceof Uint8Array
    this.#body = alone ? message : message.window
    this.#end = alone ? message.length : message.end
    this.#offset = (alone ? 0 : message.start) + headerBytes
  }

  get left(): number {
    return this.#end - this.#offset
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
    return this.#shortAscii() ?? this.#anyText()
  }

  /** Names, tags and most statements: every reading of them is the same. Null: it is longer, or something else. */
  #shortAscii(): string | null {
    const body = this.#body
    const start = this.#offset
    const last = Math.min(this.#end, start + SHORT_TEXT_BYTES_MAX)
    for (let at = start; at < last; at++) {
      const byte = body[at] as number
      if (byte > 0x7f) return null
      if (byte !== 0) continue
      this.#offset = at + 1
      return at === start ? '' : body.toString('latin1', start, at)
    }
    return null
  }

  #anyText(): string {
    const end = this.#body.indexOf(0, this.#offset)
    if (end === -1 || end >= this.#end) throw new ProtocolError('string_unterminated', 'invalid string in message')
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
    if (count < 0 || at + count > this.#end) {
      throw new ProtocolError('body_truncated', 'insufficient data left in message')
    }
    this.#offset = at + count
    return at
  }
}
