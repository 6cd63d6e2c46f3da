import { BodyReader } from '../body-reader.ts'

/**
 * DataRow (B), read only where Holdpoint asked the question itself.
 * https://www.postgresql.org/docs/current/protocol-message-formats.html#PROTOCOL-MESSAGE-FORMATS-DATAROW
 */
export function decodeTextRow(message: Buffer): readonly (string | null)[] {
  const body = new BodyReader(message)
  const values = Array.from({ length: body.uint16() }, () => {
    const length = body.int32()
    return length === -1 ? null : body.bytes(length).toString('utf8')
  })
  body.end()
  return values
}
