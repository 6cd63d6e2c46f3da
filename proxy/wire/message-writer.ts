/** Puts one message together; the length is counted, never declared. */
export class MessageWriter {
  readonly #type: number
  readonly #parts: Buffer[] = []
  #bytes = 0

  constructor(type: number) {
    this.#type = type
  }

  uint8(value: number): this {
    return this.bytes(Buffer.of(value))
  }

  int16(value: number): this {
    const part = Buffer.allocUnsafe(2)
    part.writeInt16BE(value)
    return this.bytes(part)
  }

  uint16(value: number): this {
    const part = Buffer.allocUnsafe(2)
    part.writeUInt16BE(value)
    return this.bytes(part)
  }

  int32(value: number): this {
    const part = Buffer.allocUnsafe(4)
    part.writeInt32BE(value)
    return this.bytes(part)
  }

  uint32(value: number): this {
    const part = Buffer.allocUnsafe(4)
    part.writeUInt32BE(value)
    return this.bytes(part)
  }

  /** A NUL inside would end the string early for the reader, so it is taken out. */
  text(value: string): this {
    return this.bytes(Buffer.from(`${value.replaceAll('\0', '')}\0`, 'utf8'))
  }

  bytes(part: Buffer): this {
    this.#parts.push(part)
    this.#bytes += part.length
    return this
  }

  message(): Buffer {
    const header = Buffer.allocUnsafe(5)
    header.writeUInt8(this.#type)
    header.writeUInt32BE(this.#bytes + 4, 1)
    return Buffer.concat([header, ...this.#parts], this.#bytes + 5)
  }
}
