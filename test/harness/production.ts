import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
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

/** @param state `own`: a state database that the tree's own worker and bot do not know */
export async function startProduction(
  changes: Readonly<Record<string, unknown>>,
  state: 'own' | 'shared' = 'shared',
): Promise<Production> {
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
  const stateUrl = state === 'own' ? await ownDatabase(made.state.url, tree.data) : (made.state.url as string)
  writeFileSync(config, JSON.stringify({ ...made, ...own, state: { ...made.state, url: stateUrl }, ...changes }))
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
    stateUrl,
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

async function ownDatabase(url: string, data: string): Promise<string> {
  const admin = new URL(url)
  const { postgres } = JSON.parse(readFileSync(join(data, 'secrets.json'), 'utf8')) as { readonly postgres: string }
  Object.assign(admin, { username: 'postgres', password: encodeURIComponent(postgres) })
  const client = new pg.Client(admin.href)
  await client.connect()
  await client.query(`CREATE DATABASE apart OWNER ${new URL(url).username}`)
  await client.end()
  const own = new URL(url)
  own.pathname = '/apart'
  return own.href
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
