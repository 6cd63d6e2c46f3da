import { createServer } from 'node:net'
import { DevelopmentError } from './errors.ts'

/** Below the ports that systems give to outgoing connections: one of those may be taken between asking and listening. */
const FIRST = 10_240
const LAST = 32_767
/** How many follow each other for one process before it reaches the next one's. */
const STRIDE = 16

let given = 0

/**
 * A TCP port on 127.0.0.1 that nobody listens on, for somebody who listens a moment later. Processes begin at different
 * places, so that two which ask at the same time are not told the same one.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = FIRST + ((process.pid * STRIDE + given++) % (LAST - FIRST + 1))
    if (await isFree(port)) return port
  }
}

/** @throws DevelopmentError port_taken where this user may not listen on it */
export function isFree(port: number): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const probe = createServer()
    probe.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') resolve(false)
      else if (error.code === 'EACCES')
        reject(
          new DevelopmentError('port_taken', `Port ${port} may not be opened by this user.`, {
            hint: 'Choose a port of 1024 or more',
          }),
        )
      else reject(error)
    })
    probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(true)))
  })
}
