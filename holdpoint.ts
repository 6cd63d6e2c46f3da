#!/usr/bin/env node
import { Command } from 'commander'
import { type CommonOptions, configFile, configOf, describe, withCommonOptions } from './command-line.ts'
import { type Config, loadConfig } from './config.ts'
import { HoldpointError } from './errors.ts'
import { type Log, openLog } from './log.ts'
import { endOnSignal, type Running } from './signals.ts'
import type { Office } from './workflows/development/start.ts'

/**
 * The command line. It is the only place that knows every room: it constructs what they need of each other and passes
 * it in. A room is imported when its command runs, so that none waits for all the others.
 */
const env = process.env
const entry = import.meta.filename
const now = Date.now

const root = withCommonOptions(new Command('holdpoint'))
  .description('An identity-aware proxy in front of PostgreSQL that judges, holds, masks and records every statement')
  .version('0.1.0')

const commands: Readonly<Record<string, () => Promise<Command>>> = {
  start: async () => {
    const { startCommand } = await import('./workflows/development/start-command.ts')
    const { startTreeProxies } = await import('./proxy/proxy-command.ts')
    return startCommand({
      // Its own config.json is what an earlier start made, never what this one is given.
      given: ({ data, config }) => loadConfig(env, { data, mode: 'development' }, config),
      parts: {
        preparePolicies,
        openOffice,
        startProxies: (options) => startTreeProxies({ ...options, entry, env }),
      },
      withParent: env.npm_lifecycle_event === 'start',
    })
  },
  proxy: async () => (await import('./proxy/proxy-command.ts')).proxyCommand({ entry, env, configOf: configFor }),
  worker: async () =>
    service('worker', 'expiry, notices and the trail’s way to the state database, without anything else', openWorker),
  bot: async () => service('bot', 'console, API and Slack, without anything else', openBot),
  policy: async () =>
    (await import('./workflows/replay/policy-command.ts')).wholePolicyCommand({ env, configOf: configFor, now }),
  explain: async () =>
    (await import('./proxy/explain-command.ts')).explainCommand({ env, configOf: configFor, process }),
  audit: async () => {
    const { auditCommand } = await import('./workflows/trail/command.ts')
    const { trailFolder } = await import('./workflows/trail/journal-files.ts')
    const { openState } = await import('./workflows/state/state.ts')
    return auditCommand({
      folder: (command) => trailFolder(configFor(command.optsWithGlobals()).data),
      openPool: (command) => {
        const { state } = configFor(command.optsWithGlobals())
        return state.url === '' ? null : openState(state.url)
      },
      now,
    })
  },
  holds: async () => {
    const { holdsCommand } = await import('./bot/holds-command/holds-command.ts')
    return holdsCommand({
      token: env.HOLDPOINT_TOKEN,
      consoleUrl: (options) => addressOf('console', options),
      write: (text) => void process.stdout.write(text),
      now,
    })
  },
  mcp: async () => {
    const { mcpCommand } = await import('./proxy/doors/mcp/mcp-command.ts')
    const [token, doorsUrl] = [env.HOLDPOINT_TOKEN, (options: CommonOptions) => addressOf('doors', options)]
    return mcpCommand({ token, doorsUrl, input: process.stdin, output: process.stdout })
  },
  release: async () => {
    const { releaseCommand } = await import('./bot/release-command/release-command.ts')
    const [token, consoleUrl] = [env.HOLDPOINT_TOKEN, (options: CommonOptions) => addressOf('console', options)]
    return releaseCommand({ token, consoleUrl, write: (text) => void process.stdout.write(text) })
  },
  token: async () => {
    const { tokenCommand } = await import('./workflows/directory/token-command.ts')
    const { openState } = await import('./workflows/state/state.ts')
    const { mintCommand } = await import('./workflows/development/mint-command.ts')
    const ofCommand = (command: Command): Config => configFor(command.optsWithGlobals())
    const scopesRequired = (command: Command): boolean => ofCommand(command).identity.scopesRequired
    const open = (command: Command) => openState(ofCommand(command).state.url)
    return tokenCommand(open, scopesRequired).addCommand(mintCommand(ofCommand, now))
  },
  doctor: async () => (await import('./workflows/doctor/doctor-command.ts')).doctorCommand(env),
  'proxy-worker': async () =>
    (await import('./proxy/worker-command.ts')).proxyWorkerCommand({ env, configOf: configFor }),
}
const HIDDEN = new Set(['proxy-worker'])

/** The common options may stand before the command's name as well as after it. */
function configFor(options: CommonOptions): Config {
  return configOf(everywhere(options), env)
}

function everywhere(options: CommonOptions): CommonOptions {
  const set = Object.entries(options).filter(([, value]) => value !== undefined)
  return { ...root.opts<CommonOptions>(), ...Object.fromEntries(set) }
}

