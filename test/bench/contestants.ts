import { type ChildProcess, spawn } from 'node:child_process'
import { chmodSync, chownSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { freePort } from '../../workflows/development/free-port.ts'

/** One of the ways to the same database that are compared. */
export interface Contestant {
  readonly name: string
  /** postgres://…, plain text on loopback for all of them. */
  readonly url: string
  /** CPU seconds of its own processes so far; null where that cannot be told. */
  cpuSeconds(): number | null
}

interface Owned extends Contestant, AsyncDisposable {}

export interface HoldpointTree extends Owned {
  /** The database behind it. */
  readonly upstream: string
  readonly data: string
  /** Of the console. */
  readonly api: string
  /** Of one of the sample people. */
  token(name: string): string
  /** Resident now, of the proxy processes and of the process that is worker and bot; NaN where that cannot be told. */
  proxyMegabytes(): number
  mainMegabytes(): number
}

const ENTRY = join(import.meta.dirname, '..', '..', 'holdpoint.ts')
const START_MS_MAX = 300_000

/** Holdpoint as it ships, with its own sample database and everything switched on. */
export async function startHoldpoint(
  data: string,
  workers: number,
  more: Readonly<Record<string, string>> = {},
): Promise<HoldpointTree> {
  const child = spawn(process.execPath, [ENTRY, 'start', '--json', '--data', data, '--port', '0'], {
    env: { ...process.env, ...more, HOLDPOINT_PROXY_WORKERS: `${workers}` },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ready = JSON.parse(await firstLine(child, (line) => line.startsWith('{'))) as ReadyLine
  const identity = ready.identities.find(({ kind }) => kind === 'human')
  if (identity === undefined) throw new Error('start names no person to connect as')
  return {
    name: workers === 1 ? 'Holdpoint' : `Holdpoint (${workers} workers)`,
    url: plain(identity.postgres),
    upstream: plain(ready.upstream),
    data,
    api: ready.api,
    token: (name) => ready.identities.find((one) => one.name === name)?.token ?? '',
    proxyMegabytes: () => residentOf(childrenOf(ready.pid).filter(isProxy)),
    mainMegabytes: () => residentOf([ready.pid]),
    cpuSeconds: () => cpuOf(childrenOf(ready.pid).filter(isProxy)),
    [Symbol.asyncDispose]: () => end(child),
  }
}

interface ReadyLine {
  readonly pid: number
  readonly upstream: string
  readonly api: string
  readonly identities: readonly {
    readonly name: string
    readonly kind: string
    readonly postgres: string
    readonly token: string
  }[]
}

/** Another proxy with one process, in front of the same database and with the same policies and people. */
export async function startOneWorker(
  tree: HoldpointTree,
  folder: string,
  more: Readonly<Record<string, unknown>> = {},
): Promise<Owned> {
  const config = JSON.parse(readFileSync(join(tree.data, 'config.json'), 'utf8'))
  const data = join(folder, 'one-worker')
  mkdirSync(data)
  const file = join(data, 'one-worker.json')
  // In development the log goes to a file; the port is said in the log.
  const proxy = { ...config.proxy, port: 0, workers: 1 }
  const doors = { ...config.doors, port: 0 }
  writeFileSync(file, JSON.stringify({ ...config, data, proxy, doors, log: { level: 'info' }, ...more }), {
    mode: 0o600,
  })
  const child = spawn(process.execPath, [ENTRY, 'proxy', '--config', file], { stdio: ['ignore', 'ignore', 'pipe'] })
  const line = await firstLine(child, (text) => text.includes('the proxy listens'))
  const url = new URL(tree.url)
  url.port = `${(JSON.parse(line) as { readonly port: number }).port}`
  return {
    name: 'Holdpoint (1 worker)',
    url: url.href,
    cpuSeconds: () => cpuOf(childrenOf(child.pid as number)),
    [Symbol.asyncDispose]: () => end(child),
  }
}

/** PgBouncer with session pooling and its defaults, but for a pool that has room for the clients. */
export async function startPgbouncer(program: string, upstream: string, folder: string): Promise<Owned> {
  const to = new URL(upstream)
  const database = to.pathname.slice(1)
  const port = await freePort()
  const file = join(folder, 'pgbouncer.ini')
  const target = `host=${to.hostname} port=${to.port} dbname=${database} user=${to.username} password=${decodeURIComponent(to.password)}`
  const settings = [
    `listen_port = ${port}`,
    'listen_addr = 127.0.0.1',
    'unix_socket_dir =',
    'auth_type = any',
    'pool_mode = session',
    'default_pool_size = 64',
  ]
  writeFileSync(file, `[databases]\n${database} = ${target}\n[pgbouncer]\n${settings.join('\n')}\n`, { mode: 0o600 })
  // It refuses to run as root.
  const asRoot = process.getuid?.() === 0
  if (asRoot) {
    chmodSync(folder, 0o755)
    chownSync(file, NOBODY, NOBODY)
  }
  const child = spawn(program, ['-q', file], {
    stdio: ['ignore', 'ignore', 'inherit'],
    ...(asRoot ? { uid: NOBODY, gid: NOBODY } : {}),
  })
  const url = `postgres://${to.username}@127.0.0.1:${port}/${database}?sslmode=disable`
  await untilConnects(url)
  return {
    name: 'PgBouncer',
    url,
    cpuSeconds: () => cpuOf([child.pid as number]),
    [Symbol.asyncDispose]: () => end(child),
  }
}

const NOBODY = 65_534

export function direct(upstream: string): Contestant {
  return { name: 'direct', url: upstream, cpuSeconds: () => null }
}

/** A URL without its password, which goes into the environment: a process list is no place for it. */
export function connection(url: string): { readonly url: string; readonly env: Readonly<Record<string, string>> } {
  const parsed = new URL(url)
  const password = decodeURIComponent(parsed.password)
  parsed.password = ''
  return { url: parsed.href, env: { PGPASSWORD: password, PGGSSENCMODE: 'disable' } }
}

function plain(url: string): string {
  const parsed = new URL(url)
  parsed.search = '?sslmode=disable'
  return parsed.href
}

function firstLine(child: ChildProcess, wanted: (line: string) => boolean): Promise<string> {
  const stream = child.stdout ?? child.stderr
  if (stream === null) throw new Error('a process without output')
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error('Holdpoint did not start in time')), START_MS_MAX)
    createInterface({ input: stream }).on('line', (line) => {
      if (!wanted(line)) return
      clearTimeout(timer)
      resolve(line)
    })
    child.once('exit', (status) => reject(new Error(`Holdpoint ended while it started (${status})`)))
  })
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const gone = new Promise((resolve) => child.once('exit', resolve))
  child.kill('SIGTERM')
  await Promise.race([gone, sleep(30_000, undefined, { ref: false })])
  child.kill('SIGKILL')
}

