import { Socket } from 'node:net'
import { countRead } from '../wire/read-buffers.ts'
import type { ClientSocket } from './client-socket.ts'
import type { SessionContext } from './context.ts'
import { writeAll } from './outbox.ts'
import type { ReplyPump } from './reply-pump.ts'
import type { Upstream } from './upstream/connect.ts'

/** Of 64 kB at most. Most waits are over before one has come, and stopping the server costs more than it. */
const EARLY_CHUNKS_MAX = 16
/** To copy so much costs less than memory for the next read. */
const COPIED_BYTES_MAX = 2 * 1024

export interface UpstreamReceiverOptions {
  readonly client: ClientSocket
  readonly upstream: Upstream
  readonly context: SessionContext
  readonly replies: ReplyPump
  readonly failed: (error: unknown) => void
}

/**
 * The way from the server to the client. What arrives is taken at once, or stands still until it is known that it may
 * pass; what came meanwhile is then taken as if it came later.
 *
 * Whose the bytes are: the connection lends a buffer to the kernel and gets it back with each read (wire/own-reads.ts).
 * It may lend it again only where `receive` says that nothing refers to it, which is when all messages were taken, the
 * framer has copied what is left, and the kernel has everything that was written to the client; or when it was little
 * and copied, because it may have to wait for a question. Whoever keeps a part of a message for longer copies it.
 */
export class UpstreamReceiver {
  readonly #options: UpstreamReceiverOptions
  /** Arrived while what came before it is not taken yet. */
  #early: Buffer[] | null = null

  constructor(options: UpstreamReceiverOptions) {
    this.#options = options
  }

  start(): void {
    const { reads, socket } = this.#options.upstream
    socket.on('data', (chunk: Buffer) => void this.#receive(chunk))
    reads?.goesTo((chunk) => this.#receive(chunk))
  }

  /** The client keeps up again. */
  readOn(): void {
    if (this.#early === null) this.#options.upstream.socket.resume()
  }

  flushClient(): void {
    const { client, context, upstream } = this.#options
    const parts = context.toClient.take()
    if (parts.length > 0 && !writeAll(client, parts)) upstream.socket.pause()
  }

  /** @returns whether nothing refers to the chunk any more: all of it is copied, or with the kernel */
  #receive(chunk: Buffer): boolean {
    const { fromUpstream, signal } = this.#options.context
    if (signal.aborted) return true
    if (this.#mayWait && chunk.length <= COPIED_BYTES_MAX) {
      this.#take(Buffer.from(chunk))
      return true
    }
    const isFree = this.#take(chunk) && fromUpstream.letGo() && this.#clientHasAll
    if (!isFree && !fromUpstream.collects) countRead(chunk.length)
    return isFree
  }

  /** @returns whether all of it is taken */
  #take(chunk: Buffer): boolean {
    const { context, failed, replies, upstream } = this.#options
    if (this.#early !== null) {
      if (this.#early.push(chunk) > EARLY_CHUNKS_MAX) upstream.socket.pause()
      return false
    }
    context.fromUpstream.push(chunk)
    try {
      const waiting = replies.pump()
      // What it waits for is soon there, and the client can do little with the beginning of a reply.
      if (waiting === null) this.flushClient()
      else this.#waitFor(waiting)
    } catch (error) {
      failed(error)
      return false
    }
    return this.#early === null && !context.signal.aborted
  }

  /** What arrives may have to stand still for a question, and its buffer is lent to the kernel. */
  get #mayWait(): boolean {
    return this.#options.context.exchange.doubtful && this.#options.upstream.reads !== null
  }

  /** Nothing of what was written waits to be written. In a stream inside this process it may wait at the other end. */
  get #clientHasAll(): boolean {
    const { client } = this.#options
    return client instanceof Socket && client.writableLength === 0
  }

  /** What the server sends meanwhile is taken as what came later. */
  #waitFor(waiting: Promise<void>): void {
    const { client, failed, upstream } = this.#options
    this.#early = []
    waiting.then(
      () => {
        const early = this.#early ?? []
        this.#early = null
        this.flushClient()
        if (upstream.socket.isPaused() && !client.writableNeedDrain) upstream.socket.resume()
        if (early.length > 0) this.#receive(Buffer.concat(early))
      },
      (error: unknown) => failed(error),
    )
  }
}
