import { Duplex } from 'node:stream'
import type { ClientSocket } from '../session/client-socket.ts'

/**
 * Two ends of a connection inside this process. What is written at one is read at the other, and who writes faster than
 * the other reads is held back. An end that goes away is seen at the other as a socket's is.
 */
export class InnerStream extends Duplex implements ClientSocket {
  #peer: InnerStream | null = null
  /** The peer's write that waits until something here is read. */
  #waiting: ((error?: Error) => void) | null = null

  constructor() {
    super({ allowHalfOpen: false })
  }

  static pair(): readonly [InnerStream, InnerStream] {
    const [one, other] = [new InnerStream(), new InnerStream()]
    one.#peer = other
    other.#peer = one
    return [one, other]
  }

  /** What `pg` asks of a socket; there is nowhere to connect to. */
  connect(): this {
    queueMicrotask(() => this.emit('connect'))
    return this
  }

  setNoDelay(): this {
    return this
  }

  setKeepAlive(): this {
    return this
  }

  ref(): this {
    return this
  }

  unref(): this {
    return this
  }

  destroySoon(): void {
    if (this.writable) this.end()
    if (this.writableFinished) this.destroy()
    else this.once('finish', () => this.destroy())
  }

  override _read(): void {
    const go = this.#waiting
    this.#waiting = null
    go?.()
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    const peer = this.#peer
    if (peer === null || peer.destroyed) done(new Error('the other end is gone'))
    else if (peer.push(chunk)) done()
    else peer.#waiting = done
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#endPeer()
    done()
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#waiting?.(new Error('the other end is gone'))
    this.#waiting = null
    this.#endPeer()
    done(error)
  }

  #endPeer(): void {
    const peer = this.#peer
    if (peer !== null && !peer.destroyed && !peer.#told) {
      peer.#told = true
      peer.push(null)
    }
  }
  #told = false
}
