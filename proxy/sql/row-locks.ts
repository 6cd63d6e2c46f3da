import type { SelectStmt } from 'libpg-query'
import { type Context, recordRelation } from './context.ts'
import type { Scope } from './scope.ts'

/** FOR UPDATE and its like lock what they name, or everything; they name items, so those names are no relations. */
export function locking(context: Context, { lockingClause }: SelectStmt, scope: Scope): void {
  for (const node of lockingClause ?? []) {
    if (!('LockingClause' in node)) continue
    context.record.flag('row_locks')
    const ranges = (node.LockingClause.lockedRels ?? []).flatMap((each) => ('RangeVar' in each ? [each.RangeVar] : []))
    for (const range of ranges) context.seen.add(range)
    const names = new Set(ranges.map((range) => range.relname))
    for (const item of scope.items) {
      const isLocked = names.size === 0 || names.has(item.name ?? '')
      const relation =
        isLocked && item.relation !== null ? context.snapshot.relationByOid(item.relation.oid) : undefined
      if (relation !== undefined) recordRelation(context, relation, ['lock'])
    }
  }
}
