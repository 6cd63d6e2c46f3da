import type { Judgement } from '../gate.ts'
import { frontend } from '../wire/message-types.ts'
import { encodeError, type Report } from '../wire/messages/error-response.ts'
import { endBatch } from './batch.ts'
import type { SessionContext } from './context.ts'
import { slot } from './exchange.ts'
import { inTransaction, poisonParse, poisonQuery, poisonUnnamedParse } from './refusal.ts'

/** Refuses one message: what cannot run goes upstream in its place, and the server's error becomes ours. */
export class Refusals {
  readonly #session: SessionContext

  constructor(session: SessionContext) {
    this.#session = session
  }

  /** In place of a Query or FunctionCall; what follows runs. */
  simple(report: Report): void {
    const { exchange, state, upstream } = this.#session
    exchange.push(slot('query', { refusal: encodeError(inTransaction(report, state.transaction)) }))
    endBatch(this.#session)
    upstream.add(poisonQuery)
  }

  /** In place of any message of the extended protocol; what follows is skipped to the next Sync. */
  extended(report: Report, type: number, name = ''): void {
    const { exchange, state, upstream } = this.#session
    const unnamed = type === frontend.parse && name === ''
    const changes = unnamed ? [state.statements.expect('', null)] : []
    exchange.push(slot('parse', { refusal: encodeError(inTransaction(report, state.transaction)), changes }))
    exchange.batchOpen = true
    exchange.skipping = true
    upstream.add(unnamed ? poisonUnnamedParse : poisonParse)
  }

  /** Before the refusal itself, so that the trail has it before the client. */
  record(judgements: readonly Judgement[], parameters: readonly (string | null)[]): void {
    this.#session.recorder.refused(judgements, parameters)
    const { gate, state, watch } = this.#session
    watch?.refused(judgements, (text) => gate.judge(text, state))
    this.#session.upstream.recorded()
  }
}
