import { BodyReader, type MessageBytes } from '../body-reader.ts'
import { frontend } from '../message-types.ts'
import { MessageWriter } from '../message-writer.ts'

/**
 * Flush, Sync, Terminate and CopyDone (F): a type and nothing else.
 * https://www.postgresql.org/docs/current/protocol-message-formats.html#PROTOCOL-MESSAGE-FORMATS-SYNC
 */
export const flush = new MessageWriter(frontend.flush).message()
export const sync = new MessageWriter(frontend.sync).message()
export const terminate = new MessageWriter(frontend.terminate).message()

export function checkBare(message: MessageBytes): void {
  new BodyReader(message).end()
}
