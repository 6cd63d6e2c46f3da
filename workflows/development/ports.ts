import { execFile } from 'node:child_process'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'
import { DevelopmentError } from './errors.ts'
import { freePort, isFree } from './free-port.ts'

/** Where the parts of one tree listen, all on 127.0.0.1. */
export interface Ports {
  readonly proxy: number
  readonly console: number
  /** HTTP API and MCP. */
  readonly doors: number
  readonly idp: number
  readonly postgres: number
}

export type PortName = keyof Ports

export const DEFAULT_PORTS: Ports = { proxy: 6432, console: 8080, doors: 8081, idp: 8090, postgres: 6543 }

const FLAGS: Readonly<Record<PortName, string>> = {
  proxy: '--port',
  console: '--console-port',
  doors: '--doors-port',
  idp: '--idp-port',
  postgres: '--postgres-port',
}

/** A process that lost its tree needs no longer to let go of its port. */
const ENDING_MS_MAX = 3_000

export interface PortWishes {
  /** By the command line or the configuration; 0 means any free one. */
  readonly wanted: Partial<Ports>
  /** What the last start on this data folder used: taken again for "any", so that URLs and tokens stay good. */
  readonly before: Partial<Ports>
  /** The last start's processes may still be ending; a port of theirs is waited for. */
  readonly afterCrash?: boolean
}

/**
 * `--port 0` alone frees the others as well, unless they were given: one flag is enough for a second tree.
 * @throws DevelopmentError port_taken
 */
export async function choosePorts({ wanted, before, afterCrash = false }: PortWishes): Promise<Ports> {
  const chosen: Partial<Record<PortName, number>> = {}
  if (afterCrash) await Promise.all(Object.values(before).map(freed))
  for (const name of Object.keys(DEFAULT_PORTS) as PortName[]) {
    const wish = wanted[name] ?? (wanted.proxy === 0 ? 0 : DEFAULT_PORTS[name])
    chosen[name] =
      wish === 0
        ? await anyPort(before[name], [...Object.values(chosen), ...Object.values(wanted)])
        : await thisPort(name, wish)
  }
  return chosen as Ports
}

async function freed(port: number): Promise<void> {
  for (let waited = 0; waited < ENDING_MS_MAX && !(await isFree(port)); waited += 50) await delay(50)
}

async function thisPort(name: PortName, port: number): Promise<number> {
  if (await isFree(port)) return port
  const user = await userOf(port)
  throw new DevelopmentError('port_taken', `Port ${port} (${FLAGS[name]}) is taken${user}.`, {
    hint: `End that program, choose another port with ${FLAGS[name]} N, or let any free ports be used with --port 0`,
  })
}

async function anyPort(before: number | undefined, taken: readonly number[]): Promise<number> {
  if (before !== undefined && !taken.includes(before) && (await isFree(before))) return before
  for (;;) {
    const port = await freePort()
    if (!taken.includes(port)) return port
  }
}

/** ` by node (process 123)`, where the system tells. */
async function userOf(port: number): Promise<string> {
  const found = await ask('lsof', ['-nP', `-iTCP:${port}`, '-sTCP:LISTEN', '-Fpc'])
  const [, pid, name] = /^p(\d+)\nc(.+)$/m.exec(found) ?? []
  if (pid !== undefined) return ` by ${name} (process ${pid})`
  const [, command, number] =
    /users:\(\("([^"]+)",pid=(\d+)/.exec(await ask('ss', ['-Hltnp', `sport = :${port}`])) ?? []
  return command === undefined ? '' : ` by ${command} (process ${number})`
}

async function ask(command: string, args: readonly string[]): Promise<string> {
  try {
    return (await promisify(execFile)(command, args, { timeout: 2_000 })).stdout
  } catch {
    return ''
  }
}
