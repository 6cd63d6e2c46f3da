import { backend } from '../message-types.ts'
import { MessageWriter } from '../message-writer.ts'

/**
 * BackendKeyData (B): what a CancelRequest for this session must show, process id and secret in one.
 * https://www.postgresql.org/docs/current/protocol-message-formats.html#PROTOCOL-MESSAGE-FORMATS-BACKENDKEYDATA
 */
export function encodeBackendKeyData(key: Buffer): Buffer {
  return new MessageWriter(backend.backendKeyData).bytes(key).message()
}
