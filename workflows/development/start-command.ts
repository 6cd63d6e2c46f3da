import { join } from 'node:path'
import { Command, InvalidArgumentError } from 'commander'
import type { CommonOptions } from '../../command-line.ts'
import type { Config } from '../../config.ts'
import { type Log, openLog } from '../../log.ts'
import { endOnSignal } from '../../signals.ts'
import { DEFAULT_PORTS, type PortName, type Ports } from './ports.ts'
import { progressTo } from './progress.ts'
import { startTree, type TreeParts } from './start.ts'
import { summaryAsJson, summaryForPeople } from './summary.ts'

/** `holdpoint start`: the development tree, until Ctrl-C. */
export interface StartCommandOptions {
  readonly parts: TreeParts
  readonly given: (options: CommonOptions) => Config
  /** Whether npm started it, and its end is meant to be this one's too. */
  readonly withParent: boolean
}

interface Flags extends CommonOptions {
  readonly json?: boolean
  readonly reset?: boolean
  readonly port?: number
  readonly consolePort?: number
  readonly doorsPort?: number
  readonly idpPort?: number
  readonly postgresPort?: number
}

/** Beside what drains: for the identity provider and PostgreSQL, which is killed when it does not end. */
const ENDED_MS = 40_000

export function startCommand({ parts, given, withParent }: StartCommandOptions): Command {
  const command = new Command('start')
    .description('everything on this machine, for development: sample database, identity provider, console, proxy')
    .option('--json', 'print one line of JSON when all is ready, for scripts')
    .option('--reset', 'delete the data folder’s content and begin anew')
    .option('--port <n>', 'the proxy’s port; 0: any free one, and then for the others too', port)
    .option('--console-port <n>', 'the console’s and API’s port', port)
    .option('--doors-port <n>', 'the port of the HTTP API for statements and of MCP', port)
    .option('--idp-port <n>', 'the development identity provider’s port', port)
    .option('--postgres-port <n>', 'the embedded PostgreSQL’s port', port)
  return command.action(async (_options: object, self: Command) => {
    const flags = self.optsWithGlobals<Flags>()
    const config = given(flags)
    const progress = progressTo((line) => process.stderr.write(line), Date.now)
    const breakOff = new AbortController()
    const opening = startTree({
      given: config,
      ports: wantedPorts(flags, config),
      reset: flags.reset === true,
      parts,
      progress,
      openLog: (dataFolder) => treeLog(config, dataFolder, flags),
      signal: breakOff.signal,
      now: Date.now,
    })
    const say = (line: string) => process.stderr.write(line)
    const ended = endOnSignal(opening, { say, withParent, breakOff, withinMs: 2 * config.drainMs + ENDED_MS })
    ended.catch(() => undefined) // awaited below
    const { started } = await opening
    progress('ready')
    process.stdout.write(flags.json === true ? `${summaryAsJson(started)}\n` : summaryForPeople(started))
    await ended
  })
}

/** Logs go to a file, so that the terminal keeps what matters; with --debug they come here. */
function treeLog(config: Config, dataFolder: string, { debug }: Flags): Log {
  const file = debug === true ? undefined : join(dataFolder, 'holdpoint.log')
  return openLog({ level: config.log.level, file, process: 'supervisor' })
}

/** The command line first, then the configuration; what neither sets is left to the defaults. */
function wantedPorts(flags: Flags, config: Config): Partial<Ports> {
  const configured = (name: PortName, port: number) => (port === DEFAULT_PORTS[name] ? undefined : port)
  const wanted = {
    proxy: flags.port ?? configured('proxy', config.proxy.port),
    console: flags.consolePort ?? configured('console', config.console.port),
    doors: flags.doorsPort ?? configured('doors', config.doors.port),
    idp: flags.idpPort,
    postgres: flags.postgresPort,
  }
  return Object.fromEntries(Object.entries(wanted).filter(([, port]) => port !== undefined))
}

function port(text: string): number {
  const value = Number(text)
  if (!/^\d+$/.test(text) || value > 65_535) throw new InvalidArgumentError('A port is a number from 0 to 65535.')
  return value
}
