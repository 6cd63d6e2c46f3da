import { Command } from 'commander'
import type { CommonOptions, Environment } from '../command-line.ts'
import type { Config } from '../config.ts'
import { type Log, openLog } from '../log.ts'
import { endOnSignal } from '../signals.ts'
import { type Proxies, startProxies } from './processes.ts'

/** `holdpoint proxy`: one process that keeps the ones that serve alive. */
export interface ProxyCommandOptions {
  readonly entry: string
  readonly env: Environment
  readonly configOf: (options: CommonOptions) => Config
}

/** For the processes that did not drain in time to be gone. */
const KILLED_MS = 2_000

export function proxyCommand({ entry, env, configOf }: ProxyCommandOptions): Command {
  return new Command('proxy')
    .description('the proxy alone, from a configuration: what stands before a real database')
    .action(async (_options: object, self: Command) => {
      const options = self.optsWithGlobals<CommonOptions>()
      const config = configOf(options)
      const log = openLog({ level: config.log.level, process: 'proxies' })
      const given = [options.config && `--config=${options.config}`, options.data && `--data=${options.data}`]
      const opening = startProxies({
        entry,
        arguments: ['proxy-worker', ...given.filter((text) => typeof text === 'string')],
        env,
        count: config.proxy.workers,
        drainMs: config.drainMs,
        log,
      })
      const withinMs = config.drainMs + KILLED_MS
      const ended = endOnSignal(opening, { say: (line) => process.stderr.write(line), withParent: false, withinMs })
      const { port } = await opening
      log.info({ host: config.proxy.host, port, processes: config.proxy.workers }, 'the proxy listens')
      await ended
    })
}

/** The processes of a development tree: they read what `start` wrote, and nothing of the environment it was given. */
export function startTreeProxies(options: {
  readonly entry: string
  readonly env: Environment
  readonly configFile: string
  readonly config: Config
  readonly log: Log
}): Promise<Proxies> {
  const env = Object.fromEntries(Object.entries(options.env).filter(([name]) => !name.startsWith('HOLDPOINT_')))
  const { entry, configFile, config, log } = options
  return startProxies({
    entry,
    arguments: ['proxy-worker', '--config', configFile],
    env,
    count: config.proxy.workers,
    drainMs: config.drainMs,
    log,
  })
}
