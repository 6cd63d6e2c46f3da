import { join } from 'node:path'
import type { Config } from '../../config.ts'
import type { Log } from '../../log.ts'
import { closedWithin } from '../../signals.ts'
import type { PersonClaims } from '../directory/directory.ts'
import { loadCertificate } from './certificate.ts'
import { writePasswordFile } from './connect-files.ts'
import { emptyDataFolder, loadSecrets, openDataFolder, readOwnJson, writePrivately } from './data-folder.ts'
import { prepareDatabases } from './databases.ts'
import { CONFIG_FILE, issuerOf, writeDevelopmentConfig } from './development-config.ts'
import { mintToken } from './development-tokens.ts'
import { DevelopmentError } from './errors.ts'
import { startIdentityProvider } from './identity-provider.ts'
import { keepPostgres } from './kept-postgres.ts'
import { lockDataFolder } from './lock.ts'
import { endOrphan } from './orphan.ts'
import { agents, claimsOf, type Person, people, services } from './people.ts'
import { choosePorts, type Ports } from './ports.ts'
import type { Progress } from './progress.ts'
import { loadProviderKeys, type ProviderKeys } from './provider-keys.ts'
import type { Started, StartedIdentity } from './summary.ts'

/**
 * The whole of Holdpoint on one machine with nothing prepared, in the order in which the parts need each other:
 *
 *   data folder, lock → ports → PostgreSQL, policies → identity provider → office (state, workers, bot, console)
 *   → proxies → tokens
 *
 * What was started is ended in the opposite order, also when a later step fails.
 */
export interface StartOptions {
  readonly given: Config
  readonly ports: Partial<Ports>
  readonly reset: boolean
  readonly parts: TreeParts
  readonly progress: Progress
  /** Made once the data folder is there, since it is written there. */
  readonly openLog: (dataFolder: string) => Log
  /** Aborted: the next step is not taken, and what is up is ended. */
  readonly signal: AbortSignal
  readonly now: () => number
}

/** The rooms that this one may not know; the command line brings them. */
export interface TreeParts {
  /** OPA and the compiled policies into the cache, where the proxies find them. */
  readonly preparePolicies: (config: Config, progress: Progress) => Promise<void>
  readonly openOffice: (config: Config, log: Log) => Promise<Office>
  readonly startProxies: (options: {
    readonly configFile: string
    readonly config: Config
    readonly log: Log
  }) => Promise<{ close(): Promise<void> }>
}

/** State database, workers, bot and console. */
export interface Office {
  readonly meetPerson: (person: PersonClaims) => Promise<unknown>
  /** A good token of this service: the one that is kept, else a new one. */
  readonly serviceToken: (service: Person) => Promise<string>
  close(): Promise<void>
}

export interface Tree {
  readonly started: Started
  close(): Promise<void>
}

const TOKEN_RENEWAL_MS = 6 * 3_600_000
const KEPT_AT_RESET = ['cache', 'lock', 'lock-journal', 'pid']

