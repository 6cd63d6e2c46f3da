import { BodyReader, type MessageBytes } from '../body-reader.ts'
import { ProtocolError } from '../errors.ts'
import { frontend } from '../message-types.ts'
import { MessageWriter } from '../message-writer.ts'

/**
 * Describe (F) and Close (F) name a prepared statement (S) or a portal (P) in the same way.
 * https://www.postgresql.org/docs/current/protocol-message-formats.html#PROTOCOL-MESSAGE-FORMATS-DESCRIBE
 * https://www.postgresql.org/docs/current/protocol-message-formats.html#PROTOCOL-MESSAGE-FORMATS-CLOSE
 */
export interface Named {
  readonly what: 'statement' | 'portal'
  readonly name: string
}

const STATEMENT = 0x53
const PORTAL = 0x50

export function decodeNamed(message: MessageBytes): Named {
  const body = new BodyReader(message)
  const kind = body.uint8()
  if (kind !== STATEMENT && kind !== PORTAL) {
    throw new ProtocolError('value_invalid', `invalid subtype ${kind} of a Describe or Close message`)
  }
  const name = body.text()
  body.end()
  return { what: kind === STATEMENT ? 'statement' : 'portal', name }
}

export function encodeDescribe({ what, name }: Named): Buffer {
  return encode(frontend.describe, what, name)
}

export function encodeClose({ what, name }: Named): Buffer {
  return encode(frontend.close, what, name)
}

function encode(type: number, what: Named['what'], name: string): Buffer {
  return new MessageWriter(type)
    .uint8(what === 'statement' ? STATEMENT : PORTAL)
    .text(name)
    .message()
}
