import { hash } from 'node:crypto'
import type { Pool } from 'pg'
import { Chain, type Fault } from './chain.ts'
import { linkOf } from './line.ts'

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

/** The first of these records that the database does not have or has otherwise. */
export async function compareWithCopy(
  pool: Pool,
  copy: ShippedCopy,
  records: readonly FiledRecord[],
): Promise<Fault | null> {
  const shipped = records.filter(({ seq }) => seq <= copy.lastSeq)
  if (shipped.length === 0) return null
  const { rows } = await pool.query<CopyRow>(
    'SELECT seq, line, hash FROM trail_record WHERE journal = $1 AND seq = ANY($2::bigint[])',
    [copy.journal, shipped.map(({ seq }) => seq)],
  )
  const bySeq = new Map(rows.map((row) => [Number(row.seq), row]))
  for (const record of shipped) {
    const row = bySeq.get(record.seq)
    if (row?.line === record.text && fitsItsHash(row)) continue
    return { ...(await differenceOf(pool, copy.journal, record, row)), journal: copy.journal, ...placeOf(record) }
  }
  return null
}

function placeOf({ seq, file, line }: FiledRecord): Pick<Fault, 'seq' | 'file' | 'line'> {
  return { seq, file, line }
}

/** The record behind says which of the two was there when it was written. */
async function differenceOf(
  pool: Pool,
  journal: string,
  { seq, text }: FiledRecord,
  row: CopyRow | undefined,
): Promise<Pick<Fault, 'problem' | 'detail'>> {
  if (row === undefined) return { problem: 'copy_missing', detail: 'the state database lacks it, but has later ones' }
  const [next] = await page(pool, journal, seq + 1, 1)
  const original = next === undefined ? null : linkOf(next.line)?.prev
  if (original === hash('sha256', row.line)) return { problem: 'edited', detail: 'the state database has other bytes' }
  if (original === hash('sha256', text) || !fitsItsHash(row)) return { problem: 'copy_differs', detail: COPY_EDITED }
  return { problem: 'copy_differs', detail: 'file and state database differ' }
}

const COPY_EDITED = 'the state database’s copy was edited'

function fitsItsHash(row: CopyRow): boolean {
  return hash('sha256', row.line) === row.hash.toString('hex')
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

function checkRow(chain: Chain, journal: string, row: CopyRow): Fault | null {
  if (fitsItsHash(row)) return chain.check(row.line, { file: null, line: null })
  return { journal, seq: Number(row.seq), file: null, line: null, problem: 'edited', detail: COPY_EDITED }
}

async function page(pool: Pool, journal: string, from: number, count: number): Promise<CopyRow[]> {
  const { rows } = await pool.query<CopyRow>(
    'SELECT seq, line, hash FROM trail_record WHERE journal = $1 AND seq >= $2 AND seq < $3 ORDER BY seq',
    [journal, from, from + count],
  )
  return rows
}
