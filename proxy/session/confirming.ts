import type { Judgement } from '../gate.ts'
import { flush } from '../wire/messages/bare.ts'
import { encodeBareBind } from '../wire/messages/bind.ts'
import { encodeClose } from '../wire/messages/describe.ts'
import { encodeError } from '../wire/messages/error-response.ts'
import { encodeExecute } from '../wire/messages/execute.ts'
import { encodeParse } from '../wire/messages/parse.ts'
import { encodeQuery } from '../wire/messages/query.ts'
import { endBatch, isSkipped } from './batch.ts'
import type { SessionContext } from './context.ts'
import { slot } from './exchange.ts'
import { definitionsChanged } from './standing-before.ts'

/** What becomes of a message that would commit, or end what commits. */
export interface Confirming {
  readonly kept: () => Promise<void> | undefined
  /** It was written by definitions that nobody has judged. */
  readonly lost: () => void
}

/** Waits until all that was sent has been answered, and asks what it has written by. */
export async function confirmThen(session: SessionContext, { kept, lost }: Confirming): Promise<void> {
  // Where an error came first, the server does not look at the message.
  if ((await confirmed(session, lost)) && !isSkipped(session)) await kept()
}

/** @returns whether it stands, as far as it is not skipped */
export async function confirmed(session: SessionContext, lost: () => void): Promise<boolean> {
  await whenAnswered(session)
  const stand = isSkipped(session) || session.unconfirmed.isEmpty || (await session.unconfirmed.stand())
  if (!stand && !session.signal.aborted) lost()
  return stand
}

async function whenAnswered({ exchange, upstream }: SessionContext): Promise<void> {
  if (!exchange.quiet && exchange.batchOpen) upstream.add(flush)
  upstream.send()
  await exchange.whenQuiet()
}

const FAILED = '40001'
const NAME = 'holdpoint/rollback'
const rollback = encodeQuery('ROLLBACK')
const rollbackInBatch = Buffer.concat([
  encodeParse({ statement: NAME, sql: 'ROLLBACK', parameterTypes: [] }),
  encodeBareBind(NAME, NAME),
  encodeExecute({ portal: NAME, rowsMax: 0 }),
  encodeClose({ what: 'statement', name: NAME }),
])

/** The client asked for it, and it was not done. */
export function recordTakenBack(
  { recorder, upstream }: SessionContext,
  judgements: readonly Judgement[],
  hold: string | null,
): void {
  for (const judgement of judgements)
    recorder.completed(recorder.intended({ judgement, parameters: [] }, hold), false, FAILED, 0)
  upstream.recorded()
}

/** In place of a Query that commits: the transaction is over, as it is when the server itself cannot commit. */
export function rollBackQuery(session: SessionContext): void {
  const { exchange, toClient, upstream } = session
  toClient.add(encodeError(definitionsChanged))
  const unshown = slot('query')
  unshown.stopped = true
  exchange.push(unshown)
  endBatch(session)
  upstream.add(rollback)
}

/** Before what fails an Execute that commits. */
export function rollBackInBatch({ exchange, upstream }: SessionContext): void {
  for (const kind of ['parse', 'bind', 'execute', 'close'] as const) {
    const unshown = slot(kind, { swallow: true })
    unshown.stopped = true
    exchange.push(unshown)
  }
  upstream.add(rollbackInBatch)
}
