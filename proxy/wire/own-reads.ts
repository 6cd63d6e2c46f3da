/**
 * Where a connection's bytes are read to: memory that belongs to that one connection from the day it is made, so that
 * whatever a mistake leaves behind in it, nobody but the same session could ever see.
 *
 *   lent to the kernel ──bytes──▶ with the session ──nothing refers to it──▶ lent again
 *                                        └──a message, a write or anything else still does──▶ the collector's
 *
 * Node's own way makes 64 kB anew for every read, and their page faults cost more than all that is done with a row.
 * Between results only the small one is held; the large one is the collector's to take when memory is short.
 * https://nodejs.org/api/net.html#socketconnectoptions-connectlistener (onread)
 */
export type Receive = (chunk: Buffer) => boolean

const SMALL_BYTES = 8 * 1024
const LARGE_BYTES = 64 * 1024
/** What brings so much at once goes on, most of the time. */
const LARGE_FROM_BYTES = 4 * 1024
const READY_BYTES = 6
const READY = 0x5a

let poison = false

/** For tests: what was read is overwritten as soon as nothing may refer to it any more. */
export function poisonWhatWasRead(): void {
  poison = true
}

export class OwnReads {
  #small: Buffer = Buffer.allocUnsafeSlow(SMALL_BYTES)
  #large: WeakRef<Buffer> | null = null
  #next: Buffer = this.#small
  #receive: Receive

  /** @param receive takes what has arrived, and says whether nothing refers to it any more */
  constructor(receive: Receive) {
    this.#receive = receive
  }

  /** What arrives from now on goes there. */
  goesTo(receive: Receive): void {
    this.#receive = receive
  }

  /** For net.connect: asked for a buffer once at first, and then behind every read. */
  get onread() {
    return {
      buffer: (): Buffer => this.#next,
      callback: (count: number, buffer: Uint8Array): boolean => {
        this.#arrived(buffer as Buffer, count)
        return true
      },
    }
  }

  #arrived(buffer: Buffer, count: number): void {
    const goesOn = count >= LARGE_FROM_BYTES && !endsResult(buffer, count)
    // If it throws, the buffer is not lent again either.
    this.#next = NONE
    let free = false
    try {
      free = this.#receive(buffer.subarray(0, count))
    } finally {
      if (!free) this.#forget(buffer)
      this.#next = goesOn ? this.#ownLarge() : this.#small
    }
    if (poison && free) buffer.fill(POISON, 0, count)
  }

  #forget(buffer: Buffer): void {
    if (buffer === this.#small) this.#small = Buffer.allocUnsafeSlow(SMALL_BYTES)
    else this.#large = null
  }

  #ownLarge(): Buffer {
    const known = this.#large?.deref()
    if (known !== undefined) return known
    const made = Buffer.allocUnsafeSlow(LARGE_BYTES)
    this.#large = new WeakRef(made)
    return made
  }
}

const POISON = 0xdd
const NONE = Buffer.alloc(0)

/** ReadyForQuery: what comes next answers something else. To be wrong costs one more read. */
function endsResult(buffer: Buffer, count: number): boolean {
  return count >= READY_BYTES && buffer[count - READY_BYTES] === READY && buffer[count - 2] === READY_BYTES - 1
}
