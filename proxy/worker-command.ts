import { join } from 'node:path'
import { Command, Option } from 'commander'
import type { CommonOptions, Environment } from '../command-line.ts'
import type { Config } from '../config.ts'
import { openLog } from '../log.ts'
import { ensureOpa, opaCacheFolder } from '../policies/opa.ts'
import { type FromProxy, failedMessage, type ToProxy } from './process-messages.ts'
import { type ProxyServer, startProxy } from './server.ts'

/** The hidden command that each proxy process runs: serve until told to stop, or until whoever forked it is gone. */
export interface WorkerCommandOptions {
  readonly env: Environment
  readonly configOf: (options: CommonOptions) => Config
}

/** Clients that are still at work then are cut off; the parent would do it a little later. */
const DRAIN_SHARE = 0.9

interface WorkerFlags extends CommonOptions {
  readonly number: string
}

export function proxyWorkerCommand({ env, configOf }: WorkerCommandOptions): Command {
  return new Command('proxy-worker')
    .addOption(new Option('--number <n>').default('1'))
    .action(async (_options: object, self: Command) => {
      const flags = self.optsWithGlobals<WorkerFlags>()
      try {
        await serve(configOf(flags), Number(flags.number), env)
      } catch (error) {
        // The parent prints it; the exit follows once the message is out.
        await new Promise((resolve) => process.send?.(failedMessage(error as Error), resolve))
        process.exit(1)
      }
    })
}

async function serve(config: Config, number: number, env: Environment): Promise<void> {
  // In development the terminal is for people; the tree has one log file.
  const file = config.mode === 'development' ? join(config.data, 'holdpoint.log') : undefined
  const log = openLog({ level: config.log.level, file, process: `proxy-${number}` })
  const tell = (message: FromProxy): void => void process.send?.(message, () => undefined)
  // The parent decides when to end: a Ctrl-C that reaches the group must not cut statements off.
  for (const signal of ['SIGINT', 'SIGHUP'] as const) process.on(signal, () => undefined)
  const cacheFolder = opaCacheFolder(env, config.data)
  const opening = startProxy({
    config,
    number,
    opa: () => ensureOpa({ config: config.opa, env, cacheFolder, progress: (line) => log.info(line) }),
    cancelElsewhere: (key) => tell({ kind: 'cancel', key }),
    changedHere: (target) => tell({ kind: 'definitions', target }),
    log,
    now: Date.now,
  })
  let ending = false
  const end = (): void => {
    if (ending) return
    ending = true
    setTimeout(() => process.exit(1), DRAIN_SHARE * config.drainMs).unref()
    opening
      .then((proxy) => proxy.close())
      .then(
        () => process.exit(0),
        (err: unknown) => {
          log.error({ err }, 'the proxy did not close cleanly')
          process.exit(1)
        },
      )
  }
  process.once('SIGTERM', end)
  process.once('disconnect', end)
  process.on('message', (message: ToProxy) => {
    if (message.kind === 'stop') end()
    else opening.then((proxy) => pass(proxy, message)).catch(() => undefined)
  })
  const { port } = await opening
  tell({ kind: 'ready', port })
}

function pass(proxy: ProxyServer, message: Exclude<ToProxy, { readonly kind: 'stop' }>): void {
  if (message.kind === 'cancel') proxy.cancel(message.key)
  else proxy.changedElsewhere(message.target)
}
