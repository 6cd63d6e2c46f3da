import type { Facts } from '../../../policies/input.ts'

const MODES = [
  'ACCESS SHARE',
  'ROW SHARE',
  'ROW EXCLUSIVE',
  'SHARE UPDATE EXCLUSIVE',
  'SHARE',
  'SHARE ROW EXCLUSIVE',
  'EXCLUSIVE',
  'ACCESS EXCLUSIVE',
]

/**
 * @param lock `relation RowExclusiveLock`, as pg_locks has it
 * @param families whom a relation may be reached through without being named
 * @returns whether the facts say of the relation, or of one that it is reached through, that it is locked at least
 * so much
 */
export function isForeseen(
  lock: string,
  all: readonly Facts[],
  families: ReadonlyMap<string, readonly string[]>,
): boolean {
  const [, name = '', mode = ''] = /^(.*) (\w+)$/.exec(lock) ?? []
  const taken = MODES.indexOf(
    mode
      .replace(/Lock$/, '')
      .replaceAll(/(?<=[a-z])(?=[A-Z])/g, ' ')
      .toUpperCase(),
  )
  const names = new Set([name, ...(families.get(name) ?? [])])
  return all.some(({ locks }) => locks.some((each) => names.has(each.relation) && MODES.indexOf(each.mode) >= taken))
}
