import type { Facts } from '../../policies/input.ts'
import type { Preview } from '../../workflows/holds/hold.ts'
import type { BoundParameters, Judgement } from '../gate.ts'
import { type CountQuery, countQuery } from './count-query.ts'
import { estimatedRows } from './estimate.ts'
import type { NamedTable } from './modification.ts'
import { type SideLane, taken, valuesOf } from './side-lane.ts'

export const UNKNOWN_ROWS: Preview = Object.freeze({ kind: 'unknown', rows: null, ofRows: null })

/**
 * How many rows a held statement would touch, for those who decide. Counted where counting is proven to ask the same
 * question and to run nothing but built-in functions without effects; else the planner's estimate; else unknown. It sees
 * nothing of an open transaction.
 */
export async function previewOf(
  { text, facts }: Judgement,
  parameters: BoundParameters,
  lane: SideLane,
): Promise<Preview> {
  if (!isHarmless(facts)) return UNKNOWN_ROWS
  const target = modifiedTable(facts)
  const query = target === null ? null : countQuery(text, target)
  const ofRows = target === null ? null : await sizeOf(target, lane)
  const rows = query === null ? null : await count(query, parameters, lane)
  if (rows !== null) {
    const everything = facts.flags.includes('no_where') || facts.flags.includes('always_true_where')
    return { kind: 'counted', rows, ofRows: everything ? rows : atLeast(ofRows, rows) }
  }
  const estimate = await estimatedRows(text, facts, valuesOf(parameters), lane).catch(() => null)
  if (estimate === null) return UNKNOWN_ROWS
  return { kind: 'estimated', rows: estimate, ofRows: atLeast(ofRows, estimate) }
}

/** Planning a statement and evaluating its condition call only functions that do nothing else. */
export function isHarmless({ functions, unresolved, external, relations }: Facts): boolean {
  return (
    unresolved.length === 0 &&
    external.length === 0 &&
    functions.every(({ builtin, known, volatility }) => builtin && known && volatility !== 'volatile') &&
    relations.every(({ temporary }) => !temporary)
  )
}

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
