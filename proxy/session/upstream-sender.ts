import type { Socket } from 'node:net'
import type { Trail } from '../../workflows/trail/trail.ts'
import type { Framer } from '../wire/framer.ts'
import { type SessionError, trailNotWritable } from './errors.ts'
import { Outbox, writeAll } from './outbox.ts'

export interface UpstreamSenderOptions {
  readonly socket: Socket
  readonly trail: Trail
  readonly signal: AbortSignal
  /** The server does not keep up: stop reading the client until `drain`. */
  readonly choked: () => void
  readonly failed: (error: SessionError) => void
}

/**
 * The way to the server. What the trail has to know first waits until it is written, and whatever comes behind waits
 * with it, so that nothing overtakes.
 */
export class UpstreamSender {
  readonly #options: UpstreamSenderOptions
  readonly #outbox = new Outbox()
  #recorded = false
  #unwritten = 0

  constructor(options: UpstreamSenderOptions) {
    this.#options = options
  }

  keep(framer: Framer): void {
    this.#outbox.keep(framer)
  }

  add(message: Buffer): void {
    this.#outbox.add(message)
  }

  /** The trail was given something that has to be written before what is collected now may go. */
  recorded(): void {
    this.#recorded = true
  }

  send(): void {
    const parts = this.#outbox.take()
    if (parts.length === 0) return
    if (!this.#recorded && this.#unwritten === 0) {
      this.#write(parts)
      return
    }
    this.#recorded = false
    this.#unwritten++
    this.#options.trail.whenWritten((error) => {
      this.#unwritten--
      if (error === null) this.#write(parts)
      else this.#options.failed(trailNotWritable(error))
    })
  }

  #write(parts: readonly Buffer[]): void {
    if (this.#options.signal.aborted) return
    if (!writeAll(this.#options.socket, parts)) this.#options.choked()
  }
}
