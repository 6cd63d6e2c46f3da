import type pg from 'pg'
import type { Environment } from '../command-line.ts'
import type { Config, TargetConfig } from '../config.ts'
import type { Log } from '../log.ts'
import { ensureOpa, opaCacheFolder } from '../policies/opa.ts'
import type { ExamplesAsked, ShownExamples } from '../workflows/holds/examples.ts'
import { openKeptNames } from '../workflows/state/labelled-names.ts'
import { type ActivePolicies, openActivePolicies } from './active-policy.ts'
import { type Catalog, openCatalog } from './catalog/catalog.ts'
import { ProxyError } from './errors.ts'
import { createGate } from './gate.ts'
import { examplesFor } from './own-readings.ts'
import { loadParser } from './sql/analyse.ts'

export interface OwnReadings {
  /** Never rejects: what cannot be established is not shown. */
  readonly examplesFor: (asked: ExamplesAsked) => Promise<ShownExamples>
  close(): Promise<void>
}

export interface OpenOwnReadingsOptions {
  readonly config: Config
  readonly pool: pg.Pool
  readonly env: Environment
  readonly log: Log
  readonly now: () => number
}

/**
 * The gate for a process that serves no sessions: the policy in force and the definitions of each target, opened when
 * somebody first looks at rows of it and followed from then on. A target that does not answer is tried at the next look.
 */
export function openOwnReadings(options: OpenOwnReadingsOptions): OwnReadings {
  const { config, env, log, pool } = options
  const cacheFolder = opaCacheFolder(env, config.data)
  const opa = () => ensureOpa({ config: config.opa, env, cacheFolder, progress: (line) => log.info(line) })
  const catalogs = new Map<string, Catalog>()
  const opening = new Map<string, Promise<Catalog>>()
  let policies: Promise<ActivePolicies> | null = null
  let inForce: ActivePolicies | null = null
  const relabel = (): void => {
    for (const catalog of catalogs.values()) if (inForce?.now) catalog.relabel(inForce.now.labels)
  }
  const openPolicies = async (): Promise<ActivePolicies> => {
    const [opened] = await Promise.all([openActivePolicies({ ...options, opa }), loadParser()])
    inForce = opened
    opened.onSwap(relabel)
    return opened
  }
  const open = async (target: TargetConfig): Promise<Catalog> => {
    policies ??= openPolicies().catch((error: unknown) => {
      policies = null
      throw error
    })
    const { now } = await policies
    if (now === null) throw noPolicy()
    const memoryOf = (database: string) => openKeptNames({ pool, log, target: target.name, database })
    const catalog = await openCatalog({ target, labels: now.labels, log, memoryOf })
    catalogs.set(target.name, catalog)
    relabel() // a release may have come meanwhile
    return catalog
  }
  const catalogOf = (target: TargetConfig): Promise<Catalog> => {
    const { name } = target
    const opened = opening.get(name) ?? open(target)
    opening.set(name, opened)
    opened.catch(() => opening.delete(name))
    return opened
  }
  const policy = () => {
    if (inForce?.now == null) throw noPolicy()
    return inForce.now.policy
  }
  const gate = createGate({ catalogs, policy, cacheBytesMax: CACHE_BYTES_MAX })
  return {
    examplesFor: (asked) => examplesFor(asked, { targets: config.targets, gate, catalogOf, log }),
    async close() {
      const opened = await Promise.allSettled(opening.values())
      await Promise.all(opened.map((one) => (one.status === 'fulfilled' ? one.value.close() : undefined)))
      await (await policies?.catch(() => null))?.[Symbol.asyncDispose]()
    },
  }
}

/** Few are asked, and each once. */
const CACHE_BYTES_MAX = 4 * 1024 * 1024

function noPolicy(): ProxyError {
  return new ProxyError('no_policy', 'No release of the policies has been verified yet.')
}
