import { decodeReport, encodeError, type ReportFields } from '../wire/messages/error-response.ts'
import { ROLLED_BACK } from './comes-out.ts'
import type { SessionContext } from './context.ts'
import { SessionError } from './errors.ts'
import type { Slot } from './exchange.ts'
import { scrubReport, withheldNow } from './scrub.ts'

const NOT_RUN = 'not run'

/**
 * ErrorResponse: ends what it answers, and decides what becomes of everything behind it.
 *
 *   query, call, sync            the slot goes on to its ReadyForQuery; what is behind it runs
 *   parse, bind, execute, …      the server skips to the next Sync, and so does the exchange
 */
export class ReplyErrors {
  readonly #session: SessionContext

  constructor(session: SessionContext) {
    this.#session = session
  }

  receive(message: Buffer): void {
    const fields = decodeReport(message)
    const sqlstate = fields.get('C')
    if (sqlstate === undefined)
      throw new SessionError('upstream_violation', 'The database sent an error without a code')
    const first = this.#session.exchange.first
    if (isFatal(fields)) {
      this.#forward(message)
      return
    }
    if (first === undefined) throw new SessionError('upstream_violation', 'The database sent an error out of order')
    if (first.asks === 'vitally') throw new SessionError('internal', 'The session’s state could not be asked for')
    const over = this.#session.limits.errorOf(first, sqlstate)
    if (first.asks !== null) {
      this.#skipToSync(first)
      return
    }
    if (first.stopped)
      first.at = first.runs.length // the client has its error already
    else if (first.refusal !== null) this.#session.toClient.add(first.refusal)
    else if (over !== null) this.#session.toClient.add(encodeError(over))
    else this.#forward(message)
    this.#failRuns(first, over?.sqlstate ?? sqlstate)
    this.#session.unconfirmed.failed(first.refusal === null ? (over?.sqlstate ?? sqlstate) : ROLLED_BACK)
    this.#session.exchange.copyIn = false
    if (first.kind === 'query' || first.kind === 'call' || first.kind === 'sync') first.failed = true
    else this.#skipToSync(first)
  }

  #forward(message: Buffer): void {
    const { toClient, fromUpstream } = this.#session
    const scrub = withheldNow(this.#session)
    if (scrub !== null) toClient.add(scrubReport(message, scrub))
    else toClient.keep(fromUpstream)
  }

  #failRuns({ runs, at }: Slot, sqlstate: string): void {
    for (let index = at; index < runs.length; index++) {
      const run = runs[index]
      if (run !== undefined) this.#session.recorder.completed(run, false, index === at ? sqlstate : NOT_RUN, 0)
    }
  }

  #skipToSync(first: Slot): void {
    const { exchange, state } = this.#session
    // Where a Parse of the unnamed statement fails, the one before it is gone too.
    if (first.kind === 'parse') for (const change of first.changes) if (change.name === '') change.lose()
    state.statements.forgetExpected()
    state.portals.forgetExpected()
    exchange.shift()
    const { skipped, synced } = exchange.skip()
    for (const { runs, stopped } of skipped)
      if (!stopped) for (const run of runs) this.#session.recorder.completed(run, false, NOT_RUN, 0)
    for (const { changes } of exchange.remaining()) for (const change of changes) change.expectAgain()
    if (!synced) exchange.skipping = true
    skipped.find(({ parts }) => parts !== null)?.parts?.neverBegan()
  }
}

/** The server says that it ends the connection itself. */
function isFatal(fields: ReportFields): boolean {
  const severity = fields.get('V') ?? fields.get('S')
  return severity === 'FATAL' || severity === 'PANIC'
}
