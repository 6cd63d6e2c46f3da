import { once } from 'node:events'
import { createServer, type Socket, connect as to } from 'node:net'

/** A way to a server on which connections can die as behind a firewall that forgets them: nobody is told. */
export interface Relay extends AsyncDisposable {
  readonly url: string
  /** Of those there are now, nothing arrives any more. New ones work. */
  silence(): void
}

export async function relayTo(url: string): Promise<Relay> {
  const target = new URL(url)
  const pairs = new Set<readonly [Socket, Socket]>()
  const server = createServer((near) => {
    const far = to({ host: target.hostname, port: Number(target.port) })
    for (const [from, into] of [
      [near, far],
      [far, near],
    ] as const) {
      from.on('error', () => into.destroy())
      from.on('close', () => into.destroy())
      from.pipe(into)
    }
    pairs.add([near, far])
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const relayed = new URL(url)
  relayed.hostname = '127.0.0.1'
  relayed.port = `${(server.address() as { port: number }).port}`
  return {
    url: relayed.href,
    silence: () => {
      for (const pair of pairs) for (const socket of pair) socket.unpipe().resume()
      pairs.clear()
    },
    async [Symbol.asyncDispose]() {
      server.close()
      for (const pair of pairs) for (const socket of pair) socket.destroy()
    },
  }
}
