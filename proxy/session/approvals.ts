import { createHash } from 'node:crypto'
import type { Hold, HoldRequest, Holds, Preview } from '../../workflows/holds/hold.ts'
import type { BoundParameters, Judgement } from '../gate.ts'
import { encodeNotice, type Report } from '../wire/messages/error-response.ts'
import { isSkipped, settle } from './batch.ts'
import type { SessionContext } from './context.ts'
import { holdRequest } from './hold-request.ts'
import { outcomeOf } from './judge-in-order.ts'
import * as refusal from './refusal.ts'

/** One message that needs approval. */
export interface Asked {
  /** Judges it as it stands now. */
  readonly judge: () => readonly Judgement[] | Promise<readonly Judgement[]>
  readonly bound: BoundParameters
  readonly shown: readonly (string | null)[]
}

export type Decided =
  | { readonly kind: 'run'; readonly judgements: readonly Judgement[]; readonly hold: string | null }
  | { readonly kind: 'refuse'; readonly judgements: readonly Judgement[]; readonly report: Report }

/** skip: nobody is there any more, or an error came first and the server does not look at the message. */
export type Verdict = Decided | { readonly kind: 'skip' }

export interface ApprovalOptions {
  readonly holds: Holds
  readonly preview: (judgement: Judgement, parameters: BoundParameters) => Promise<Preview>
  readonly statusUrl: (hold: string) => string
  readonly inTransactionMs: number
  /** What the client chose with holdpoint.on_hold. */
  readonly onHold: 'wait' | 'error' | null
  readonly reason: string | null
  /** Approvals cannot be asked for: the state database is away, say. */
  readonly unavailable: (error: unknown) => void
  /** Looks for definitions that were changed elsewhere. Never rejects. */
  readonly look: () => Promise<void>
}

const SKIP = { kind: 'skip' } as const

/**
 * What becomes of a statement whose decision is hold.
 *
 *   judge ─deny──▶ refuse
 *     ├─allow──▶ run
 *     └─hold─▶ an approval of this very digest is there ─take─▶ run
 *                └─ none ─▶ make a hold ─error mode──▶ refuse: YH001
 *                             └─ wait ─▶ approved ──▶ judge, anew
 *                                  └─ rejected, expired, withdrawn ──▶ refuse
 *
 * An approval counts only for what is judged after it: same digest, and still not denied. `take` comes before the first
 * byte goes upstream, and is true once.
 */
export class Approvals {
  readonly #session: SessionContext
  readonly #options: ApprovalOptions
  #waiting: string | null = null
  #cancelled = false

  constructor(session: SessionContext, options: ApprovalOptions) {
    this.#session = session
    this.#options = options
  }

  /** A hold, or the making of one, stands between the client and the server. */
  get busy(): boolean {
    return this.#busy
  }
  #busy = false

