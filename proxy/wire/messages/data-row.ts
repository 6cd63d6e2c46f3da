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
    const length =
      ((window[at] as number) << 24) |
      ((window[at + 1] as number) << 16) |
      ((window[at + 2] as number) << 8) |
      (window[at + 3] as number)
    if (length < -1) throw malformed('has a field of negative length')
    at += length === -1 ? 4 : 4 + length
  }
  if (at !== end) throw malformed('does not end with its last field')
}

function malformed(why: string): ProtocolError {
  return new ProtocolError('value_invalid', `a row ${why}`)
}
