import { flush, sync } from '../wire/messages/bare.ts'
import type { SessionContext } from './context.ts'
import { slot } from './exchange.ts'
import { learnNames } from './probe.ts'

/** How a wait treats the batch of the extended protocol that the client has not ended with Sync. */
export type OpenBatch = 'keep' | 'end when empty'

/**
 * Waits until the server has answered everything sent so far, and the session knows what names mean.
 *
 * A client that pipelines may have asked for no answer yet, so Flush is sent for it. Before a long wait a batch that
 * has only prepared statements is ended instead: its transaction would keep their relations locked meanwhile.
 */
export async function settle(session: SessionContext, openBatch: OpenBatch): Promise<void> {
  const { exchange, upstream } = session
  const endsBatch = openBatch === 'end when empty' && canEndBatch(session)
  if (endsBatch) {
    exchange.push(slot('sync', { swallow: true }))
    endBatch(session)
    upstream.add(sync)
  } else if (!exchange.quiet && exchange.batchOpen) {
    upstream.add(flush)
  }
  upstream.send()
  await exchange.whenQuiet()
  exchange.barrier = false
  exchange.copyExpected = false
  await learnNames(session)
  session.turn++
}

/** Takes a message up again behind a wait, unless the server skips it by now. */
export async function settleThen(session: SessionContext, work: () => Promise<void> | undefined): Promise<void> {
  await settle(session, 'keep')
  if (!isSkipped(session)) await work()
}

/** Whatever was waited for, an error may have come meanwhile: the message is one that the server does not look at. */
export function isSkipped({ exchange, signal }: SessionContext): boolean {
  return signal.aborted || exchange.skipping
}

/** The server ends the batch here: Sync, or a simple query. */
export function endBatch({ exchange, state }: SessionContext): void {
  exchange.closeBatch()
  state.statements.seal()
  state.portals.seal()
}

function canEndBatch({ exchange, state }: SessionContext): boolean {
  const empty = exchange.batchOpen && !exchange.batchBinds && !exchange.skipping
  return empty && state.transaction === 'idle'
}
