import { BodyReader } from '../body-reader.ts'

/**
 * ParameterStatus (B): a setting the server reports, at startup and whenever it changes.
 * https://www.postgresql.org/docs/current/protocol-message-formats.html#PROTOCOL-MESSAGE-FORMATS-PARAMETERSTATUS
 */
export interface ParameterStatus {
  readonly name: string
  readonly value: string
}

export function decodeParameterStatus(message: Buffer): ParameterStatus {
  const body = new BodyReader(message)
  const name = body.text()
  const value = body.text()
  body.end()
  return { name, value }
}
