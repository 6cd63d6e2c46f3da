import { ProtocolError } from './errors.ts'
import type { FramerLimits } from './framer-limits.ts'

/**
 * Cuts a byte stream into messages, without copying what arrived whole.
 * https://www.postgresql.org/docs/current/protocol-overview.html#PROTOCOL-MESSAGE-CONCEPTS
 *
 *   type │ length, itself included │ body
 *   1 B  │ 4 B                     │ length − 4 B
 *
 * `next()` moves to the next message, which is then `window[start, end)`. Neighbours share a window, so that a run of
 * messages can be forwarded as one slice. A message that arrives in pieces is joined once, when its last byte is here, or,
 * if it is large, bit by bit from when half of it is here: to copy megabytes at once keeps all sessions waiting. Its length
 * is checked before anything is allocated, and that is never more than twice what has arrived. Or its beginning is taken by
 * `stream()` as it is, and the rest follows as frames of type REST until it ends.
 */
export const REST = 0

const HEADER_BYTES = 5
const LENGTH_BYTES_MIN = 4
const NOTHING = Buffer.alloc(0)
/** Up to this, the beginning of a message is copied rather than what it arrived in kept. */
const LET_GO_BYTES_MAX = 16 * 1024
/** What is smaller takes no time to join. */
const JOINED_AT_ONCE_BYTES_MAX = 1024 * 1024
/** Of what arrived before the second half, copied with each piece of that. */
const JOINED_WITH_EACH_BYTES = 512 * 1024

export class Framer {
  window: Buffer = NOTHING
  type = REST
  start = 0
  end = 0

  readonly #limits: FramerLimits
  readonly #chunks: Buffer[] = []
  #chunkBytes = 0
  #position = 0
  #wantedBytes = HEADER_BYTES
  #restBytes = 0
  /** The message that arrives, as far as it is joined; its pieces are kept until it is whole. */
  #joining: Buffer | null = null
  #joinedBytes = 0
  #joinedChunks = 0

  constructor(limits: FramerLimits) {
    this.#limits = limits
  }

  /** Bytes that arrived and were not given out. */
  get waitingBytes(): number {
    return this.window.length - this.#position + this.#chunkBytes
  }

  /** A large message arrives: what is pushed is kept until it is whole. */
  get collects(): boolean {
    return this.#wantedBytes > JOINED_AT_ONCE_BYTES_MAX
  }

  /** The message as it came. */
  get bytes(): Buffer {
    return this.window.subarray(this.start, this.end)
  }

  /** The stream stands between two messages: nothing of one has been given out that is not yet whole. */
  get atBoundary(): boolean {
    return this.#restBytes === 0
  }

