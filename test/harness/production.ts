import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from '../../workflows/development/free-port.ts'
import { type RunningHoldpoint, startHoldpoint, temporaryFolder } from './holdpoint.ts'

/** proxy, worker and bot as they run in production, with databases and identity provider of a development tree to lean on. */
export interface Production extends AsyncDisposable {
  readonly tree: RunningHoldpoint
  readonly config: string
  readonly console: string
  readonly stateUrl: string
  /** Starts one of the roles and resolves when it says that it is up. */
  run(command: 'proxy' | 'worker' | 'bot'): Promise<ChildProcess>
  end(child: ChildProcess): Promise<void>
  /** A command that ends by itself. @returns its status and what it wrote */
  command(...args: readonly string[]): Promise<{ readonly status: number | null; readonly out: string }>
  postgres(name: string, database?: string): string
}

const SIGNS = { proxy: 'the proxy listens', worker: 'started', bot: 'started' } as const
const START_MS_MAX = 60_000

export async function startProduction(changes: Readonly<Record<string, unknown>>): Promise<Production> {
  const tree = await startHoldpoint({ data: temporaryFolder() })
  const folder = mkdtempSync(join(tmpdir(), 'holdpoint-production-'))
  const config = join(folder, 'holdpoint.yaml')
  const ports = { proxy: await freePort(), console: await freePort(), doors: await freePort() }
  const made = JSON.parse(readFileSync(join(tree.data, 'config.json'), 'utf8'))
  const console = `http://127.0.0.1:${ports.console}`
  const own = {
    mode: 'production',
    data: join(folder, 'data'),
    proxy: { ...made.proxy, port: ports.proxy, workers: 2 },
    doors: { ...made.doors, port: ports.doors },
    console: { ...made.console, port: ports.console, publicUrl: console },
  }
  writeFileSync(config, JSON.stringify({ ...made, ...own, ...changes }))
  const children = new Set<ChildProcess>()
  const spawned = (args: readonly string[]): ChildProcess => {
    const child = spawn(process.execPath, ['holdpoint.ts', ...args, '--config', config], {
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    children.add(child)
    child.once('exit', () => children.delete(child))
    return child
  }
  const end = async (child: ChildProcess, signal: NodeJS.Signals = 'SIGTERM'): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return
    const gone = new Promise((resolve) => child.once('exit', resolve))
    child.kill(signal)
    await gone
  }
  return {
    tree,
    config,
    console,
    stateUrl: made.state.url,
    run: async (command) => {
      const child = spawned([command])
      await saying(child, SIGNS[command])
      return child
    },
    end,
    command: async (...args) => {
      const child = spawned(args)
      let out = ''
      for (const stream of [child.stdout, child.stderr])
        stream?.on('data', (chunk: Buffer) => (out += chunk.toString('utf8')))
      const status = await new Promise<number | null>((resolve) => child.once('close', resolve))
      return { status, out }
    },
    postgres: (name, database = 'shop') => {
      const url = new URL(tree.identity(name).postgres)
      url.port = `${ports.proxy}`
      url.pathname = `/${database}`
      return url.href
    },
    [Symbol.asyncDispose]: async () => {
      await Promise.all([...children].map((child) => end(child)))
      await tree.stop()
      for (const path of [folder, tree.data]) rmSync(path, { recursive: true, force: true })
    },
  }
}

function saying(child: ChildProcess, sign: string): Promise<void> {
  let said = ''
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`it did not say ${sign}:\n${said}`)), START_MS_MAX)
    const listen = (chunk: Buffer): void => {
      said = (said + chunk.toString('utf8')).slice(-20_000)
      if (said.includes(sign)) {
        clearTimeout(timer)
        resolve()
      }
    }
    child.stdout?.on('data', listen)
    child.stderr?.on('data', listen)
    child.once('exit', (code) => {
      clearTimeout(timer)
      reject(new Error(`it ended with ${code}:\n${said}`))
    })
  })
}
