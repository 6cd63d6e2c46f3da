import { type ChildProcess, spawn } from 'node:child_process'
import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

/** Holdpoint as a newcomer starts it: the real process tree on a data folder of its own, every port a free one. */
export interface RunningHoldpoint extends AsyncDisposable {
  readonly ready: ReadyLine
  readonly data: string
  readonly child: ChildProcess
  identity(name: string): StartedIdentity
  /** Ends it as Ctrl-C does, and keeps the data folder. */
  stop(): Promise<void>
  /** Ends it as kill -9 does, and keeps the data folder. */
  kill(): Promise<void>
}

/** What `npm start -- --json` prints. */
export interface ReadyLine {
  readonly ready: true
  readonly pid: number
  readonly console: string
  readonly api: string
  /** Statements over HTTP. */
  readonly http: string
  readonly mcp: string
  readonly upstream: string
  readonly identities: readonly StartedIdentity[]
}

export interface StartedIdentity {
  readonly name: string
  readonly kind: 'human' | 'service' | 'agent'
  readonly groups: readonly string[]
  readonly actsFor: string | null
  readonly postgres: string
  readonly token: string
}

export interface StartOptions {
  /** A folder of an earlier run; a new one, removed at the end, when left out. */
  readonly data?: string
  readonly env?: Readonly<Record<string, string>>
  readonly args?: readonly string[]
}

const READY_TIMEOUT_MS = 120_000
const POISON = new URL('poison.ts', import.meta.url).href

export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'holdpoint-run-'))
  chmodSync(folder, 0o755)
  return folder
}

/** @throws when the process ends before it is ready, with what it said on stderr */
export async function startHoldpoint(options: StartOptions = {}): Promise<RunningHoldpoint> {
  const data = options.data ?? temporaryFolder()
  const args = ['holdpoint.ts', 'start', '--json', '--data', data, '--port', '0', ...(options.args ?? [])]
  const child = spawn(process.execPath, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, NODE_OPTIONS: `--import ${POISON}`, ...options.env },
  })
  const ready = await readyLine(child)
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    if (child.exitCode === null && child.signalCode === null) child.kill(signal)
    await ended
  }
  return {
    ready,
    data,
    child,
    identity: (name) => {
      const found = ready.identities.find((identity) => identity.name === name)
      if (!found) throw new Error(`no identity ${name} was started`)
      return found
    },
    stop: () => end('SIGINT'),
    kill: () => end('SIGKILL'),
    [Symbol.asyncDispose]: async () => {
      await end('SIGINT')
      if (options.data === undefined) rmSync(data, { recursive: true, force: true })
    },
  }
}

function readyLine(child: ChildProcess): Promise<ReadyLine> {
  let said = ''
  child.stderr?.on('data', (chunk: Buffer) => {
    said = (said + chunk.toString('utf8')).slice(-20_000)
  })
  return new Promise((resolve, reject) => {
    const fail = (why: string): void => {
      child.kill('SIGKILL')
      reject(new Error(`holdpoint start ${why}:\n${said}`))
    }
    const timer = setTimeout(() => fail(`was not ready after ${READY_TIMEOUT_MS} ms`), READY_TIMEOUT_MS)
    child.once('exit', (code) => {
      clearTimeout(timer)
      reject(new Error(`holdpoint start ended with ${code}:\n${said}`))
    })
    createInterface({ input: child.stdout as NodeJS.ReadableStream }).once('line', (line) => {
      clearTimeout(timer)
      try {
        resolve(JSON.parse(line) as ReadyLine)
      } catch {
        fail(`printed something else than JSON: ${line.slice(0, 200)}`)
      }
    })
  })
}
