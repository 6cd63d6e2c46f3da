import { BodyReader, type MessageBytes } from '../body-reader.ts'
import { ProtocolError } from '../errors.ts'
import { frontend } from '../message-types.ts'
import { MessageWriter } from '../message-writer.ts'

/**
 * Bind (F): make a portal of a prepared statement and its parameters.
 * https://www.postgresql.org/docs/current/protocol-message-formats.html#PROTOCOL-MESSAGE-FORMATS-BIND
 */
export interface Bind {
  readonly portal: string
  readonly statement: string
  /** None: all text; one: for all of them; else one each. */
  readonly parameterFormats: readonly number[]
  /** Slices of the message; null is SQL NULL. */
  readonly parameters: readonly (Buffer | null)[]
  readonly resultFormats: readonly number[]
}

const NONE: readonly never[] = []

export function decodeBind(message: MessageBytes): Bind {
  const body = new BodyReader(message)
  const portal = body.text()
  const statement = body.text()
  const parameterFormats = formats(body)
  const parameters = values(body)
  const resultFormats = formats(body)
  body.end()
  if (parameterFormats.length > 1 && parameterFormats.length !== parameters.length) {
    const counts = `${parameterFormats.length} parameter formats but ${parameters.length} parameters`
    throw new ProtocolError('value_invalid', `bind message has ${counts}`)
  }
  return { portal, statement, parameterFormats, parameters, resultFormats }
}

/** A Bind without parameters, all of whose results are text. */
export function encodeBareBind(portal: string, statement: string): Buffer {
  return new MessageWriter(frontend.bind).text(portal).text(statement).uint16(0).uint16(0).uint16(0).message()
}

function formats(body: BodyReader): readonly number[] {
  const count = body.uint16()
  if (count === 0) return NONE
  if (count * 2 > body.left) throw new ProtocolError('body_truncated', 'insufficient data left in message')
  const codes: number[] = []
  for (let index = 0; index < count; index++) codes.push(format(body.uint16()))
  return codes
}

function format(code: number): number {
  if (code > 1) throw new ProtocolError('value_invalid', `unsupported format code: ${code}`)
  return code
}

function values(body: BodyReader): readonly (Buffer | null)[] {
  const count = body.uint16()
  if (count === 0) return NONE
  if (count * 4 > body.left) throw new ProtocolError('body_truncated', 'insufficient data left in message')
  const parameters: (Buffer | null)[] = []
  for (let index = 0; index < count; index++) {
    const length = body.int32()
    parameters.push(length === -1 ? null : body.bytes(length))
  }
  return parameters
}
