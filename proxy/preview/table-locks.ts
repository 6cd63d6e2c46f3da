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
  const named = new Set(
    facts.relations.filter(({ through }) => through.length === 0).map((one) => `${one.schema}.${one.name}`),
  )
  const known = facts.locks.flatMap(({ on, schema, relation, mode }): readonly TableLock[] => {
    const tableMode = on === 'relation' ? TABLE_LOCK_MODES.find((one) => one === mode) : undefined
    const table = `${schema}.${relation}`
    return tableMode === undefined || untold.has(table) ? [] : [{ table, mode: tableMode }]
  })
  const all = [...known, ...cascades.map(({ table }) => ({ table, mode: 'ROW EXCLUSIVE' as const }))]
  return strongestFirst([
    ...all.filter(({ table }) => named.has(table)),
    ...all.filter(({ table }) => !named.has(table)),
  ])
}

/** Each table once; of equal ones those that the statement names first. */
export function strongestFirst(locks: readonly TableLock[]): readonly TableLock[] {
  const byStrength = [...locks].sort((a, b) => strength(b) - strength(a))
  return byStrength.filter((lock, index) => byStrength.findIndex(({ table }) => table === lock.table) === index)
}

function strength({ mode }: TableLock): number {
  return TABLE_LOCK_MODES.indexOf(mode)
}
