import { join } from 'node:path'
import type { Config, TargetConfig } from '../config.ts'
import type { Log } from '../log.ts'
import { compilePolicies } from '../policies/compile.ts'
import { loadPolicy, type Policy } from '../policies/evaluate.ts'
import { loadLabels } from '../policies/labels.ts'
import { rulePlaces } from '../policies/rule-places.ts'
import { openJournal } from '../workflows/trail/journal.ts'
import { trailFolder } from '../workflows/trail/journal-files.ts'
import { openWorkflows } from '../workflows/workflows.ts'
import { type Catalog, openCatalog } from './catalog/catalog.ts'
import { heldLocks } from './catalog/held-locks.ts'
import { createDoors, listen as listenDoors } from './doors/doors.ts'
import { ProxyError } from './errors.ts'
import { createGate } from './gate.ts'
import { createAuthenticator } from './identity/authenticate.ts'
import { foresee } from './preview/foresee.ts'
import { createSessionServer } from './session/serve.ts'
import type { SessionCatalog } from './session/session-state.ts'
import { loadParser } from './sql/analyse.ts'
import { hasDomainChecks } from './sql/domain-checks.ts'

/** One proxy process, assembled: everything a statement passes on its way, in the order in which it is needed. */
export interface ProxyOptions {
  readonly config: Config
  /** Which of the processes this is, from 1; its journal is kept under that name. */
  readonly number: number
  /** Where OPA is; asked only when the policies are not in the cache. */
  readonly opa: () => Promise<string>
  readonly cancelElsewhere: (key: Uint8Array) => void
  readonly log: Log
  readonly now: () => number
}

export interface ProxyServer {
  readonly port: number
  /** Of the HTTP API and MCP. */
  readonly doorsPort: number
  cancel(key: Uint8Array): void
  /** Takes no more clients, lets those who work finish, then closes. */
  close(): Promise<void>
}

/** @throws HoldpointError of whatever part cannot do its work: a proxy without it would have to guess */
export async function startProxy(options: ProxyOptions): Promise<ProxyServer> {
  const { config, log, now, number, cancelElsewhere } = options
  assertComplete(config)
  await using stack = new AsyncDisposableStack()

  const [policy] = await Promise.all([activePolicy(options), loadParser()])
  const workflows = await openWorkflows({ config, log, now })
  stack.defer(() => workflows.close())
  const catalogs = await openCatalogs(config, log)
  stack.defer(() => closeAll(catalogs))
  const trail = await openJournal({
    folder: trailFolder(config.data),
    process: `proxy-${number}`,
    durability: config.trail.durability,
    now,
    log,
  })
  stack.defer(() => trail.close())
  trail.append('release.activated', { policy: policy.digest, source: config.policies.path, reviewed: false })

  const { authenticate, authenticateToken } = createAuthenticator({
    providers: config.identity.providers,
    targets: config.targets,
    directory: workflows.directory,
    serviceTokens: workflows.serviceTokens,
    log,
    now,
  })
  const catalogFor = (target: TargetConfig): Catalog => catalogs.get(target.name) as Catalog
  const foreseeing = { timeoutMs: config.holds.previewTimeoutMs, rulePlaces: rulePlaces(config.policies.path) }
  const reviewUrl = (hold: string): string => `${consoleUrl(config)}/holds/${hold}`
  const server = createSessionServer({
    gate: createGate({ catalogs, policy: () => policy }),
    holds: workflows.holds,
    trail,
    authenticate,
    targets: config.targets,
    config,
    log,
    cancelElsewhere,
    statusUrl: reviewUrl,
    catalogOf: (target) => sessionCatalog(catalogFor(target), log),
    locksOf: (backendPid, target) => heldLocks(backendPid, catalogFor(target)),
    foresee: (judgements, bound, view, target) =>
      foresee(judgements, bound, view, { ...foreseeing, labels: policy.labels, catalog: catalogFor(target) }),
  })
  stack.defer(() => server.close())
  const { port } = await server.listen()
  const doors = await createDoors({ ...workflows, config, sessions: server, authenticateToken, reviewUrl, log, now })
  stack.defer(() => doors.close())
  const doorsPort = await listenDoors(doors, config)

  const running = stack.move()
  return { port, doorsPort, cancel: (key) => void server.cancel(Buffer.from(key)), close: () => running.disposeAsync() }
}

function assertComplete({ targets, identity }: Config): void {
  if (targets.length === 0)
    throw new ProxyError('no_targets', 'There is no database to protect.', {
      hint: 'Name one under targets in the configuration',
    })
  if (identity.providers.length === 0)
    throw new ProxyError('no_identity_provider', 'There is nobody who could say who is asking.', {
      hint: 'Name an OpenID provider under identity.providers in the configuration',
    })
}

async function activePolicy({ config, opa, log }: ProxyOptions): Promise<Policy> {
  const compiled = await compilePolicies({
    path: config.policies.path,
    opa,
    cacheFolder: join(config.data, 'cache'),
    progress: (line) => log.info(line),
  })
  return loadPolicy(compiled)
}

async function openCatalogs(config: Config, log: Log): Promise<ReadonlyMap<string, Catalog>> {
  const labels = loadLabels(config.policies.path)
  const opened = await Promise.allSettled(
    config.targets.map(async (target) => [target.name, await openCatalog({ target, labels, log })] as const),
  )
  const catalogs = new Map(opened.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : [])))
  const failure = opened.find((one) => one.status === 'rejected')
  if (failure === undefined) return catalogs
  await closeAll(catalogs)
  throw failure.reason
}

/** What a session asks of its target's definitions. */
function sessionCatalog(catalog: Catalog, log: Log): SessionCatalog {
  return {
    // While they are not known no version is the one that something was judged by, and the gate refuses.
    version: () => knownVersion(catalog) ?? Number.NaN,
    labelsOf: (relationOid, attribute) => catalog.snapshot.labelsOf(relationOid, attribute),
    changed: () => {
      catalog.refresh().catch((err: unknown) => log.warn({ err }, 'the definitions could not be read anew'))
    },
    look: async () => {
      const looked = catalog.look() ?? catalog.refresh()
      // What was true before is not judged by then: a refresh that fails takes the snapshot away.
      await looked
        .catch(() => catalog.refresh())
        .catch((err: unknown) => log.warn({ err }, 'nobody could look for changes'))
    },
    runsCode: (oid) => knownVersion(catalog) === null || hasDomainChecks(catalog.snapshot, oid),
  }
}

function knownVersion(catalog: Catalog): number | null {
  try {
    return catalog.snapshot.version
  } catch {
    return null
  }
}

async function closeAll(catalogs: ReadonlyMap<string, Catalog>): Promise<void> {
  await Promise.all([...catalogs.values()].map((catalog) => catalog.close()))
}

const consoleUrl = ({ console: { host, port, publicUrl } }: Config): string => publicUrl ?? `http://${host}:${port}`