/** Where these are, as far as a configuration says so; the defaults alone say nothing. */
function addressOf(section: 'console' | 'doors', given: CommonOptions): string | undefined {
  const options = everywhere(given)
  const { publicUrl, host, port } = configFor(options)[section]
  return publicUrl ?? (configFile(options) === undefined ? undefined : `http://${host}:${port}`)
}

/** A command that runs until it is told to end. */
function service(name: string, description: string, open: (config: Config, log: Log) => Promise<Running>): Command {
  return new Command(name).description(description).action(async (_options: object, self: Command) => {
    const config = configFor(self.optsWithGlobals())
    const log = openLog({ level: config.log.level, process: name })
    const opening = open(config, log)
    const say = (line: string) => process.stderr.write(line)
    const ended = endOnSignal(opening, { say, withParent: false, withinMs: config.drainMs })
    await opening
    log.info('started')
    await ended
  })
}

async function preparePolicies(config: Config, progress: (line: string) => void): Promise<void> {
  const { compilePolicies } = await import('./policies/compile.ts')
  const { ensureOpa, opaCacheFolder } = await import('./policies/opa.ts')
  const cacheFolder = opaCacheFolder(env, config.data)
  const opa = () => ensureOpa({ config: config.opa, env, cacheFolder, progress })
  await compilePolicies({ path: config.policies.path, opa, cacheFolder: `${config.data}/cache`, progress })
}

/** Worker and bot in one process, as `start` has them. */
async function openOffice(config: Config, log: Log): Promise<Office> {
  const { openWorkflows } = await import('./workflows/workflows.ts')
  const { startWorker } = await import('./workflows/worker.ts')
  const { startBot } = await import('./bot/bot.ts')
  const { givenToBot } = await import('./proxy/given-to-bot.ts')
  const { keptServiceToken } = await import('./workflows/development/service-token.ts')
  await using stack = new AsyncDisposableStack()
  const workflows = await openWorkflows({ config, log, now })
  stack.defer(() => workflows.close())
  const given = givenToBot({ config, workflows, env, log, now })
  stack.defer(() => given.close())
  const bot = await startBot({ config, workflows, ...given, log, now })
  stack.defer(() => bot.close())
  const worker = await startWorker({ config, workflows, deliveries: bot.deliveries, log, now })
  stack.defer(() => worker.close())
  const running = stack.move()
  return {
    meetPerson: (person) => workflows.directory.upsert(person),
    serviceToken: (person) =>
      keptServiceToken({ dataFolder: config.data, tokens: workflows.serviceTokens, person, now }),
    close: () => running.disposeAsync(),
  }
}

async function openWorker(config: Config, log: Log): Promise<Running> {
  const { openWorkflows } = await import('./workflows/workflows.ts')
  const { startWorker } = await import('./workflows/worker.ts')
  const { noticeDeliveries, releaseAnnouncers } = await import('./bot/bot.ts')
  const { followReleases } = await import('./workflows/releases/follow-releases.ts')
  const workflows = await openWorkflows({ config, log, now })
  const deliveries = noticeDeliveries({ config, workflows, log, now })
  const worker = await startWorker({ config, workflows, deliveries, log, now })
  const announcers = releaseAnnouncers({ config, pool: workflows.pool, log })
  const releases = followReleases({ config, env, pool: workflows.pool, announcers, log, now })
  return {
    close: async () => {
      await releases?.close()
      await worker.close().finally(() => workflows.close())
    },
  }
}

async function openBot(config: Config, log: Log): Promise<Running> {
  const { openWorkflows } = await import('./workflows/workflows.ts')
  const { startBot } = await import('./bot/bot.ts')
  const { givenToBot } = await import('./proxy/given-to-bot.ts')
  const workflows = await openWorkflows({ config, log, now })
  const given = givenToBot({ config, workflows, env, log, now })
  const bot = await startBot({ config, workflows, ...given, log, now })
  return { close: () => bot.close().finally(() => given.close().finally(() => workflows.close())) }
}

async function addCommands(): Promise<void> {
  const named = process.argv.slice(2).filter((argument) => argument in commands)
  for (const [name, make] of Object.entries(commands)) {
    if (named.length > 0 ? !named.includes(name) : HIDDEN.has(name)) continue
    root.addCommand(alike(await make()))
  }
}

/** Commands are made in many rooms; here they get the same manners. Wrong usage is exit status 2. */
function alike(command: Command): Command {
  for (const child of command.commands) alike(child)
  return command
    .configureHelp({ showGlobalOptions: true })
    .showHelpAfterError('(--help says more)')
    .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : 2))
}

try {
  await addCommands()
  await alike(root).parseAsync()
} catch (error) {
  process.stderr.write(describe(error, process.argv.includes('--debug')))
  process.exit(error instanceof HoldpointError && 'exitStatus' in error ? Number(error.exitStatus) : 1)
}