  push(chunk: Buffer): void {
    if (chunk.length === 0) return
    this.#chunks.push(chunk)
    this.#chunkBytes += chunk.length
    if (this.#joining !== null) this.#join(this.#joining, JOINED_WITH_EACH_BYTES)
  }

  /** Copies the beginning of what is not whole. @returns whether nothing that was pushed is referred to any more */
  letGo(): boolean {
    const left = this.window.length - this.#position
    if (this.#chunks.length > 0 || left > LET_GO_BYTES_MAX) return false
    this.window = left === 0 ? NOTHING : Buffer.from(this.window.subarray(this.#position))
    this.#position = 0
    return true
  }

  /** @throws ProtocolError for a length or a type that cannot be */
  next(): boolean {
    if (this.#restBytes > 0) return this.#nextRest()
    for (;;) {
      const left = this.window.length - this.#position
      this.#wantedBytes = left < HEADER_BYTES ? HEADER_BYTES : 1 + this.#declaredLength()
      if (left >= this.#wantedBytes) return this.#give(this.window[this.#position] as number, this.#wantedBytes)
      if (!this.#refill(left)) return false
    }
  }

  /** The type of the message that has begun to arrive, once its header is here and `next()` returned false. */
  get begun(): number {
    return this.window.length - this.#position >= HEADER_BYTES ? (this.window[this.#position] as number) : REST
  }

  /** How long it will be; only where `begun` is a type. */
  get begunBytes(): number {
    return this.#wantedBytes
  }

  /** More messages of this type up to there, which somebody has looked through. */
  giveMore(end: number): void {
    this.#give(this.type, end - this.#position)
  }

  /** Gives out what has arrived of the message that has begun; what is missing follows as REST. */
  stream(): void {
    const left = this.window.length - this.#position
    this.#joining = null
    this.#restBytes = this.#wantedBytes - left
    this.#give(this.window[this.#position] as number, left)
    this.#wantedBytes = HEADER_BYTES
  }

  #nextRest(): boolean {
    if (this.#position === this.window.length && !this.#advance()) return false
    const count = Math.min(this.#restBytes, this.window.length - this.#position)
    this.#restBytes -= count
    return this.#give(REST, count)
  }

  #give(type: number, count: number): true {
    this.type = type
    this.start = this.#position
    this.end = this.#position + count
    this.#position = this.end
    return true
  }

  /** By hand: this is done for every row. */
  #declaredLength(): number {
    const { window } = this
    const at = this.#position
    const type = window[at] as number
    const low = ((window[at + 2] as number) << 16) | ((window[at + 3] as number) << 8) | (window[at + 4] as number)
    const length = (window[at + 1] as number) * 0x100_0000 + low
    const max = this.#limits.declaredBytesMax[type] as number
    if (max === 0) throw new ProtocolError('type_unknown', `invalid frontend message type ${type}`)
    if (length < LENGTH_BYTES_MIN || length > max) {
      throw new ProtocolError('length_out_of_range', 'invalid message length')
    }
    return length
  }

  /** Moves on to the next chunk, or joins as much as the message needs and no more. */
  #refill(left: number): boolean {
    if (left === 0) return this.#advance()
    const arrived = left + this.#chunkBytes
    const isWhole = arrived >= this.#wantedBytes
    if (!isWhole && (this.#wantedBytes <= JOINED_AT_ONCE_BYTES_MAX || arrived * 2 < this.#wantedBytes)) return false
    if (this.#wantedBytes > this.#limits.joinedBytesMax + 1) {
      if (!isWhole) return false
      throw new ProtocolError('length_out_of_range', 'message is too large to be looked at')
    }
    const joining = this.#joining ?? this.#beginJoining()
    if (isWhole) {
      this.#join(joining, Number.POSITIVE_INFINITY)
      this.#finishJoining(joining)
    }
    return isWhole
  }

  #beginJoining(): Buffer {
    this.#joining = Buffer.allocUnsafe(this.#wantedBytes)
    this.#joinedBytes = this.window.copy(this.#joining, 0, this.#position)
    this.#joinedChunks = 0
    return this.#joining
  }

  /** Whole pieces; the last may belong to the next message in part. */
  #join(joining: Buffer, bytesMax: number): void {
    let left = bytesMax
    for (let chunk = this.#chunks[this.#joinedChunks]; chunk !== undefined && left > 0; ) {
      if (this.#joinedBytes + chunk.length > joining.length) return
      this.#joinedBytes += chunk.copy(joining, this.#joinedBytes)
      left -= chunk.length
      chunk = this.#chunks[++this.#joinedChunks]
    }
  }

  #finishJoining(joining: Buffer): void {
    const wholeChunks = this.#chunks.splice(0, this.#joinedChunks)
    for (const chunk of wholeChunks) this.#chunkBytes -= chunk.length
    const [next] = this.#chunks
    if (next !== undefined && this.#joinedBytes < joining.length) {
      const count = next.copy(joining, this.#joinedBytes)
      this.#chunkBytes -= count
      this.#chunks[0] = next.subarray(count)
    }
    this.#joining = null
    this.window = joining
    this.#position = 0
  }

  #advance(): boolean {
    const chunk = this.#chunks.shift()
    this.window = chunk ?? NOTHING
    this.#position = 0
    this.#chunkBytes -= this.window.length
    return chunk !== undefined
  }
}
