import pg from 'pg'
import type { CascadedChange } from '../../workflows/holds/consequences.ts'
import type { BoundParameters } from '../gate.ts'
import type { ChosenRows } from './chosen-rows.ts'
import type { ForeignKey, KeyAction } from './foreign-keys.ts'
import type { NamedTable } from './modification.ts'
import { wholeNumber } from './rows.ts'
import { type SideLane, taken } from './side-lane.ts'

/** What happens to rows of one table. */
export interface TableChange {
  readonly table: NamedTable
  readonly kind: 'insert' | 'update' | 'delete' | 'truncate'
  /** Of an update: what it writes. */
  readonly columns: readonly string[]
}

/** One foreign key's doing, and the keys that led to it, outermost first. */
export interface CascadeStep {
  readonly key: ForeignKey
  readonly does: CascadedChange['does']
  readonly change: TableChange
  readonly path: readonly ForeignKey[]
}

/** So much is told; a web of keys beyond it is a reason to look for oneself. */
const STEPS_MAX = 40
const COUNTED_MAX = 12

/** Everything that foreign keys do because of the given change, and because of that, until nothing more happens. */
export function cascadesOf(first: TableChange, keys: readonly ForeignKey[]): readonly CascadeStep[] {
  const steps: CascadeStep[] = []
  const waiting: { readonly change: TableChange; readonly path: readonly ForeignKey[] }[] = [
    { change: first, path: [] },
  ]
  for (let next = waiting.shift(); next !== undefined && steps.length < STEPS_MAX; next = waiting.shift()) {
    for (const key of keys) {
      const does = whatItDoes(key, next.change)
      if (does === null || next.path.includes(key)) continue
      const change = changeBy(key, does)
      const path = [...next.path, key]
      steps.push({ key, does, change, path })
      waiting.push({ change, path })
    }
  }
  return steps
}

const actions: Partial<Record<KeyAction, CascadedChange['does']>> = { n: 'set_null', d: 'set_default' }

function whatItDoes(key: ForeignKey, { table, kind, columns }: TableChange): CascadedChange['does'] | null {
  if (key.of !== table.name || key.ofSchema !== table.schema) return null
  if (kind === 'delete') return key.onDelete === 'c' ? 'delete' : (actions[key.onDelete] ?? null)
  if (kind !== 'update' || !key.ofColumns.some((column) => columns.includes(column))) return null
  return key.onUpdate === 'c' ? 'update' : (actions[key.onUpdate] ?? null)
}

function changeBy({ schema, table, columns }: ForeignKey, does: CascadedChange['does']): TableChange {
  return { table: { schema, name: table }, kind: does === 'delete' ? 'delete' : 'update', columns }
}

/** @param rows what the statement chooses; null: that could not be read, and nothing below it is counted */
export async function countedCascades(
  steps: readonly CascadeStep[],
  rows: ChosenRows | null,
  bound: BoundParameters,
  lane: SideLane,
): Promise<readonly CascadedChange[]> {
  const counted: CascadedChange[] = []
  for (const { key, does, path } of steps) {
    const rowsToo = rows !== null && counted.length < COUNTED_MAX ? await countAlong(path, rows, bound, lane) : null
    counted.push({
      table: `${key.schema}.${key.table}`,
      constraint: key.constraint,
      does,
      from: `${key.ofSchema}.${key.of}`,
      rows: rowsToo,
    })
  }
  return counted
}

const quoted = pg.escapeIdentifier

/** Follows the keys from the chosen rows: each table's rows that refer to a row of the one before. */
async function countAlong(
  path: readonly ForeignKey[],
  { from, alias, parameters }: ChosenRows,
  bound: BoundParameters,
  lane: SideLane,
): Promise<number | null> {
  const values = taken(bound, parameters)
  if (values === null) return null
  const steps = path.map((key, depth) => {
    const on = key.columns.map(
      // Operators of the session's own path could be somebody's function.
      (column, at) => `c.${quoted(column)} OPERATOR(pg_catalog.=) p.${quoted(key.ofColumns[at] as string)}`,
    )
    const child = `${quoted(key.schema)}.${quoted(key.table)}`
    return `d${depth + 1} AS (SELECT c.* FROM ${child} AS c WHERE EXISTS (SELECT FROM d${depth} AS p WHERE ${on.join(' AND ')}))`
  })
  const sql = `WITH d0 AS (SELECT ${alias}.* ${from}), ${steps.join(', ')} SELECT pg_catalog.count(*) FROM d${path.length}`
  try {
    const [row] = await lane.askAsSession<{ count: string }>(sql, values)
    return wholeNumber(row?.count)
  } catch {
    return null // too slow, or not for this role to read
  }
}
