import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { freePort } from './global-setup.ts'

const run = promisify(execFile)
/** Debian's package takes a few seconds; a machine without a network must not hold the run up for long. */
const INSTALL_MS_MAX = 60_000

export interface TestRedis extends AsyncDisposable {
  readonly url: string
  /** Ends it as a crash would. Nothing is on disk, so what it held is gone. */
  kill(): Promise<void>
  /** Starts it again at the same address, empty. */
  start(): Promise<void>
}

/**
 * A Redis of its own on a free port, or null with a line that says why: it is not in npm, so it is taken from the
 * machine or, on Debian as root, from its package. The tests that need it are skipped then.
 */
export async function freshRedis(): Promise<TestRedis | null> {
  const binary = await redisServer()
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

async function redisServer(): Promise<string | null> {
  const found = await pathOf()
  if (found !== null || process.platform !== 'linux' || process.getuid?.() !== 0) return found
  // One file at a time asks apt, which locks; the others find the binary or wait for the same bound.
  await run('apt-get', ['install', '-y', '-q', '-o', 'DPkg::Lock::Timeout=50', 'redis-server'], {
    timeout: INSTALL_MS_MAX,
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' },
  }).catch(() => undefined)
  return pathOf()
}

async function pathOf(): Promise<string | null> {
  const found = await run('sh', ['-c', 'command -v redis-server']).catch(() => null)
  return found === null ? null : found.stdout.trim()
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