  /** CancelRequest while held. */
  cancel(): void {
    this.#cancelled = true
    if (this.#waiting !== null) this.#withdraw(this.#waiting)
  }

  async decide(asked: Asked): Promise<Verdict> {
    this.#busy = true
    this.#cancelled = false
    // Only who is read is seen to leave.
    this.#session.readClient()
    try {
      await settle(this.#session, 'end when empty')
      const verdict = isSkipped(this.#session) ? SKIP : await this.#decide(asked)
      return isSkipped(this.#session) ? SKIP : verdict
    } finally {
      this.#busy = false
    }
  }

  async #decide(asked: Asked): Promise<Decided> {
    let approved: Hold | null = null
    for (;;) {
      // Definitions that others changed a moment ago make it another statement than the one that was approved.
      await this.#options.look()
      const judgements = await asked.judge()
      try {
        const next = await this.#step(asked, judgements, approved)
        if (!('status' in next)) return next
        approved = next
      } catch (error) {
        // Whatever could not be asked or written, the statement does not run.
        if (!this.#session.signal.aborted) this.#options.unavailable(error)
        return { kind: 'refuse', judgements, report: refusal.approvalUnavailable }
      }
    }
  }

  /** A verdict, or the hold that was approved: then everything is judged anew. */
  async #step(asked: Asked, judgements: readonly Judgement[], approved: Hold | null): Promise<Decided | Hold> {
    const refuse = (report: Report): Decided => ({ kind: 'refuse', judgements, report })
    const outcome = outcomeOf(judgements)
    if (outcome === 'deny') return refuse(refusal.denied(judgements))
    if (this.#session.state.transaction === 'failed') return refuse(refusal.failedTransaction)
    const digest = await this.#digest(judgements, asked.bound)
    const grant = await this.#grant(digest, outcome, approved)
    if (this.#cancelled) return refuse(refusal.withdrawn)
    if (grant !== null && (await this.#options.holds.take(grant.id))) return { kind: 'run', judgements, hold: grant.id }
    const takenBack = await this.#takenBack(grant, approved)
    if (takenBack !== null) return refuse(refusal.settledAgainst(takenBack))
    if (outcome === 'allow') return { kind: 'run', judgements, hold: null }
    const request = await this.#request(asked, judgements, digest)
    const hold = await this.#options.holds.create(request)
    if (request.mode === 'error') return refuse(refusal.heldPending(hold, this.#options.statusUrl(hold.id)))
    const settled = await this.#wait(hold)
    if (settled.status === 'approved' && this.#cancelled) return refuse(refusal.withdrawn)
    // Executed: its one run was taken by somebody else; judged anew, it needs a new approval.
    return settled.status === 'approved' || settled.status === 'executed'
      ? settled
      : refuse(refusal.settledAgainst(settled))
  }

  async #grant(digest: string, outcome: 'allow' | 'hold', approved: Hold | null): Promise<Hold | null> {
    if (approved?.digest === digest && approved.status === 'approved') return approved
    if (outcome === 'allow') return null
    return this.#options.holds.grantFor(this.#session.state.identity, digest)
  }

  /** Between its approval and its run, what was waited for may be withdrawn; then nobody wants it asked for anew. */
  async #takenBack(grant: Hold | null, approved: Hold | null): Promise<Hold | null> {
    if (grant === null || grant !== approved) return null
    const now = await this.#options.holds.find(grant.id)
    return now?.status === 'withdrawn' ? now : null
  }

  async #wait(hold: Hold): Promise<Hold> {
    const { signal, toClient, flushClient } = this.#session
    const { holds, statusUrl } = this.#options
    toClient.add(encodeNotice(refusal.heldWaiting(hold, statusUrl(hold.id), this.#inTransaction)))
    flushClient()
    this.#waiting = hold.id
    try {
      if (this.#cancelled) this.#withdraw(hold.id)
      return await holds.settled(hold.id, signal)
    } catch (error) {
      // The client is gone: nothing of it may run later. Anything else: nobody waits for it any more.
      await holds.abandon(hold.id)
      throw error
    } finally {
      this.#waiting = null
    }
  }

  #withdraw(hold: string): void {
    // Settled in the meantime: then that is how it ends, and an approval is not used.
    this.#options.holds.withdraw(hold).catch(() => undefined)
  }

  async #request(asked: Asked, judgements: readonly Judgement[], digest: string): Promise<HoldRequest> {
    const first = judgements[0] as Judgement
    const preview: Preview =
      judgements.length === 1
        ? await this.#options.preview(first, asked.bound)
        : { kind: 'unknown', rows: null, ofRows: null }
    const { state, id } = this.#session
    const { inTransactionMs, onHold, reason } = this.#options
    return holdRequest({
      judgements,
      state,
      digest,
      preview,
      onHold,
      reason,
      shown: asked.shown,
      sessionId: id,
      expiryMsMax: this.#inTransaction ? inTransactionMs : null,
    })
  }

  get #inTransaction(): boolean {
    return this.#session.state.transaction !== 'idle' || this.#session.exchange.batchRuns
  }

  /** Of several statements in one message, one approval covers all of them and in this order. */
  async #digest(judgements: readonly Judgement[], bound: BoundParameters): Promise<string> {
    const { gate, state } = this.#session
    const digests: string[] = []
    for (const judgement of judgements) digests.push(await gate.digest(judgement, bound, state))
    const [only] = digests
    if (digests.length === 1 && only !== undefined) return only
    return createHash('sha256').update(digests.join('\n')).digest('hex')
  }
}
