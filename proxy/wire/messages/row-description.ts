import { BodyReader, type MessageBytes } from '../body-reader.ts'
import { ProtocolError } from '../errors.ts'

/**
 * RowDescription (B): where each column comes from and how its values are written.
 * https://www.postgresql.org/docs/current/protocol-message-formats.html#PROTOCOL-MESSAGE-FORMATS-ROWDESCRIPTION
 */
export interface RowField {
  readonly name: string
  /** The relation's OID, or 0 when the column is not simply a relation's. */
  readonly relationOid: number
  readonly attribute: number
  readonly typeOid: number
  readonly format: 0 | 1
}

const FIELD_BYTES_MIN = 19

export function decodeRowDescription(message: MessageBytes): readonly RowField[] {
  const body = new BodyReader(message)
  const count = body.uint16()
  if (count * FIELD_BYTES_MIN > body.left) throw new ProtocolError('body_truncated', 'RowDescription ends early')
  const fields = Array.from({ length: count }, () => field(body))
  body.end()
  return fields
}

function field(body: BodyReader): RowField {
  const name = body.text()
  const relationOid = body.uint32()
  const attribute = body.int16()
  const typeOid = body.uint32()
  body.int16() // the type's length
  body.int32() // the type's modifier
  return { name, relationOid, attribute, typeOid, format: body.int16() === 1 ? 1 : 0 }
}
