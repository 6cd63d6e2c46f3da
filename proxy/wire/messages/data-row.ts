import { BodyReader } from '../body-reader.ts'
import { ProtocolError } from '../errors.ts'

/**
 * DataRow (B).
 * https://www.postgresql.org/docs/current/protocol-message-formats.html#PROTOCOL-MESSAGE-FORMATS-DATAROW
 *
 *   'D' │ length │ fields: int16 │ { length: int32, -1 for NULL │ bytes } …
 */

/** Read only where Holdpoint asked the question itself. */
export function decodeTextRow(message: Buffer): readonly (string | null)[] {
  const body = new BodyReader(message)
  const values = Array.from({ length: body.uint16() }, () => {
    const length = body.int32()
    return length === -1 ? null : body.bytes(length).toString('utf8')
  })
  body.end()
  return values
}

const FIELDS_AT = 7

/** How many columns a DataRow, or a RowDescription, says it has. */
export function columnCount(window: Buffer, start: number, end: number): number {
  if (end - start < FIELDS_AT) throw new ProtocolError('body_truncated', 'a row ends before its fields')
  return ((window[start + 5] as number) << 8) | (window[start + 6] as number)
}

/**
 * Every field inside the row, and the row ending with the last: the client will believe its lengths. One pass without
 * a copy, because every row comes through here.
 *
 * @param columns as the rows' description says; null where nobody asked for one
 */
export function checkRow(window: Buffer, start: number, end: number, columns: number | null): void {
  const count = columnCount(window, start, end)
  if (columns !== null && count !== columns) throw malformed('has another number of columns than its description')
  let at = start + FIELDS_AT
  for (let index = 0; index < count; index++) {
    if (at + 4 > end) throw malformed('ends before its fields')
    const length = int32(window, at)
    if (length < -1) throw malformed('has a field of negative length')
    at += length === -1 ? 4 : 4 + length
  }
  if (at !== end) throw malformed('does not end with its last field')
}

const DATA_ROW = 0x44
/** So that nobody waits for a run of rows. */
const RUN_BYTES_MAX = 256 * 1024

/** Rows that follow each other in one window, looked at in one go: the same as `checkRow` for each. */
export class RowRun {
  rows = 0
  /** Behind the last of them. */
  end = 0

  /** Takes them up to the first that is not whole, or anything but a row of so many columns as it should be. */
  measure(window: Buffer, from: number, columns: number): void {
    const last = Math.min(window.length, from + RUN_BYTES_MAX)
    this.rows = 0
    this.end = from
    for (let next = rowEnd(window, from, last, columns); next !== -1; next = rowEnd(window, next, last, columns)) {
      this.rows++
      this.end = next
    }
  }
}

/** @returns -1 where there is no such row */
function rowEnd(window: Buffer, start: number, last: number, columns: number): number {
  let at = start + FIELDS_AT
  if (at > last || window[start] !== DATA_ROW) return -1
  const end = start + 1 + int32(window, start + 1)
  if (end > last || (((window[start + 5] as number) << 8) | (window[start + 6] as number)) !== columns) return -1
  for (let index = 0; index < columns; index++) {
    if (at + 4 > end) return -1
    const length = int32(window, at)
    if (length < -1) return -1
    at += length === -1 ? 4 : 4 + length
  }
  return at === end ? end : -1
}

function int32(bytes: Buffer, at: number): number {
  return (
    ((bytes[at] as number) << 24) |
    ((bytes[at + 1] as number) << 16) |
    ((bytes[at + 2] as number) << 8) |
    (bytes[at + 3] as number)
  )
}

function malformed(why: string): ProtocolError {
  return new ProtocolError('value_invalid', `a row ${why}`)
}
