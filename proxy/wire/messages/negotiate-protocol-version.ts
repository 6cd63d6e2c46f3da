import { backend } from '../message-types.ts'
import { MessageWriter } from '../message-writer.ts'
import type { StartupMessage } from './startup.ts'

/**
 * NegotiateProtocolVersion (B): the newest minor version spoken here, and the protocol options not known here.
 * https://www.postgresql.org/docs/current/protocol-message-formats.html#PROTOCOL-MESSAGE-FORMATS-NEGOTIATEPROTOCOLVERSION
 */
export const MINOR_MAX = 2

const OPTION_PREFIX = '_pq_.'

export interface Negotiated {
  readonly minor: number
  /** What has to be said before authentication; null: the client asked for nothing unknown. */
  readonly message: Buffer | null
}

/** As PostgreSQL 18 does: an option nobody knows, or a newer minor version, is answered and not refused. */
export function negotiate(startup: StartupMessage): Negotiated {
  const unknown = [...startup.parameters.keys()].filter((name) => name.startsWith(OPTION_PREFIX))
  const minor = Math.min(startup.minor, MINOR_MAX)
  if (unknown.length === 0 && minor === startup.minor) return { minor, message: null }
  const writer = new MessageWriter(backend.negotiateProtocolVersion).int32((3 << 16) | minor).int32(unknown.length)
  for (const name of unknown) writer.text(name)
  return { minor, message: writer.message() }
}
