import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { freePort } from '../../workflows/development/free-port.ts'
import { programPath } from './machine.ts'

export interface TestRedis extends AsyncDisposable {
  readonly url: string
  /** Ends it as a crash would. Nothing is on disk, so what it held is gone. */
  kill(): Promise<void>
  /** Starts it again at the same address, empty. */
  start(): Promise<void>
}

/**
 * A Redis of its own on a free port, or null with a line that says why: it is not in npm, so it is the machine's. The
 * tests that need it are skipped then.
 */
export async function freshRedis(): Promise<TestRedis | null> {
  const binary = programPath('redis-server')
  if (binary === null) {
    process.stderr.write('skipped: no redis-server on this machine (Debian: apt-get install redis-server)\n')
    return null
  }
  const folder = await mkdtemp(join(tmpdir(), 'holdpoint-redis-'))
  const port = await freePort()
  let server: ChildProcess | null = null
  const redis: TestRedis = {
    url: `redis://127.0.0.1:${port}`,
    async start() {
      server = await startServer(binary, port, folder)
    },
    async kill() {
      await ended(server)
      server = null
    },
    async [Symbol.asyncDispose]() {
      await ended(server)
      await rm(folder, { recursive: true, force: true })
    },
  }
  await redis.start()
  return redis
}

/** Several servers that stand for one Redis, as a team has them that outgrew one machine. */
export interface TestRedises extends AsyncDisposable {
  readonly url: string
  /** Of the servers that keep keys. */
  readonly nodes: readonly string[]
}

export interface TestSentinel extends TestRedises {
  /** The sentinel finds out by itself, and the replica takes its place. */
  loseMaster(): Promise<void>
}

/** A server and its replica, and a sentinel that says which of them is the master; null as above. */
export async function freshSentinel(): Promise<TestSentinel | null> {
  const binary = programPath('redis-server')
  if (binary === null) return null
  await using stack = new AsyncDisposableStack()
  const [redis, replica] = [stack.use((await freshRedis()) as TestRedis), stack.use((await freshRedis()) as TestRedis)]
  await following(replica, new URL(redis.url))
  const folder = await mkdtemp(join(tmpdir(), 'holdpoint-sentinel-'))
  stack.defer(() => rm(folder, { recursive: true, force: true }))
  const file = join(folder, 'sentinel.conf')
  const watched = `sentinel monitor shop ${new URL(redis.url).hostname} ${new URL(redis.url).port} 1`
  await writeFile(file, `${watched}\nsentinel down-after-milliseconds shop 500\nsentinel failover-timeout shop 3000\n`)
  const port = await freePort()
  const sentinel = await startServer(binary, port, folder, [file, '--sentinel'])
  stack.defer(() => ended(sentinel))
  const running = stack.move()
  return {
    url: `redis+sentinel://127.0.0.1:${port}/shop`,
    nodes: [redis.url],
    loseMaster: () => redis.kill(),
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  }
}

/** Resolves when it has all that its master has. */
async function following(replica: TestRedis, { hostname, port }: URL): Promise<void> {
  const client = new Redis(replica.url)
  try {
    await client.replicaof(hostname, Number(port))
    while (!String(await client.info('replication')).includes('master_link_status:up'))
      await new Promise((resolve) => setTimeout(resolve, 50))
  } finally {
    client.disconnect()
  }
}

/** Three servers that share the slots; null as above. */
export async function freshCluster(): Promise<TestRedises | null> {
  const binary = programPath('redis-server')
  if (binary === null) return null
  await using stack = new AsyncDisposableStack()
  const ports: number[] = []
  for (let n = 0; n < 3; n++) {
    const folder = await mkdtemp(join(tmpdir(), 'holdpoint-cluster-'))
    stack.defer(() => rm(folder, { recursive: true, force: true }))
    const port = await freePort()
    const more = [
      '--cluster-enabled',
      'yes',
      '--cluster-port',
      `${await freePort()}`,
      '--cluster-require-full-coverage',
      'yes',
    ]
    const server = await startServer(binary, port, folder, [], more)
    stack.defer(() => ended(server))
    ports.push(port)
  }
  await joinNodes(ports)
  const running = stack.move()
  return {
    url: `redis+cluster://${ports.map((port) => `127.0.0.1:${port}`).join(',')}`,
    nodes: ports.map((port) => `redis://127.0.0.1:${port}`),
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  }
}

const SLOTS = 16_384

async function joinNodes(ports: readonly number[]): Promise<void> {
  const clients = ports.map((port) => new Redis({ port, host: '127.0.0.1' }))
  const share = Math.ceil(SLOTS / clients.length)
  try {
    await Promise.all(
      clients.map((client, n) =>
        client.call('CLUSTER', 'ADDSLOTSRANGE', n * share, Math.min((n + 1) * share, SLOTS) - 1),
      ),
    )
    const busPort = async (n: number): Promise<string> =>
      String(((await (clients[n] as Redis).config('GET', 'cluster-port')) as string[])[1])
    for (let n = 1; n < clients.length; n++)
      await clients[0]?.call('CLUSTER', 'MEET', '127.0.0.1', ports[n] as number, await busPort(n))
    const whole = async (client: Redis): Promise<boolean> => {
      const said = String(await client.call('CLUSTER', 'INFO'))
      return said.includes('cluster_state:ok') && said.includes(`cluster_known_nodes:${ports.length}`)
    }
    while (!(await Promise.all(clients.map(whole))).every(Boolean))
      await new Promise((resolve) => setTimeout(resolve, 50))
  } finally {
    for (const client of clients) client.disconnect()
  }
}

function startServer(
  binary: string,
  port: number,
  folder: string,
  first: readonly string[] = [],
  more: readonly string[] = [],
): Promise<ChildProcess> {
  const memoryOnly = first.length > 0 ? [] : ['--save', '', '--appendonly', 'no']
  const settings = [...first, '--port', `${port}`, '--bind', '127.0.0.1', '--dir', folder, ...memoryOnly, ...more]
  const server = spawn(binary, settings, { stdio: ['ignore', 'pipe', 'ignore'] })
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.once('exit', () => reject(new Error('redis-server ended at once')))
    server.stdout?.on('data', (chunk: Buffer) => {
      if (/eady to accept connections|\+monitor|Sentinel ID is/.test(chunk.toString('utf8'))) resolve(server)
    })
  })
}

function ended(server: ChildProcess | null): Promise<void> {
  if (server === null || server.exitCode !== null || server.signalCode !== null) return Promise.resolve()
  return new Promise((resolve) => {
    server.once('exit', () => resolve())
    server.kill('SIGKILL')
  })
}
