import type { Pool } from 'pg'
import { linkOf } from './line.ts'

/** A record of the state database's copy. */
export interface ShippedLine {
  readonly seq: number
  readonly line: string
  /** What its batch says its hash is, hex; null: the record behind it in the batch says that. */
  readonly hash: string | null
}

/** Where the copy of a journal ends. */
export interface ShippedEnd {
  readonly seq: number
  readonly hash: string
}

interface Row {
  readonly first: string
  readonly lines: string
  readonly hash: Buffer
}

/** Batches, and the rows that were shipped before there were any: such a row is a batch of one. */
const BATCHES = `
  SELECT first_seq AS first, last_seq AS last, lines, last_hash AS hash FROM trail_batch WHERE journal = $1
  UNION ALL
  SELECT seq, seq, line, hash FROM trail_row WHERE journal = $1`

const BATCHES_MAX = 1_000

/** What the copy has of these records, in order: at least the first that it has, and all of its batch. */
export async function shippedLines(
  pool: Pool,
  journal: string,
  { from, to }: { readonly from: number; readonly to: number },
): Promise<readonly ShippedLine[]> {
  const { rows } = await pool.query<Row>(
    `SELECT first, lines, hash FROM (${BATCHES}) AS batch WHERE last >= $2 AND first <= $3 ORDER BY first LIMIT $4`,
    [journal, from, to, BATCHES_MAX],
  )
  return rows.flatMap(linesOf).filter(({ seq }) => seq >= from && seq <= to)
}

export async function shippedEnd(pool: Pool, journal: string): Promise<ShippedEnd | null> {
  const { rows } = await pool.query<{ readonly seq: string; readonly hash: Buffer }>(
    `SELECT last_seq AS seq, last_hash AS hash
     FROM (SELECT * FROM trail_batch WHERE journal = $1 ORDER BY first_seq DESC LIMIT 1) AS batch
     UNION ALL
     SELECT seq, hash FROM (SELECT * FROM trail_row WHERE journal = $1 ORDER BY seq DESC LIMIT 1) AS old
     ORDER BY seq DESC LIMIT 1`,
    [journal],
  )
  const [last] = rows
  return last === undefined ? null : { seq: Number(last.seq), hash: last.hash.toString('hex') }
}

/** By their own numbers, so that one that was taken out is missed as itself. */
function linesOf({ first, lines, hash }: Row): readonly ShippedLine[] {
  const all = lines.split('\n')
  return all.map((line, index) => ({
    seq: linkOf(line)?.seq ?? Number(first) + index,
    line,
    hash: index === all.length - 1 ? hash.toString('hex') : null,
  }))
}
