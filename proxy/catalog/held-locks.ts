import type { HeldLock } from '../../workflows/holds/consequences.ts'
import type { Catalog } from './catalog.ts'

/**
 * What a backend's transaction has locked, seen from beside it: relations by their names, strongest first. The rows it
 * has changed are locked, too, which pg_locks does not list; they are in the relations with a RowExclusiveLock.
 */
const HELD = `
  SELECT CASE l.locktype WHEN 'relation' THEN n.nspname || '.' || c.relname ELSE l.locktype END AS "on", l.mode
  FROM pg_catalog.pg_locks l
  LEFT JOIN pg_catalog.pg_class c ON c.oid = l.relation
  LEFT JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  WHERE l.pid = $1 AND l.granted AND l.locktype IN ('relation', 'advisory', 'object')
    AND (l.database = 0 OR l.database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database()))
    AND (n.nspname IS NULL OR n.nspname NOT IN ('pg_catalog', 'pg_toast', 'information_schema'))
    AND (l.locktype <> 'relation' OR c.relkind NOT IN ('i', 'I'))
  GROUP BY 1, 2
  ORDER BY array_position(ARRAY['AccessExclusiveLock', 'ExclusiveLock', 'ShareRowExclusiveLock', 'ShareLock',
    'ShareUpdateExclusiveLock', 'RowExclusiveLock', 'RowShareLock', 'AccessShareLock'], l.mode), 1
  LIMIT 50`

const TIMEOUT_MS = 1_000

/** @returns nothing when nobody can look: people are told less then, and nothing else changes */
export async function heldLocks(backendPid: number, catalog: Pick<Catalog, 'query'>): Promise<readonly HeldLock[]> {
  const found: readonly HeldLock[] = await catalog
    .query<HeldLock>(HELD, [backendPid], { timeoutMs: TIMEOUT_MS })
    .catch(() => [])
  return found.filter(({ on }) => on !== null).map(({ on, mode }) => ({ on, mode }))
}
