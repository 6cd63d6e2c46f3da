import type { LockingClause, SelectStmt } from 'libpg-query'
import type { Lock } from '../../policies/lock.ts'
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
      if (relation === undefined) continue
      recordRelation(context, relation, ['lock'])
      const { schema, name } = relation
      context.record.lock({ on: 'rows', schema, relation: name, ...strengthOf(node.LockingClause) })
    }
  }
}

const modes: Readonly<Record<string, Lock['mode']>> = {
  LCS_FORKEYSHARE: 'FOR KEY SHARE',
  LCS_FORSHARE: 'FOR SHARE',
  LCS_FORNOKEYUPDATE: 'FOR NO KEY UPDATE',
}
const waits: Readonly<Record<string, Lock['wait']>> = { LockWaitError: 'nowait', LockWaitSkip: 'skip_locked' }

function strengthOf({ strength = 'LCS_FORUPDATE', waitPolicy = 'LockWaitBlock' }: LockingClause) {
  return { mode: modes[strength] ?? 'FOR UPDATE', wait: waits[waitPolicy] ?? 'wait' } as const
}
