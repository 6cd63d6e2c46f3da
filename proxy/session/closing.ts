import type { HoldpointError } from '../../errors.ts'
import { ProtocolError } from '../wire/errors.ts'
import { encodeError } from '../wire/messages/error-response.ts'
import type { ClientSocket } from './client-socket.ts'
import { SessionError } from './errors.ts'

const CLOSING_MS = 5_000

/** What is written goes out first, but nobody is waited for who does not take it. */
export function closeSoon(socket: ClientSocket): void {
  socket.destroySoon()
  setTimeout(() => socket.destroy(), CLOSING_MS).unref()
}

/** What ends a connection, as the client is told. */
export function fatal(error: HoldpointError): Buffer {
  const coded = error instanceof SessionError || error instanceof ProtocolError
  return encodeError({
    severity: 'FATAL',
    sqlstate: coded ? error.sqlstate : 'XX000',
    message: error.message,
    hint: error.hint,
  })
}
