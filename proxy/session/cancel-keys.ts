import { randomBytes, randomInt, timingSafeEqual } from 'node:crypto'

/**
 * The cancel keys of one process's sessions. A key is what BackendKeyData carries after its header: a process id, which
 * finds the session, and a secret, which proves that the canceller was told it.
 */
const PROCESS_ID_BYTES = 4
/** Protocol 3.2 allows long secrets; before it the field is one integer. */
const SECRET_BYTES = { short: 4, long: 32 } as const

export class CancelKeys<Session> {
  readonly #entries = new Map<number, { readonly key: Buffer; readonly session: Session }>()

  issue(session: Session, protocolMinor: number): Buffer {
    let processId = randomInt(1, 0x7fff_ffff)
    while (this.#entries.has(processId)) processId = randomInt(1, 0x7fff_ffff)
    const secretBytes = protocolMinor >= 2 ? SECRET_BYTES.long : SECRET_BYTES.short
    const key = Buffer.concat([Buffer.alloc(PROCESS_ID_BYTES), randomBytes(secretBytes)])
    key.writeInt32BE(processId)
    this.#entries.set(processId, { key, session })
    return key
  }

  /** The session whose key this is; undefined for any other, in the same time however much of it is right. */
  find(key: Buffer): Session | undefined {
    if (key.length < PROCESS_ID_BYTES) return undefined
    const entry = this.#entries.get(key.readInt32BE(0))
    if (entry === undefined || entry.key.length !== key.length) return undefined
    return timingSafeEqual(entry.key, key) ? entry.session : undefined
  }

  release(key: Buffer): void {
    const processId = key.readInt32BE(0)
    if (this.#entries.get(processId)?.key === key) this.#entries.delete(processId)
  }
}
