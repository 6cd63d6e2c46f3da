import { flush, sync } from '../wire/messages/bare.ts'
import type { SessionContext } from './context.ts'
import { slot } from './exchange.ts'
import { probeNames } from './probe.ts'

/** How a wait treats the batch of the extended protocol that the client has not ended with Sync. */
export type OpenBatch = 'keep' | 'end when empty'

/**
 * Waits until the server has answered everything sent so far, and the session knows what names mean.
 *
 * A client that pipelines may have asked for no answer yet, so Flush is sent for it. Before a long wait a batch that
 * has only prepared statements is ended instead: its transaction would keep their relations locked meanwhile.
 */
export async function settle(session: SessionContext, openBatch: OpenBatch): Promise<void> {
  const { exchange, state, upstream, signal } = session
  const endsBatch = openBatch === 'end when empty' && canEndBatch(session)
  if (endsBatch) {
    exchange.push(slot('sync', { swallow: true }))
    exchange.closeBatch()
    upstream.add(sync)
  } else if (!exchange.quiet && exchange.batchOpen) {
    upstream.add(flush)
  }
  upstream.send()
  await exchange.whenQuiet()
  exchange.barrier = false
  exchange.copyExpected = false
  const askable = state.transaction !== 'failed' && !exchange.skipping && !exchange.copyIn
  if (!signal.aborted && state.namesUnknown && askable) await probeNames(session)
  session.turn++
}

function canEndBatch({ exchange, state }: SessionContext): boolean {
  const empty = exchange.batchOpen && !exchange.batchBinds && !exchange.skipping
  return empty && state.transaction === 'idle'
}
