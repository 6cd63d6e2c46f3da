import type { TargetConfig } from '../../../config.ts'
import { encodeCancelRequest } from '../../wire/messages/startup.ts'
import { openTransport } from './transport.ts'

const TIMEOUT_MS = 10_000

/** Asks the server to stop what the connection with this key is running; resolves when the server has taken it. */
export async function cancelUpstream(target: TargetConfig, key: Buffer): Promise<void> {
  const signal = AbortSignal.timeout(TIMEOUT_MS)
  const { socket } = await openTransport(target, signal)
  await new Promise<void>((resolve) => {
    const abort = (): void => void socket.destroy()
    signal.addEventListener('abort', abort, { once: true })
    socket.on('error', () => undefined)
    socket.once('close', () => {
      signal.removeEventListener('abort', abort)
      resolve()
    })
    socket.resume()
    socket.end(encodeCancelRequest(key))
  })
}
