import type { Facts } from '../../policies/input.ts'
import type { Preview } from '../../workflows/holds/hold.ts'
import type { Catalog } from '../catalog/catalog.ts'
import type { BoundParameters, Judgement } from '../gate.ts'
import { type CountQuery, countQuery } from './count-query.ts'
import { estimatedRows } from './estimate.ts'

const UNKNOWN: Preview = Object.freeze({ kind: 'unknown', rows: null, ofRows: null })

export interface PreviewOptions {
  readonly timeoutMs: number
}

type SideConnection = Pick<Catalog, 'query'>

/**
 * How many rows a held statement would touch, for those who decide. Counted where counting is proven to ask the same
 * question and to run nothing but built-in functions without effects; else the planner's estimate; else unknown. It runs
 * read-only beside the session, so it sees nothing of an open transaction. Never throws, and takes no longer than it may.
 */
export async function previewOf(
  judgement: Judgement,
  parameters: BoundParameters,
  catalog: SideConnection,
  { timeoutMs }: PreviewOptions,
): Promise<Preview> {
  if (!isHarmless(judgement.facts)) return UNKNOWN
  const deadline = AbortSignal.timeout(timeoutMs)
  const late = new Promise<Preview>((resolve) => {
    deadline.addEventListener('abort', () => resolve(UNKNOWN), { once: true })
  })
  return Promise.race([look(judgement, parameters, catalog, timeoutMs), late])
}

/** Planning a statement and evaluating its condition call only functions that do nothing else. */
function isHarmless({ functions, unresolved, external, relations }: Facts): boolean {
  return (
    unresolved.length === 0 &&
    external.length === 0 &&
    functions.every(({ builtin, known, volatility }) => builtin && known && volatility !== 'volatile') &&
    relations.every(({ temporary }) => !temporary)
  )
}

async function look(
  { text, facts }: Judgement,
  parameters: BoundParameters,
  catalog: SideConnection,
  timeoutMs: number,
): Promise<Preview> {
  const target = targetOf(facts)
  const query = target === null ? null : countQuery(text, target)
  const ofRows = target === null ? null : await sizeOf(target, catalog, timeoutMs)
  const rows = query === null ? null : await count(query, parameters, catalog, timeoutMs)
  if (rows !== null) {
    const everything = facts.flags.includes('no_where') || facts.flags.includes('always_true_where')
    return { kind: 'counted', rows, ofRows: everything ? rows : atLeast(ofRows, rows) }
  }
  const estimate = await estimatedRows(text, facts, valuesOf(parameters), catalog, timeoutMs).catch(() => null)
  if (estimate === null) return UNKNOWN
  return { kind: 'estimated', rows: estimate, ofRows: atLeast(ofRows, estimate) }
}

/** The one relation that an UPDATE or DELETE names. */
function targetOf({ kind, relations }: Facts): { readonly schema: string; readonly name: string } | null {
  if (kind !== 'update' && kind !== 'delete') return null
  const written = relations.filter(({ access, through }) => through.length === 0 && access.includes(kind))
  const [only] = written
  return only !== undefined && written.length === 1 ? { schema: only.schema, name: only.name } : null
}

async function count(
  { sql, parameters }: CountQuery,
  bound: BoundParameters,
  catalog: SideConnection,
  timeoutMs: number,
): Promise<number | null> {
  const values = valuesOf(bound)
  try {
    const taken = parameters.map((number) => values[number - 1])
    if (taken.includes(undefined)) return null // the driver would send NULL for it
    const rows = await catalog.query<{ count: string }>(sql, taken, { timeoutMs })
    return wholeNumber(rows[0]?.count)
  } catch {
    return null // too slow, or the server infers other types
  }
}

const SIZE = `SELECT c.reltuples::float8 AS size FROM pg_catalog.pg_class c
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = $1 AND c.relname = $2`

/** As of the last ANALYZE. */
async function sizeOf(
  { schema, name }: { readonly schema: string; readonly name: string },
  catalog: SideConnection,
  timeoutMs: number,
): Promise<number | null> {
  const rows = await catalog.query<{ size: number }>(SIZE, [schema, name], { timeoutMs }).catch(() => [])
  const size = rows[0]?.size ?? -1
  return size < 0 ? null : Math.round(size)
}

/** Text parameters as text and binary ones as bytes, which is also how the driver sends them on. */
function valuesOf({ formats, values }: BoundParameters): readonly (string | Buffer | null)[] {
  return values.map((value, index) => {
    const format = formats.length === 1 ? formats[0] : formats[index]
    return value === null || format === 1 ? value : value.toString('utf8')
  })
}

function atLeast(size: number | null, rows: number): number | null {
  return size === null ? null : Math.max(size, rows)
}

function wholeNumber(text: string | undefined): number | null {
  const number = Number(text)
  return Number.isSafeInteger(number) ? number : null
}
