import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

/** A message that stands still on its way to the server, with all that comes behind it. */
export interface HeldMessage {
  /** Resolves when it has come, and what was to come behind it. */
  readonly came: Promise<void>
  release(): void
}

/** Stands between Holdpoint and the server, and holds a session's message back where a test says so. */
export interface HoldingRelay extends AsyncDisposable {
  readonly port: number
  /** The next message of this session, by its application_name, of which this is true, and until when. */
  hold(application: string, isIt: IsIt, behind?: IsIt): HeldMessage
}

export type IsIt = (type: string, message: Buffer) => boolean

interface Order {
  readonly application: string
  readonly isIt: IsIt
  readonly behind: IsIt | undefined
  readonly came: () => void
  readonly released: Promise<void>
}

export async function holdingRelay(url: string): Promise<HoldingRelay> {
  const to = new URL(url)
  const open = new Set<Socket>()
  let order: Order | null = null
  const take = (application: string, type: string, message: Buffer): Order | null => {
    if (order === null || !application.includes(order.application) || !order.isIt(type, message)) return null
    const taken = order
    order = null
    return taken
  }
  const server = createServer((client) => {
    const upstream = connect({ host: to.hostname, port: Number(to.port), noDelay: true })
    for (const [one, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      open.add(one)
      one.on('error', () => other.destroy())
      one.on('close', () => {
        open.delete(one)
        other.destroy()
      })
    }
    upstream.on('data', (bytes) => void client.write(bytes))
    relay(client, upstream, take)
  })
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as AddressInfo).port,
    hold(application, isIt, behind) {
      const came = Promise.withResolvers<void>()
      const released = Promise.withResolvers<void>()
      order = { application, isIt, behind, came: came.resolve, released: released.promise }
      return { came: came.promise, release: released.resolve }
    },
    async [Symbol.asyncDispose]() {
      const closed = new Promise((resolve) => server.close(resolve))
      for (const socket of open) socket.destroy()
      await closed
    },
  }
}

/** Message by message, so that what comes before the one that is held goes on. */
function relay(client: Socket, upstream: Socket, take: (...it: [string, string, Buffer]) => Order | null): void {
  let waiting = Buffer.alloc(0)
  let startup: string | null = null
  let standing: Order | null = null
  const goOn = (): void => {
    while (standing === null) {
      const message = firstOf(waiting, startup === null ? 0 : 1)
      if (message === null) return
      standing = startup === null ? null : take(startup, typeOf(message), message)
      if (standing !== null) {
        void standing.released.then(() => {
          standing = null
          goOn()
        })
        return
      }
      startup ??= message.toString('latin1')
      waiting = waiting.subarray(message.length)
      upstream.write(message)
    }
  }
  client.on('data', (bytes: Buffer) => {
    waiting = Buffer.concat([waiting, bytes])
    goOn()
    if (standing !== null && hasCome(waiting, standing.behind)) standing.came()
  })
}

function hasCome(waiting: Buffer, behind: IsIt | undefined): boolean {
  if (behind === undefined) return true
  let rest = waiting
  for (let message = firstOf(rest, 1); message !== null; message = firstOf(rest, 1)) {
    if (behind(typeOf(message), message)) return true
    rest = rest.subarray(message.length)
  }
  return false
}

/** @param header 1 where a type stands before the length */
function firstOf(bytes: Buffer, header: 0 | 1): Buffer | null {
  if (bytes.length < header + 4) return null
  const length = header + bytes.readUInt32BE(header)
  return bytes.length < length ? null : bytes.subarray(0, length)
}

function typeOf(message: Buffer): string {
  return String.fromCharCode(message[0] as number)
}
