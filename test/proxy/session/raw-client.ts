import { connect, type Socket } from 'node:net'
import { serialize } from 'pg-protocol'
import { Scram } from '../../../proxy/session/upstream/scram.ts'
import { Framer } from '../../../proxy/wire/framer.ts'
import { framerLimits } from '../../../proxy/wire/framer-limits.ts'
import { decodeReport } from '../../../proxy/wire/messages/error-response.ts'

/** One message as the server sent it. */
export interface Message {
  readonly type: string
  readonly bytes: Buffer
}

/** Speaks the protocol byte by byte, to Holdpoint and to PostgreSQL alike, and keeps everything that comes back. */
export class RawClient {
  readonly socket: Socket
  readonly received: Message[] = []
  readonly #framer = new Framer(framerLimits(1 << 30, () => 1 << 30))
  #taken = 0
  #closed = false
  #wake: () => void = () => undefined

  constructor(socket: Socket) {
    this.socket = socket
    socket.on('data', (chunk: Buffer) => {
      this.#framer.push(chunk)
      while (this.#framer.next()) {
        const bytes = Buffer.from(this.#framer.bytes)
        this.received.push({ type: String.fromCharCode(bytes[0] as number), bytes })
      }
      this.#wake()
    })
    socket.on('error', () => undefined)
    socket.on('close', () => {
      this.#closed = true
      this.#wake()
    })
  }

  /** Connects and signs in. */
  static async open(url: string, parameters: Record<string, string> = {}): Promise<RawClient> {
    const { hostname, port, username, password, pathname } = new URL(url)
    const client = new RawClient(connect({ host: hostname, port: Number(port), noDelay: true }))
    client.send(serialize.startup({ user: username, database: pathname.slice(1), ...parameters }))
    await client.signIn(decodeURIComponent(password))
    return client
  }

  async signIn(password: string): Promise<void> {
    const scram = new Scram(password)
    for (;;) {
      const { type, bytes } = await this.next()
      if (type === 'E') throw new Error(`refused: ${decodeReport(bytes).get('C')} ${decodeReport(bytes).get('M')}`)
      if (type === 'Z') return
      if (type !== 'R') continue
      const kind = bytes.readUInt32BE(5)
      if (kind === 3) this.send(serialize.password(password))
      if (kind === 10) this.send(serialize.sendSASLInitialResponseMessage('SCRAM-SHA-256', scram.first))
      if (kind === 11) {
        this.send(serialize.sendSCRAMClientFinalMessage(await scram.final(bytes.toString('utf8', 9))))
      }
    }
  }

  send(...messages: readonly Buffer[]): void {
    this.socket.write(Buffer.concat(messages))
  }

  async next(): Promise<Message> {
    while (this.#taken === this.received.length) {
      if (this.#closed) throw new Error('the connection is closed')
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
    return this.received[this.#taken++] as Message
  }

  /** Everything up to the next message of this type, itself included. */
  async until(type: string, count = 1): Promise<readonly Message[]> {
    const messages: Message[] = []
    for (let left = count; left > 0; ) {
      const message = await this.next()
      messages.push(message)
      if (message.type === type) left--
    }
    return messages
  }

  /** Everything until the other side closes. */
  async toTheEnd(): Promise<readonly Message[]> {
    const messages: Message[] = []
    for (;;) {
      if (this.#closed && this.#taken === this.received.length) return messages
      const message = await this.next().catch(() => null)
      if (message !== null) messages.push(message)
    }
  }

  async ask(sql: string): Promise<readonly Message[]> {
    this.send(serialize.query(sql))
    return this.until('Z')
  }

  close(): void {
    this.socket.destroy()
  }
}

/** What matters of messages, a line each: E 42501, Z I, C SELECT 1, D one|two. */
export function transcript(messages: readonly Message[]): readonly string[] {
  return messages.map(({ type, bytes }) => {
    if (type === 'E' || type === 'N') return `${type} ${decodeReport(bytes).get('C')}`
    if (type === 'Z') return `Z ${String.fromCharCode(bytes[5] as number)}`
    if (type === 'C') return `C ${bytes.toString('utf8', 5, bytes.length - 1)}`
    if (type === 'D') return `D ${rowOf(bytes).join('|')}`
    return type
  })
}

export function rowOf(bytes: Buffer): readonly (string | null)[] {
  let at = 7
  return Array.from({ length: bytes.readUInt16BE(5) }, () => {
    const length = bytes.readInt32BE(at)
    at += 4
    if (length === -1) return null
    at += length
    return bytes.toString('utf8', at - length, at)
  })
}

export function reportOf(messages: readonly Message[]): Partial<Record<string, string>> {
  const report = messages.find(({ type }) => type === 'E')
  return report === undefined ? {} : Object.fromEntries(decodeReport(report.bytes))
}
