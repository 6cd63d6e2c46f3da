import { hash } from 'node:crypto'
import type { Pool } from 'pg'
import { Chain, type Fault } from './chain.ts'
import { linkOf } from './line.ts'
import { type ShippedLine, shippedLines } from './shipped-lines.ts'

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

/** The longest run of records that is asked for at once, besides what shares a batch with it. */
const PAGE_RECORDS = 1_000

export async function shippedCopies(pool: Pool): Promise<ReadonlyMap<string, ShippedCopy>> {
  const { rows } = await pool.query<{ journal: string; last: string }>(
    `SELECT journal, max(seq) AS last
     FROM (SELECT journal, last_seq AS seq FROM trail_batch UNION ALL SELECT journal, seq FROM trail_row) AS shipped
     GROUP BY journal`,
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
  const [first] = shipped
  if (first === undefined) return null
  const bySeq = new Map<number, ShippedLine>()
  for (let from = first.seq, to = shipped.at(-1)?.seq ?? from; from <= to; ) {
    const lines = await shippedLines(pool, copy.journal, { from, to })
    for (const line of lines) bySeq.set(line.seq, line)
    from = (lines.at(-1)?.seq ?? to) + 1
  }
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
  row: ShippedLine | undefined,
): Promise<Pick<Fault, 'problem' | 'detail'>> {
  if (row === undefined) return { problem: 'copy_missing', detail: 'the state database lacks it, but has later ones' }
  if (row.line === text) return { problem: 'copy_differs', detail: COPY_EDITED }
  const [next] = await shippedLines(pool, journal, { from: seq + 1, to: seq + 1 })
  const original = next === undefined ? null : linkOf(next.line)?.prev
  if (original === hash('sha256', row.line)) return { problem: 'edited', detail: 'the state database has other bytes' }
  if (original === hash('sha256', text) || !fitsItsHash(row)) return { problem: 'copy_differs', detail: COPY_EDITED }
  return { problem: 'copy_differs', detail: 'file and state database differ' }
}

const COPY_EDITED = 'the state database’s copy was edited'

function fitsItsHash(row: ShippedLine): boolean {
  return row.hash === null || hash('sha256', row.line) === row.hash
}

/** Follows the chain through the database alone. */
export async function checkCopy(pool: Pool, { journal, lastSeq }: ShippedCopy): Promise<Fault | null> {
  const chain = new Chain(journal)
  for (let from = 1; from <= lastSeq; ) {
    const rows = await shippedLines(pool, journal, { from, to: from + PAGE_RECORDS - 1 })
    if (rows.length === 0) break
    for (const row of rows) {
      const fault = checkRow(chain, journal, row)
      if (fault !== null) return fault
    }
    from = (rows.at(-1)?.seq ?? lastSeq) + 1
  }
  return chain.end()
}

function checkRow(chain: Chain, journal: string, row: ShippedLine): Fault | null {
  if (fitsItsHash(row)) return chain.check(row.line, { file: null, line: null })
  return { journal, seq: row.seq, file: null, line: null, problem: 'edited', detail: COPY_EDITED }
}
