import type pg from 'pg'
import type { Config, TargetConfig } from '../config.ts'
import type { Log } from '../log.ts'
import type { Policy } from '../policies/evaluate.ts'
import type { LabelRules } from '../policies/labels.ts'
import { rulePlaces } from '../policies/rule-places.ts'
import { openKeptNames } from '../workflows/state/labelled-names.ts'
import { openJournal } from '../workflows/trail/journal.ts'
import { trailFolder } from '../workflows/trail/journal-files.ts'
import type { Trail } from '../workflows/trail/trail.ts'
import { openWorkflows } from '../workflows/workflows.ts'
import { type ActivePolicies, type ActivePolicy, openActivePolicies } from './active-policy.ts'
import { type Catalog, openCatalog } from './catalog/catalog.ts'
import { heldLocks } from './catalog/held-locks.ts'
import { createDoors, listen as listenDoors } from './doors/doors.ts'
import { ProxyError } from './errors.ts'
import { createGate } from './gate.ts'
import { createAuthenticator } from './identity/authenticate.ts'
import { watchDepartures } from './identity/departures.ts'
import { foresee } from './preview/foresee.ts'
import { createSessionServer } from './session/serve.ts'
import { readAnew, sessionCatalog } from './session-catalog.ts'
import { loadParser } from './sql/analyse.ts'

/** One proxy process, assembled: everything a statement passes on its way, in the order in which it is needed. */
export interface ProxyOptions {
  readonly config: Config
  /** Which of the processes this is, from 1; its journal is kept under that name. */
  readonly number: number
  /** Where OPA is; asked only when the policies are not in the cache. */
  readonly opa: () => Promise<string>
  readonly cancelElsewhere: (key: Uint8Array) => void
  /** Tells the other processes that definitions of this target were changed here. */
  readonly changedHere?: (target: string) => void
  readonly log: Log
  readonly now: () => number
}

export interface ProxyServer {
  readonly port: number
  /** Of the HTTP API and MCP. */
  readonly doorsPort: number
  cancel(key: Uint8Array): void
  /** Another process says that the definitions of this target are no longer what they were. */
  changedElsewhere(target: string): void
  /** Takes no more clients, lets those who work finish, then closes. */
  close(): Promise<void>
}

/** @throws HoldpointError of whatever part cannot do its work: a proxy without it would have to guess */
export async function startProxy(options: ProxyOptions): Promise<ProxyServer> {
  const { config, log, now, number, cancelElsewhere, changedHere } = options
  assertComplete(config)
  await using stack = new AsyncDisposableStack()

  const workflows = await openWorkflows({ config, log, now })
  stack.defer(() => workflows.close())
  const [policies] = await Promise.all([openActivePolicies({ ...options, pool: workflows.pool }), loadParser()])
  stack.use(policies)
  const labels = policies.now?.labels ?? NO_LABELS
  const catalogs = await openCatalogs(config, labels, { log, pool: workflows.pool })
  stack.defer(() => closeAll(catalogs))
  const trail = await openJournal({
    folder: trailFolder(config.data),
    process: `proxy-${number}`,
    durability: config.trail.durability,
    now,
    log,
  })
  stack.defer(() => trail.close())
  judgeByNewest(policies, catalogs, trail)

  const { authenticate, authenticateToken } = createAuthenticator({
    ...config.identity,
    targets: config.targets,
    directory: workflows.directory,
    serviceTokens: workflows.serviceTokens,
    log,
    now,
  })
  const catalogFor = (target: TargetConfig): Catalog => catalogs.get(target.name) as Catalog
  const reviewUrl = (hold: string): string => `${consoleUrl(config)}/holds/${hold}`
  const policy = (): Policy => inForce(policies)
  const foreseeing = { timeoutMs: config.holds.previewTimeoutMs }
  const server = createSessionServer({
    gate: createGate({ catalogs, policy }),
    holds: workflows.holds,
    trail,
    authenticate,
    targets: config.targets,
    config,
    log,
    cancelElsewhere,
    statusUrl: reviewUrl,
    catalogOf: (target) =>
      sessionCatalog({ catalog: catalogFor(target), log, changedHere: () => changedHere?.(target.name) }),
    locksOf: (backendPid, target) => heldLocks(backendPid, catalogFor(target)),
    foresee: (judgements, bound, view, target) =>
      foresee(judgements, bound, view, {
        ...foreseeing,
        rulePlaces: rulePlaces(policy().rules),
        labels: policy().labels,
        catalog: catalogFor(target),
      }),
  })
  stack.defer(() => server.close())
  const { port } = await server.listen()
  const departures = watchDepartures({ pool: workflows.pool, log, now })
  stack.defer(() => departures.close())
  departures.watch(server)
  const proven = { authenticateToken, departures }
  const doors = await createDoors({ ...workflows, ...proven, config, sessions: server, reviewUrl, log, now })
  stack.defer(() => doors.close())
  const doorsPort = await listenDoors(doors, config)

  const running = stack.move()
  return {
    port,
    doorsPort,
    cancel: (key) => void server.cancel(Buffer.from(key)),
    changedElsewhere: (name) => {
      const catalog = catalogs.get(name)
      if (catalog !== undefined) readAnew(catalog, log)
    },
    close: () => running.disposeAsync(),
  }
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

/** @throws ProxyError when there is none: the gate refuses */
function inForce({ now }: ActivePolicies): Policy {
  if (now === null) throw new ProxyError('no_policy', 'No release of the policies has been verified yet.')
  return now.policy
}

/** Labels and policy change together, in one turn: no statement is judged by one of them alone. */
function judgeByNewest(policies: ActivePolicies, catalogs: ReadonlyMap<string, Catalog>, trail: Trail): void {
  let labelsKey = policies.now?.labelsKey
  const record = ({ policy, source, reviewed }: ActivePolicy): void =>
    trail.append('release.activated', { policy: policy.digest, source, reviewed })
  if (policies.now !== null) record(policies.now)
  policies.onSwap((active) => {
    if (active.labelsKey !== labelsKey) for (const catalog of catalogs.values()) catalog.relabel(active.labels)
    labelsKey = active.labelsKey
    record(active)
  })
}

const NO_LABELS: LabelRules = { labelsFor: () => [] }

async function openCatalogs(
  { targets }: Config,
  labels: LabelRules,
  { log, pool }: { readonly log: Log; readonly pool: pg.Pool },
): Promise<ReadonlyMap<string, Catalog>> {
  const memoryOf = (target: string) => (database: string) => openKeptNames({ pool, log, target, database })
  const opened = await Promise.allSettled(
    targets.map(async (target) => {
      return [target.name, await openCatalog({ target, labels, log, memoryOf: memoryOf(target.name) })] as const
    }),
  )
  const catalogs = new Map(opened.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : [])))
  const failure = opened.find((one) => one.status === 'rejected')
  if (failure === undefined) return catalogs
  await closeAll(catalogs)
  throw failure.reason
}

async function closeAll(catalogs: ReadonlyMap<string, Catalog>): Promise<void> {
  await Promise.all([...catalogs.values()].map((catalog) => catalog.close()))
}

const consoleUrl = ({ console: { host, port, publicUrl } }: Config): string => publicUrl ?? `http://${host}:${port}`
