import { BodyReader, type MessageBytes } from '../body-reader.ts'
import { frontend } from '../message-types.ts'
import { MessageWriter } from '../message-writer.ts'

/**
 * Query (F): a simple query, of any number of statements.
 * https://www.postgresql.org/docs/current/protocol-message-formats.html#PROTOCOL-MESSAGE-FORMATS-QUERY
 */
export function decodeQuery(message: MessageBytes): string {
  const body = new BodyReader(message)
  const sql = body.text()
  body.end()
  return sql
}

export function encodeQuery(sql: string): Buffer {
  return new MessageWriter(frontend.query).text(sql).message()
}
