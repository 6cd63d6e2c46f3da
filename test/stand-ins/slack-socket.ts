import { createHash, randomUUID } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'

/**
 * The server's side of Socket Mode: a real WebSocket (RFC 6455) per link, whose ticket is good once and for a short
 * time. It says hello, sends envelopes and remembers which were acknowledged, answers pings, and ends a connection as
 * Slack does, by `disconnect` and by force.
 */
const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11'
const TICKET_MS = 60_000
const CONNECTIONS_MAX = 10
const OPCODE = { text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const

interface Envelope {
  readonly type: 'interactive' | 'slash_commands' | 'events_api'
  readonly payload: unknown
  readonly acceptsResponse: boolean
  readonly retryAttempt?: number
}

export class SlackSockets {
  readonly acknowledged: { readonly envelope: string; readonly payload: unknown }[] = []
  /** What a client sent that the real one would not take. */
  readonly faults: string[] = []
  hellos = 0
  readonly #tickets = new Map<string, number>()
  readonly #open = new Set<Duplex>()
  readonly #waiting = new Map<string, (payload: unknown) => void>()
  readonly #now: () => number

  constructor(now: () => number) {
    this.#now = now
  }

  get open(): number {
    return this.#open.size
  }

  ticket(): string {
    const ticket = randomUUID()
    this.#tickets.set(ticket, this.#now() + TICKET_MS)
    return ticket
  }

  upgrade(request: IncomingMessage, socket: Duplex): void {
    const ticket = new URL(request.url ?? '/', 'http://slack').searchParams.get('ticket') ?? ''
    const until = this.#tickets.get(ticket)
    const key = request.headers['sec-websocket-key']
    if (until === undefined || until < this.#now() || key === undefined || this.#open.size >= CONNECTIONS_MAX) {
      socket.end('HTTP/1.1 403 Forbidden\r\nconnection: close\r\n\r\n')
      return
    }
    this.#tickets.delete(ticket)
    const accept = createHash('sha1').update(`${key}${GUID}`).digest('base64')
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade\r\nsec-websocket-accept: ${accept}\r\n\r\n`,
    )
    this.#open.add(socket)
    socket.on('error', () => undefined)
    socket.on('close', () => this.#open.delete(socket))
    this.#read(socket)
    this.#say(socket, {
      type: 'hello',
      num_connections: this.#open.size,
      debug_info: { host: 'stand-in', approximate_connection_time: 18_060 },
      connection_info: { app_id: 'A0HOLD001' },
    })
    this.hellos++
  }

  /** Sends to one of the connections, as Slack does, and waits for its acknowledgement. @throws when there is none */
  async send(envelope: Envelope, id: string = randomUUID()): Promise<unknown> {
    const socket = [...this.#open].at(-1)
    if (socket === undefined) throw new Error('no socket is open')
    const { promise, resolve, reject } = Promise.withResolvers<unknown>()
    const late = setTimeout(() => reject(new Error(`the envelope ${id} was not acknowledged`)), 3_000)
    this.#waiting.set(id, resolve)
    this.#say(socket, {
      type: envelope.type,
      payload: envelope.payload,
      envelope_id: id,
      accepts_response_payload: envelope.acceptsResponse,
      ...(envelope.type === 'events_api' ? { retry_attempt: envelope.retryAttempt ?? 0, retry_reason: '' } : {}),
    })
    return promise.finally(() => clearTimeout(late))
  }

  /** `warning` and `refresh_requested` ask the client to come again; Slack closes some seconds later in any case. */
  refresh(reason: 'warning' | 'refresh_requested'): void {
    for (const socket of this.#open) this.#say(socket, { type: 'disconnect', reason, debug_info: { host: 'stand-in' } })
  }

  /** The network goes away: no close frame. */
  cut(): void {
    for (const socket of this.#open) socket.destroy()
  }

  #say(socket: Duplex, message: object): void {
    socket.write(frame(OPCODE.text, Buffer.from(JSON.stringify(message))))
  }

  #read(socket: Duplex): void {
    let rest = Buffer.alloc(0)
    socket.on('data', (chunk: Buffer) => {
      rest = Buffer.concat([rest, chunk])
      for (;;) {
        const message = unframe(rest)
        if (message === null) return
        rest = rest.subarray(message.length)
        this.#take(socket, message)
      }
    })
  }

  #take(socket: Duplex, { opcode, masked, body }: Message): void {
    if (!masked) this.faults.push('a client’s frame must be masked')
    if (opcode === OPCODE.ping) return void socket.write(frame(OPCODE.pong, body))
    if (opcode === OPCODE.close) return void socket.end(frame(OPCODE.close, body))
    if (opcode !== OPCODE.text) return
    const said = JSON.parse(body.toString('utf8')) as { readonly envelope_id?: string; readonly payload?: unknown }
    const waiting = this.#waiting.get(said.envelope_id ?? '')
    if (waiting === undefined) return void this.faults.push(`acknowledged what was not sent: ${said.envelope_id}`)
    this.#waiting.delete(said.envelope_id ?? '')
    this.acknowledged.push({ envelope: said.envelope_id ?? '', payload: said.payload })
    waiting(said.payload)
  }
}

interface Message {
  readonly opcode: number
  readonly masked: boolean
  readonly body: Buffer
  /** Of the frame. */
  readonly length: number
}

/** Server frames are whole and not masked; RFC 6455, 5.2. */
function frame(opcode: number, body: Buffer): Buffer {
  const head =
    body.length < 126
      ? Buffer.from([0x80 | opcode, body.length])
      : body.length < 65_536
        ? Buffer.from([0x80 | opcode, 126, body.length >> 8, body.length & 0xff])
        : Buffer.concat([Buffer.from([0x80 | opcode, 127, 0, 0, 0, 0]), uint32(body.length)])
  return Buffer.concat([head, body])
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}

function unframe(bytes: Buffer): Message | null {
  if (bytes.length < 2) return null
  const [first = 0, second = 0] = bytes
  const masked = (second & 0x80) !== 0
  const short = second & 0x7f
  const extra = short === 126 ? 2 : short === 127 ? 8 : 0
  const start = 2 + extra + (masked ? 4 : 0)
  if (bytes.length < start) return null
  const size = short === 126 ? bytes.readUInt16BE(2) : short === 127 ? Number(bytes.readBigUInt64BE(2)) : short
  if (bytes.length < start + size) return null
  const mask = bytes.subarray(2 + extra, start)
  const body = Buffer.from(bytes.subarray(start, start + size))
  if (masked) for (let at = 0; at < body.length; at++) body[at] = (body[at] as number) ^ (mask[at % 4] as number)
  return { opcode: first & 0x0f, masked, body, length: start + size }
}
