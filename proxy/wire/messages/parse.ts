import { BodyReader, type MessageBytes } from '../body-reader.ts'
import { ProtocolError } from '../errors.ts'
import { frontend } from '../message-types.ts'
import { MessageWriter } from '../message-writer.ts'

/**
 * Parse (F): prepare a statement. The SQL of the extended protocol arrives here.
 * https://www.postgresql.org/docs/current/protocol-message-formats.html#PROTOCOL-MESSAGE-FORMATS-PARSE
 */
export interface Parse {
  readonly statement: string
  readonly sql: string
  readonly parameterTypes: readonly number[]
}

const NO_TYPES: readonly number[] = []

export function decodeParse(message: MessageBytes): Parse {
  const body = new BodyReader(message)
  const statement = body.text()
  const sql = body.text()
  const count = body.uint16()
  // Checked before the array is made: a count alone must not allocate.
  if (count * 4 > body.left) throw new ProtocolError('body_truncated', 'insufficient data left in message')
  const parameterTypes = count === 0 ? NO_TYPES : Array.from({ length: count }, () => body.uint32())
  body.end()
  return { statement, sql, parameterTypes }
}

export function encodeParse({ statement, sql, parameterTypes }: Parse): Buffer {
  const writer = new MessageWriter(frontend.parse).text(statement).text(sql).uint16(parameterTypes.length)
  for (const type of parameterTypes) writer.uint32(type)
  return writer.message()
}