export async function startTree(options: StartOptions): Promise<Tree> {
  const { given, now, parts, signal } = options
  const progress: Progress = (text) => {
    if (signal.aborted)
      throw new DevelopmentError('interrupted', 'Interrupted while starting; nothing is left running.')
    options.progress(text)
  }
  await using stack = new AsyncDisposableStack()

  const folder = openDataFolder(given.data)
  const lock = lockDataFolder(folder.path)
  stack.defer(() => lock.release())
  const cluster = join(folder.path, 'postgres')
  if (options.reset) {
    progress('deleting what the last start left')
    await endOrphan(cluster)
    emptyDataFolder(folder, KEPT_AT_RESET)
  }
  const log = options.openLog(folder.path)
  const secrets = loadSecrets(folder.path)
  const keys = await loadProviderKeys(folder.path)
  const before = portsOfLastStart(folder.path)
  const ports = await choosePorts({ wanted: options.ports, before, afterCrash: lock.afterCrash })
  writePrivately(join(folder.path, 'ports.json'), JSON.stringify(ports))
  const certificate = await loadCertificate(folder.path, now)
  const config = writeDevelopmentConfig({ given, dataFolder: folder.path, ports, secrets, certificate })

  progress('starting PostgreSQL 18')
  const policies = parts.preparePolicies(config, options.progress)
  policies.catch(() => undefined) // awaited below; PostgreSQL may fail first
  const postgres = await keepPostgres({ cluster, port: ports.postgres, password: secrets.postgres, log })
  stack.defer(() => postgres.stop())
  const { shopUrl } = await prepareDatabases(postgres, secrets, progress)
  await Promise.race([policies, interruption(signal)])

  progress('starting identity provider, workers and console')
  const provider = await startIdentityProvider({ config, keys, port: ports.idp, log })
  stack.defer(() => provider.close())
  const office = await parts.openOffice(config, log)
  // What it leaves undone is in files and rows; the others have to end as well.
  stack.defer(async () => {
    if (!(await closedWithin(config.drainMs, office.close()))) log.warn('workers and console did not end in time')
  })

  progress(config.proxy.workers === 1 ? 'starting the proxy' : `starting ${config.proxy.workers} proxies`)
  const proxies = await parts.startProxies({ configFile: join(folder.path, CONFIG_FILE), config, log })
  stack.defer(() => proxies.close())

  const identities = await everyone({ office, ports, keys, now })
  const passwordFile = writePasswordFile(folder.path, ports.proxy, identities)
  const renewal = setInterval(() => {
    everyone({ office, ports, keys, now })
      .then((renewed) => writePasswordFile(folder.path, ports.proxy, renewed))
      .catch((cause: unknown) => log.warn({ err: cause }, 'the tokens in the password file could not be renewed'))
  }, TOKEN_RENEWAL_MS)
  stack.defer(() => clearInterval(renewal))

  const running = stack.move()
  return {
    started: {
      pid: process.pid,
      ports,
      console: config.console.publicUrl as string,
      doors: config.doors.publicUrl as string,
      issuer: provider.issuer,
      dataFolder: folder.path,
      passwordFile,
      upstream: shopUrl,
      identities,
    },
    close: () => running.disposeAsync(),
  }
}

const interrupted = (): DevelopmentError =>
  new DevelopmentError('interrupted', 'Interrupted while starting; nothing is left running.')

/** Never resolves; getting OPA may take minutes. */
function interruption(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    if (signal.aborted) reject(interrupted())
    signal.addEventListener('abort', () => reject(interrupted()), { once: true })
  })
}

function portsOfLastStart(dataFolder: string): Partial<Ports> {
  try {
    return readOwnJson<Ports>(dataFolder, 'ports.json', [])
  } catch {
    return {} // they are a convenience; any others do
  }
}

interface EveryoneOptions {
  readonly office: Office
  readonly ports: Ports
  readonly keys: ProviderKeys
  readonly now: () => number
}

/** All who can connect, each with a token that is good for hours; people are in the directory from the start. */
async function everyone({ office, ports, keys, now }: EveryoneOptions): Promise<readonly StartedIdentity[]> {
  const issuer = issuerOf(ports)
  const identity = (kind: StartedIdentity['kind'], { name, groups }: Person, token: string): StartedIdentity => ({
    name,
    kind,
    groups,
    actsFor: agents.find((agent) => agent.name === name)?.actsFor ?? null,
    postgres: `postgres://${name}:${encodeURIComponent(token)}@127.0.0.1:${ports.proxy}/shop`,
    token,
  })
  const found: StartedIdentity[] = []
  for (const person of people) {
    const { sub, name, email, groups } = claimsOf(person)
    await office.meetPerson({ issuer, subject: sub, name, email, groups, kind: 'human' })
    found.push(identity('human', person, await mintToken(person.name, { issuer, keys, now })))
  }
  for (const agent of agents) found.push(identity('agent', agent, await mintToken(agent.name, { issuer, keys, now })))
  for (const service of services) found.push(identity('service', service, await office.serviceToken(service)))
  return found
}
