import { hash } from 'node:crypto'

/** Room for the records of a turn with many sessions. */
const BYTES = 64 * 1024
const NEWLINE = 0x0a
/** A UTF-16 unit is no more than so many bytes of UTF-8. */
const BYTES_PER_UNIT_MAX = 3

/** Lines that are about to be written, as the bytes that the file gets; each is encoded once, for its hash and for the file. */
export class PendingLines {
  #bytes = Buffer.allocUnsafeSlow(BYTES)
  #length = 0

  get length(): number {
    return this.#length
  }

  /** Adds a line and its newline. @returns the line's SHA-256, hex */
  add(line: string): string {
    this.#makeRoom(line.length * BYTES_PER_UNIT_MAX + 1)
    const start = this.#length
    const end = start + this.#bytes.write(line, start)
    this.#bytes[end] = NEWLINE
    this.#length = end + 1
    return hash('sha256', this.#bytes.subarray(start, end))
  }

  /** All of them, until the next is added; there are none then. */
  take(): Buffer {
    const taken = this.#bytes.subarray(0, this.#length)
    this.#length = 0
    // What a burst has made large is not kept.
    if (this.#bytes.length > BYTES) this.#bytes = Buffer.allocUnsafeSlow(BYTES)
    return taken
  }

  #makeRoom(bytes: number): void {
    const needed = this.#length + bytes
    if (needed <= this.#bytes.length) return
    const larger = Buffer.allocUnsafeSlow(Math.max(needed, 2 * this.#bytes.length))
    this.#bytes.copy(larger, 0, 0, this.#length)
    this.#bytes = larger
  }
}
