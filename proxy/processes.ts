import { type ChildProcess, fork } from 'node:child_process'
import { setTimeout as delay } from 'node:timers/promises'
import type { Log } from '../log.ts'
import { closedWithin } from '../signals.ts'
import { ProxyError } from './errors.ts'
import type { FromProxy, ToProxy } from './process-messages.ts'

/**
 * The proxy processes, all on one port (the kernel spreads the clients):
 *
 *   forked ──ready──▶ serving ──exit──▶ waiting (0.1 s, doubling to 10 s) ──▶ forked
 *     │                  │
 *     └──failed──▶ the start fails     └──stop──▶ draining ──exit, or drainMs and SIGKILL──▶ gone
 *
 * A process whose channel is lost ends itself, so none outlives this one, however it dies.
 */
export interface ProxiesOptions {
  /** The command line's own file; it knows `proxy-worker`. */
  readonly entry: string
  readonly arguments: readonly string[]
  readonly env: Readonly<Record<string, string | undefined>>
  readonly count: number
  readonly log: Log
  /** How long the processes may drain. */
  readonly drainMs: number
  readonly now?: () => number
}

export interface Proxies {
  readonly port: number
  /** Of those that run now. */
  readonly pids: readonly number[]
  close(): Promise<void>
}

/**
 * Young objects get the room that the tree of a long statement needs, or it is copied twice while it is walked, and read
 * buffers are collected by their own count (wire/read-buffers.ts).
 * One helping thread, not four: helpers that mark for a full collection take the cores from the thread that serves, which
 * then waited 8 to 17 ms for one while it worked for 1 to 3 (100 clients, two cores).
 */
export const PROXY_MEMORY: readonly string[] = ['--max-semi-space-size=8', '--expose-gc', '--v8-pool-size=1']
const BACKOFF_MS = 100
const BACKOFF_MS_MAX = 10_000
const STEADY_MS = 60_000

/** @throws ProxyError start_failed with the reason of the first process that could not start */
export async function startProxies(options: ProxiesOptions): Promise<Proxies> {
  const pool = new ProxyPool(options)
  try {
    const ports = await Promise.all(Array.from({ length: options.count }, (_, index) => pool.start(index + 1)))
    return {
      port: ports[0] as number,
      get pids() {
        return pool.pids
      },
      close: () => pool.close(),
    }
  } catch (cause) {
    await pool.close()
    throw cause
  }
}

class ProxyPool {
  readonly #options: ProxiesOptions
  readonly #now: () => number
  readonly #running = new Map<number, ChildProcess>()
  readonly #waiting = new AbortController()
  #closing = false

  constructor(options: ProxiesOptions) {
    this.#options = options
    this.#now = options.now ?? Date.now
  }

  get pids(): readonly number[] {
    return [...this.#running.values()].map((child) => child.pid as number)
  }

  /** Resolves with the port once the process serves; from then on it is kept alive. */
  async start(number: number): Promise<number> {
    const child = this.#fork(number)
    const port = await serving(child)
    this.#keepAlive(number, child, BACKOFF_MS)
    return port
  }

  async close(): Promise<void> {
    this.#closing = true
    this.#waiting.abort()
    await Promise.all([...this.#running.values()].map((child) => this.#end(child)))
  }

  #fork(number: number): ChildProcess {
    const child = fork(this.#options.entry, [...this.#options.arguments, '--number', `${number}`], {
      serialization: 'advanced',
      // Ctrl-C in a terminal reaches the whole process group; who ends, and when, is decided here.
      detached: true,
      env: this.#options.env,
      execArgv: [...process.execArgv, ...PROXY_MEMORY],
      stdio: ['ignore', 2, 2, 'ipc'],
    })
    this.#running.set(number, child)
    child.on('message', (message: FromProxy) => {
      if (message.kind === 'cancel' || message.kind === 'definitions') this.#relay(child, message)
    })
    child.on('error', (err) => this.#options.log.error({ err, number }, 'a proxy process could not be reached'))
    return child
  }

  #relay(from: ChildProcess, message: ToProxy): void {
    for (const child of this.#running.values()) if (child !== from) tell(child, message)
  }

  #keepAlive(number: number, child: ChildProcess, backoffMs: number): void {
    const began = this.#now()
    child.once('exit', (code, signal) => {
      if (this.#closing) return
      const wait = this.#now() - began > STEADY_MS ? BACKOFF_MS : backoffMs
      this.#options.log.error({ number, code, signal, wait }, 'a proxy process ended and is started again')
      void this.#startAgain(number, wait)
    })
  }

  async #startAgain(number: number, waitMs: number): Promise<void> {
    const waited = await delay(waitMs, true, { signal: this.#waiting.signal }).catch(() => false)
    if (!waited || this.#closing) return
    const child = this.#fork(number)
    const next = Math.min(waitMs * 2, BACKOFF_MS_MAX)
    this.#keepAlive(number, child, next)
    await serving(child).catch((err: unknown) => this.#options.log.error({ err, number }, 'a proxy process failed'))
  }

  async #end(child: ChildProcess): Promise<void> {
    if (child.exitCode !== null || child.signalCode !== null) return
    const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()))
    tell(child, { kind: 'stop' })
    await closedWithin(this.#options.drainMs, gone)
    child.kill('SIGKILL')
    await gone
  }
}

function serving(child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    child.on('message', (message: FromProxy) => {
      if (message.kind === 'ready') resolve(message.port)
      if (message.kind === 'failed') reject(new ProxyError('start_failed', message.message, { hint: message.hint }))
    })
    child.once('exit', (code, signal) => {
      reject(new ProxyError('start_failed', `A proxy process ended while it started (${signal ?? code}).`))
    })
  })
}

function tell(child: ChildProcess, message: ToProxy): void {
  if (child.connected) child.send(message, () => undefined) // one that is just ending needs to know nothing
}
