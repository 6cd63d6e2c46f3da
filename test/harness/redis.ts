import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from './global-setup.ts'
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

function startServer(binary: string, port: number, folder: string): Promise<ChildProcess> {
  const settings = ['--port', `${port}`, '--bind', '127.0.0.1', '--dir', folder, '--save', '', '--appendonly', 'no']
  const server = spawn(binary, settings, { stdio: ['ignore', 'pipe', 'ignore'] })
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.once('exit', () => reject(new Error('redis-server ended at once')))
    server.stdout?.on('data', (chunk: Buffer) => {
      if (chunk.includes('eady to accept connections')) resolve(server)
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