async function untilConnects(url: string): Promise<void> {
  for (let attempt = 0; ; attempt++) {
    const client = new pg.Client(url)
    try {
      await client.connect()
      await client.end()
      return
    } catch (error) {
      if (attempt === 50) throw error
      await sleep(100)
    }
  }
}

/** Linux only; elsewhere there are none, and CPU is not reported. */
function childrenOf(pid: number): number[] {
  try {
    const tasks = readdirSync(`/proc/${pid}/task`)
    const direct = tasks.flatMap((task) => readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8').split(' '))
    return direct.filter((child) => child !== '').flatMap((child) => [Number(child), ...childrenOf(Number(child))])
  } catch {
    return []
  }
}

function isProxy(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('proxy-worker')
  } catch {
    return false
  }
}

const TICKS_PER_SECOND = 100

function residentOf(pids: readonly number[]): number {
  try {
    const kilobytes = pids.map((pid) => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]))
    return kilobytes.reduce((sum, own) => sum + own, 0) / 1_024
  } catch {
    return Number.NaN
  }
}

function cpuOf(pids: readonly number[]): number | null {
  try {
    const ticks = pids.map((pid) => {
      const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
        .replace(/^.*\) /, '')
        .split(' ')
      return Number(fields[11]) + Number(fields[12])
    })
    return pids.length === 0 ? null : ticks.reduce((sum, own) => sum + own, 0) / TICKS_PER_SECOND
  } catch {
    return null
  }
}
