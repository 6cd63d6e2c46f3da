import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

/** Stands between us and a database, and cuts a connection where a test says so. */
export interface CuttingRelay extends AsyncDisposable {
  readonly url: string
  /** The next time that a client sends this: it reaches the server, and the answer reaches nobody. */
  loseAnswerTo(text: string): void
  /** Everything that is connected is not any more. */
  cutAll(): void
  readonly cuts: number
}

export async function cuttingRelay(url: string): Promise<CuttingRelay> {
  const to = new URL(url)
  const open = new Set<Socket>()
  let lost: string | null = null
  let cuts = 0
  const server = createServer((client) => {
    const upstream = connect(Number(to.port), to.hostname)
    for (const [one, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      open.add(one)
      one.on('error', () => other.destroy())
      one.on('close', () => open.delete(one))
    }
    upstream.on('data', (bytes) => void client.write(bytes))
    upstream.on('close', () => client.destroy())
    client.on('close', () => upstream.end())
    client.on('data', (bytes) => {
      if (lost === null || !bytes.includes(lost)) return void upstream.write(bytes)
      lost = null
      cuts++
      upstream.removeAllListeners('data')
      // Until the server has answered, it has to hear that somebody is there.
      upstream.once('data', () => client.destroy())
      upstream.write(bytes)
    })
  })
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
  const through = new URL(url)
  through.hostname = '127.0.0.1'
  through.port = `${(server.address() as AddressInfo).port}`
  const cutAll = (): void => {
    for (const socket of open) socket.destroy()
  }
  return {
    url: through.href,
    loseAnswerTo: (text) => {
      lost = text
    },
    cutAll,
    get cuts() {
      return cuts
    },
    async [Symbol.asyncDispose]() {
      const closed = new Promise((resolve) => server.close(resolve))
      cutAll()
      await closed
    },
  }
}
