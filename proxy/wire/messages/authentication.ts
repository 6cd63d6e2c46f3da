import { backend } from '../message-types.ts'
import { MessageWriter } from '../message-writer.ts'

/**
 * The Authentication messages a client of ours is sent.
 * https://www.postgresql.org/docs/current/protocol-message-formats.html#PROTOCOL-MESSAGE-FORMATS-AUTHENTICATIONOK
 */
export const authenticationOk = new MessageWriter(backend.authentication).int32(0).message()
export const authenticationCleartextPassword = new MessageWriter(backend.authentication).int32(3).message()
