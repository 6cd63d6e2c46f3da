import type { Framer } from '../wire/framer.ts'
import type { ClientSocket } from './client-socket.ts'

/** Up to this much, one copy is cheaper than telling the kernel about every piece. */
const JOINED_BYTES_MAX = 16 * 1024

/** Collects what goes out on one side. Neighbouring messages of one window become one slice, as they came. */
export class Outbox {
  #parts: Buffer[] = []
  #bytes = 0
  #window: Buffer | null = null
  #start = 0
  #end = 0

  /** The framer's message, untouched. */
  keep({ window, start, end }: Framer): void {
    if (this.#window === window && this.#end === start) {
      this.#end = end
      return
    }
    this.#closeRun()
    this.#window = window
    this.#start = start
    this.#end = end
  }

  add(message: Buffer): void {
    this.#closeRun()
    this.#append(message)
  }

  take(): readonly Buffer[] {
    this.#closeRun()
    const parts = this.#parts
    const bytes = this.#bytes
    this.#bytes = 0
    if (parts.length === 0) return parts
    this.#parts = []
    return parts.length > 1 && bytes <= JOINED_BYTES_MAX ? [Buffer.concat(parts, bytes)] : parts
  }

  #closeRun(): void {
    const window = this.#window
    if (window === null) return
    this.#window = null
    const whole = this.#start === 0 && this.#end === window.length
    this.#append(whole ? window : window.subarray(this.#start, this.#end))
  }

  #append(part: Buffer): void {
    this.#parts.push(part)
    this.#bytes += part.length
  }
}

/** @returns false when the other side should be slowed down until `drain` */
export function writeAll(socket: ClientSocket, parts: readonly Buffer[]): boolean {
  if (parts.length === 1) return socket.write(parts[0] as Buffer)
  socket.cork()
  let flowing = true
  for (const part of parts) flowing = socket.write(part)
  socket.uncork()
  return flowing
}
