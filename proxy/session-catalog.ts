import type { Log } from '../log.ts'
import type { Catalog } from './catalog/catalog.ts'
import type { SessionCatalog } from './session/session-start.ts'
import { hasDomainChecks } from './sql/domain-checks.ts'

export interface SessionCatalogOptions {
  readonly catalog: Catalog
  readonly log: Pick<Log, 'warn'>
  /** A session of this process has changed definitions: the other processes have to know, before its client does. */
  readonly changedHere: () => void
}

/** What a session asks of its target's definitions. */
export function sessionCatalog({ catalog, log, changedHere }: SessionCatalogOptions): SessionCatalog {
  return {
    // While they are not known no version is the one that something was judged by, and the gate refuses.
    version: () => knownVersion(catalog) ?? Number.NaN,
    labelsOf: (relationOid, attribute) => catalog.snapshot.labelsOf(relationOid, attribute),
    changed: () => {
      changedHere()
      readAnew(catalog, log)
    },
    look: async (urgency) => {
      const looked = catalog.look(urgency) ?? catalog.refresh()
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

/** What is judged from now on waits for it. */
export function readAnew(catalog: Catalog, log: Pick<Log, 'warn'>): void {
  catalog.refresh().catch((err: unknown) => log.warn({ err }, 'the definitions could not be read anew'))
}
