import type { Facts } from '../../policies/input.ts'
import { TABLE_LOCK_MODES } from '../../policies/lock.ts'
import type { CascadedChange, TableLock } from '../../workflows/holds/consequences.ts'

/**
 * The table locks of which a reviewer is told, strongest first: those in the facts, and those on the tables that foreign
 * keys change besides. Others do not wait for what is locked in the system's own tables or in a sequence.
 */
export function tableLocks(facts: Facts, cascades: readonly CascadedChange[]): readonly TableLock[] {
  const untold = new Set(
    facts.relations
      .filter(({ system, kind }) => system || kind === 'sequence')
      .map((one) => `${one.schema}.${one.name}`),
  )
  const known = facts.locks.flatMap(({ on, schema, relation, mode }): readonly TableLock[] => {
    const tableMode = on === 'relation' ? TABLE_LOCK_MODES.find((one) => one === mode) : undefined
    const table = `${schema}.${relation}`
    return tableMode === undefined || untold.has(table) ? [] : [{ table, mode: tableMode }]
  })
  return strongestFirst([...known, ...cascades.map(({ table }) => ({ table, mode: 'ROW EXCLUSIVE' as const }))])
}

/** Each table once. */
export function strongestFirst(locks: readonly TableLock[]): readonly TableLock[] {
  const byStrength = [...locks].sort((a, b) => strength(b) - strength(a) || (a.table < b.table ? -1 : 1))
  return byStrength.filter((lock, index) => byStrength.findIndex(({ table }) => table === lock.table) === index)
}

function strength({ mode }: TableLock): number {
  return TABLE_LOCK_MODES.indexOf(mode)
}
