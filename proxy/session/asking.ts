import { createHash } from 'node:crypto'
import type { HeldLock } from '../../workflows/holds/consequences.ts'
import type { KeptExamples } from '../../workflows/holds/examples.ts'
import type { HoldRequest } from '../../workflows/holds/hold.ts'
import type { BoundParameters, Judgement } from '../gate.ts'
import type { Foresight } from '../preview/foresee.ts'
import type { SideView } from '../preview/side-lane.ts'
import type { SessionContext } from './context.ts'
import { holdRequest } from './hold-request.ts'
import { needTelling, toldParameterTexts } from './parameter-text.ts'

/** One message that needs approval. */
export interface Asked {
  /** As it came, comments included. */
  readonly text: string
  /** Judges it as it stands now. */
  readonly judge: () => readonly Judgement[] | Promise<readonly Judgement[]>
  readonly bound: BoundParameters
  readonly shown: readonly (string | null)[]
}

export interface AskingOptions {
  /** What running it would do. Never rejects, and takes no longer than it may. */
  readonly foresee: (
    judgements: readonly Judgement[],
    parameters: BoundParameters,
    view: SideView,
  ) => Promise<Foresight>
  /** The client's address and port. */
  readonly client: string
  /** What the session's open transaction has locked. Never rejects, and takes a moment at most. */
  readonly locks: () => Promise<readonly HeldLock[]>
  readonly inTransactionMs: number
}

/** Puts together what reviewers are asked, and what exactly an approval would be for. */
export class Asking {
  readonly #session: SessionContext
  readonly #options: AskingOptions

  constructor(session: SessionContext, options: AskingOptions) {
    this.#session = session
    this.#options = options
  }

  get inTransaction(): boolean {
    return this.#session.state.transaction !== 'idle' || this.#session.exchange.batchRuns
  }

  /**
   * What is asked, and rows of data for whoever answers, which are kept apart.
   * @param of what an approval would be for, and the one that was given and does not count any more
   */
  async request(
    asked: Asked,
    judgements: readonly Judgement[],
    of: { readonly digest: string; readonly anewOf: string | null },
  ): Promise<{ readonly request: HoldRequest; readonly examples: KeptExamples | null }> {
    const { gate, state, id } = this.#session
    const [only] = judgements
    const { foresee, locks, client, inTransactionMs } = this.#options
    const { role, searchPath } = state
    const [{ foreseen, examples, types }, locked] = await Promise.all([
      foresee(judgements, asked.bound, { role, searchPath, inTransaction: this.inTransaction }),
      this.inTransaction ? locks() : [],
    ])
    const request = holdRequest({
      judgements,
      state,
      ...of,
      inputs: this.#session.recorder.shown(judgements),
      shape: only !== undefined && judgements.length === 1 ? gate.shape(only, state) : null,
      foreseen,
      client,
      locks: locked,
      onHold: state.said.onHold,
      reason: state.said.reasonFor(asked.text),
      shown: needTelling(asked.bound) ? toldParameterTexts(asked.bound, types) : asked.shown,
      sessionId: id,
      expiryMsMax: this.inTransaction ? inTransactionMs : null,
    })
    return { request, examples }
  }

  /** Of several statements in one message, one approval covers all of them and in this order. */
  async digest(judgements: readonly Judgement[], bound: BoundParameters): Promise<string> {
    const { gate, state } = this.#session
    const digests: string[] = []
    for (const judgement of judgements) digests.push(await gate.digest(judgement, bound, state))
    const [only] = digests
    if (digests.length === 1 && only !== undefined) return only
    return createHash('sha256').update(digests.join('\n')).digest('hex')
  }
}
