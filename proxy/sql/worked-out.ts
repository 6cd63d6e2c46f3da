import type { CatalogSnapshot } from '../catalog/snapshot.ts'
import type { Context } from './context.ts'
import type { DefinitionChange } from './definition-change.ts'

type Memo = Map<string, unknown>

const changed = new WeakMap<readonly DefinitionChange[], WeakMap<CatalogSnapshot, Memo>>()

/**
 * Where what was worked out of definitions is kept: with the catalog, unless the open transaction or the text so far has
 * changed some of them. Then it holds for just these changes.
 */
export function workedOut({ snapshot, session: { uncommitted } }: Context): Memo {
  if (uncommitted === undefined || uncommitted.length === 0) return snapshot.memo
  const bySnapshot = changed.get(uncommitted) ?? new WeakMap<CatalogSnapshot, Memo>()
  const memo = bySnapshot.get(snapshot) ?? new Map()
  changed.set(uncommitted, bySnapshot.set(snapshot, memo))
  return memo
}
