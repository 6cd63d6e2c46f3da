import type { ClientSocket } from './client-socket.ts'

/**
 * Reads a socket a chunk at a time while a connection is being set up and each side waits for the other. Afterwards
 * `detach` hands the socket on, with nothing lost, to whoever listens to its data.
 */
export class Intake {
  readonly #socket: ClientSocket
  #wake: (() => void) | null = null
  #failure: Error | null = null
  readonly #awake = (): void => this.#wake?.()
  readonly #failed = (error: Error): void => {
    this.#failure = error
    this.#wake?.()
  }

  constructor(socket: ClientSocket) {
    this.#socket = socket
    socket.on('readable', this.#awake)
    socket.on('end', this.#awake)
    socket.on('close', this.#awake)
    socket.on('error', this.#failed)
  }

  /** The next bytes, or null when the peer is gone. */
  async read(): Promise<Buffer | null> {
    for (;;) {
      const chunk = this.#socket.read() as Buffer | null
      if (chunk !== null) return chunk
      if (this.#failure !== null || this.#socket.destroyed || this.#socket.readableEnded) return null
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
      this.#wake = null
    }
  }

  /** Bytes that are already here, without waiting. */
  pending(): boolean {
    return this.#socket.readableLength > 0
  }

  detach(): void {
    this.#socket.off('readable', this.#awake)
    this.#socket.off('end', this.#awake)
    this.#socket.off('close', this.#awake)
    this.#socket.off('error', this.#failed)
    this.#wake?.()
  }
}
