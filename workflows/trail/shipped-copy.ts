import { hash } from 'node:crypto'
import type { Pool } from 'pg'
import { Chain, type Fault } from './chain.ts'

/** The state database's copy of one journal, as far as it had been shipped when the look at it began. */
export interface ShippedCopy {
  readonly journal: string
  readonly lastSeq: number
}

export interface FiledRecord {
  readonly seq: number
  readonly text: string
  readonly file: string
  readonly line: number
}

interface CopyRow {
  readonly seq: string
  readonly line: string
  readonly hash: Buffer
}

const PAGE_RECORDS = 1_000

export async function shippedCopies(pool: Pool): Promise<ReadonlyMap<string, ShippedCopy>> {
  const { rows } = await pool.query<{ journal: string; last: string }>(
    'SELECT journal, max(seq) AS last FROM trail_record GROUP BY journal',
  )
  return new Map(rows.map(({ journal, last }) => [journal, { journal, lastSeq: Number(last) }]))
}

/** The first of these records, which follow each other, that the database does not have or has otherwise. */
export async function compareWithCopy(
  pool: Pool,
  copy: ShippedCopy,
  records: readonly FiledRecord[],
): Promise<Fault | null> {
  const shipped = records.filter(({ seq }) => seq <= copy.lastSeq)
  const first = shipped[0]
  if (first === undefined) return null
  const rows = await page(pool, copy.journal, first.seq, shipped.length)
  const bySeq = new Map(rows.map((row) => [Number(row.seq), row]))
  for (const record of shipped) {
    const fault = compare(copy.journal, record, bySeq.get(record.seq))
    if (fault !== null) return fault
  }
  return null
}

function compare(journal: string, { seq, text, file, line }: FiledRecord, row: CopyRow | undefined): Fault | null {
  const fault = (problem: Fault['problem'], detail: string): Fault => ({ journal, seq, file, line, problem, detail })
  if (row === undefined) return fault('copy_missing', 'the state database lacks it, but has later ones')
  const fits = hash('sha256', row.line) === row.hash.toString('hex')
  if (row.line === text && fits) return null
  return fault(
    'copy_differs',
    fits
      ? 'file and state database differ'
      : 'the state database’s copy does not fit its own hash: it was edited there',
  )
}

/** Follows the chain through the database alone. */
export async function checkCopy(pool: Pool, { journal, lastSeq }: ShippedCopy): Promise<Fault | null> {
  const chain = new Chain(journal)
  for (let from = 1; from <= lastSeq; ) {
    const rows = await page(pool, journal, from, PAGE_RECORDS)
    if (rows.length === 0) break
    for (const row of rows) {
      const fault = checkRow(chain, journal, row)
      if (fault !== null) return fault
    }
    from = Number(rows.at(-1)?.seq) + 1
  }
  return chain.end()
}

function checkRow(chain: Chain, journal: string, { seq, line, hash: stored }: CopyRow): Fault | null {
  if (hash('sha256', line) !== stored.toString('hex')) {
    const detail = 'the state database’s copy does not fit its own hash: it was edited there'
    return { journal, seq: Number(seq), file: null, line: null, problem: 'edited', detail }
  }
  return chain.check(line, { file: null, line: null })
}

async function page(pool: Pool, journal: string, from: number, count: number): Promise<CopyRow[]> {
  const { rows } = await pool.query<CopyRow>(
    'SELECT seq, line, hash FROM trail_record WHERE journal = $1 AND seq >= $2 AND seq < $3 ORDER BY seq',
    [journal, from, from + count],
  )
  return rows
}
