import { BodyReader, type MessageBytes } from '../body-reader.ts'
import { frontend } from '../message-types.ts'
import { MessageWriter } from '../message-writer.ts'

/**
 * Execute (F): run a portal, or fetch on from it.
 * https://www.postgresql.org/docs/current/protocol-message-formats.html#PROTOCOL-MESSAGE-FORMATS-EXECUTE
 */
export interface Execute {
  readonly portal: string
  /** 0: all. */
  readonly rowsMax: number
}

export function decodeExecute(message: MessageBytes): Execute {
  const body = new BodyReader(message)
  const portal = body.text()
  const rowsMax = body.int32()
  body.end()
  return { portal, rowsMax }
}

export function encodeExecute({ portal, rowsMax }: Execute): Buffer {
  return new MessageWriter(frontend.execute).text(portal).int32(rowsMax).message()
}
