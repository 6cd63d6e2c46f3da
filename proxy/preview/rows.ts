import type { Facts } from '../../policies/input.ts'
import type { Preview } from '../../workflows/holds/hold.ts'
import type { BoundParameters, Judgement } from '../gate.ts'
import { type CountQuery, countQuery } from './count-query.ts'
import { estimatedRows } from './estimate.ts'
import type { Looking } from './harmless.ts'
import type { NamedTable } from './modification.ts'
import { type SideLane, taken, valuesOf } from './side-lane.ts'

export const UNKNOWN_ROWS: Preview = Object.freeze({ kind: 'unknown', rows: null, ofRows: null })

/**
 * How many rows a held statement would touch, for those who decide. Counted where counting is proven to ask the same
 * question and to run nothing but built-in functions without effects; else the planner's estimate; else unknown, with
 * the size of the one table that it is about. It sees nothing of an open transaction.
 */
export async function previewOf(
  { text, facts }: Judgement,
  parameters: BoundParameters,
  lane: SideLane,
  { mayRead, mayPlan }: Looking,
): Promise<Preview> {
  const target = modifiedTable(facts)
  const whole = target === null ? await wholeTables(facts, lane) : null
  if (whole !== null) return whole
  const query = target === null || !mayRead ? null : countQuery(text, target)
  const ofRows = target === null ? null : await sizeOf(target, lane)
  const rows = query === null ? null : await count(query, parameters, lane)
  if (rows !== null) {
    return { kind: 'counted', rows, ofRows: facts.flags.includes('no_where') ? rows : atLeast(ofRows, rows) }
  }
  const estimate = mayPlan ? await estimatedRows(text, facts, valuesOf(parameters), lane).catch(() => null) : null
  if (estimate === null) return { ...UNKNOWN_ROWS, ofRows }
  return { kind: 'estimated', rows: estimate, ofRows: atLeast(ofRows, estimate) }
}

/** Emptied, dropped or copied out as a whole; or changed in its definition, which for many rows takes long. */
async function wholeTables({ kind, flags, relations }: Facts, lane: SideLane): Promise<Preview | null> {
  const every = kind === 'truncate' || kind === 'drop' || (kind === 'copy' && flags.includes('unbounded_read'))
  if (!every && kind !== 'alter_table') return null
  const named = relations.filter((one) => one.through.length === 0 && !one.system && STORED.has(one.kind))
  const sizes = await Promise.all(named.map((table) => sizeOf(table, lane)))
  const known = sizes.filter((size) => size !== null)
  if (known.length === 0 || known.length < sizes.length) return UNKNOWN_ROWS
  const all = known.reduce((sum, size) => sum + size, 0)
  return every ? { kind: 'estimated', rows: all, ofRows: all } : { ...UNKNOWN_ROWS, ofRows: all }
}

const STORED: ReadonlySet<string> = new Set(['table', 'partitioned_table', 'materialized_view'])

/** The one relation that an UPDATE or DELETE names. */
export function modifiedTable({ kind, relations }: Facts): NamedTable | null {
  if (kind !== 'update' && kind !== 'delete') return null
  const written = relations.filter(({ access, through }) => through.length === 0 && access.includes(kind))
  const [only] = written
  return only !== undefined && written.length === 1 ? { schema: only.schema, name: only.name } : null
}

async function count({ sql, parameters }: CountQuery, bound: BoundParameters, lane: SideLane): Promise<number | null> {
  const values = taken(bound, parameters)
  if (values === null) return null
  try {
    const [row] = await lane.askAsSession<{ count: string }>(sql, values)
    return wholeNumber(row?.count)
  } catch {
    return null // too slow, or the server infers other types
  }
}

const SIZE = `SELECT c.reltuples::float8 AS size FROM pg_catalog.pg_class c
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = $1 AND c.relname = $2`

/** As of the last ANALYZE. */
async function sizeOf({ schema, name }: NamedTable, lane: SideLane): Promise<number | null> {
  try {
    const [row] = await lane.ask<{ size: number }>(SIZE, [schema, name])
    const size = row?.size ?? -1
    return size < 0 ? null : Math.round(size)
  } catch {
    return null
  }
}

function atLeast(size: number | null, rows: number): number | null {
  return size === null ? null : Math.max(size, rows)
}

export function wholeNumber(text: string | undefined): number | null {
  const number = text === undefined ? Number.NaN : Number(text)
  return Number.isSafeInteger(number) ? number : null
}
