import { BodyReader, type MessageBytes } from '../body-reader.ts'
import { ProtocolError } from '../errors.ts'

/**
 * ReadyForQuery (B): the server's word on the transaction.
 * https://www.postgresql.org/docs/current/protocol-message-formats.html#PROTOCOL-MESSAGE-FORMATS-READYFORQUERY
 */
export type TransactionStatus = 'idle' | 'open' | 'failed'

const statuses: ReadonlyMap<number, TransactionStatus> = new Map([
  [0x49, 'idle'], // I
  [0x54, 'open'], // T
  [0x45, 'failed'], // E
])

export function decodeReadyForQuery(message: MessageBytes): TransactionStatus {
  const body = new BodyReader(message)
  const status = statuses.get(body.uint8())
  body.end()
  if (status === undefined) throw new ProtocolError('value_invalid', 'unknown transaction status')
  return status
}

export const readyForQueryIdle = Buffer.from([0x5a, 0, 0, 0, 5, 0x49])
