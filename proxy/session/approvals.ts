import { assertIsFor, ScopeError } from '../../policies/scopes.ts'
import { HoldError } from '../../workflows/holds/errors.ts'
import type { Hold, Holds } from '../../workflows/holds/hold.ts'
import { coversReviewers } from '../../workflows/holds/quorum.ts'
import type { Judgement } from '../gate.ts'
import { encodeNotice, type Report } from '../wire/messages/error-response.ts'
import { type Asked, Asking, type AskingOptions } from './asking.ts'
import { isSkipped, settle } from './batch.ts'
import type { SessionContext } from './context.ts'
import { allReviewers } from './hold-request.ts'
import { outcomeOf } from './judge-in-order.ts'
import { judgedAfter, judgedNow, type Look } from './judged-now.ts'
import * as refusal from './refusal.ts'

export type Decided =
  | { readonly kind: 'run'; readonly judgements: readonly Judgement[]; readonly hold: string | null }
  | { readonly kind: 'refuse'; readonly judgements: readonly Judgement[]; readonly report: Report }

/** skip: nobody is there any more, or an error came first and the server does not look at the message. */
export type Verdict = Decided | { readonly kind: 'skip' }

export interface ApprovalOptions extends AskingOptions {
  readonly holds: Holds
  readonly statusUrl: (hold: string) => string
  /** The hold by whose approval it is to run, if that is what the client is there for. */
  readonly approvedBy: string | null
  /** Approvals cannot be asked for: the state database is away, say. */
  readonly unavailable: (error: unknown) => void
  readonly look: Look
}

const FULL: ReadonlySet<string> = new Set(['too_many', 'too_many_of_asker'])
const SKIP = { kind: 'skip' } as const

/**
 * What becomes of a statement whose decision is hold.
 *
 *   judge ─deny──▶ refuse
 *     ├─allow──▶ run
 *     └─hold─▶ an approval of this very digest is there ─take─▶ run
 *                └─ none ─▶ make a hold ─error mode──▶ refuse: YH001
 *                             └─ wait ─▶ approved ──▶ judge, anew
 *                                  ├─ run by another connection of the asker's ──▶ refuse: YH004
 *                                  └─ rejected, expired, withdrawn ──▶ refuse
 *
 * An approval counts only for what is judged after it: same digest, still not denied, and nobody else to be asked. `take` comes before the first
 * byte goes upstream, and is true once.
 */
export class Approvals {
  readonly #session: SessionContext
  readonly #options: ApprovalOptions
  readonly #asking: Asking
  #waiting: string | null = null
  #cancelled = false

  constructor(session: SessionContext, options: ApprovalOptions) {
    this.#session = session
    this.#options = options
    this.#asking = new Asking(session, options)
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
    const { look } = this.#options
    let approved: Hold | null = null
    for (;;) {
      const judgements = await (approved === null
        ? judgedAfter('in turn', asked, look)
        : judgedNow(this.#session, asked, look))
      try {
        const next = await this.#step(asked, judgements, approved)
        if (!('status' in next)) return next
        approved = next
      } catch (error) {
        if (error instanceof HoldError && FULL.has(error.code))
          return { kind: 'refuse', judgements, report: refusal.tooManyHeld(error) }
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
    const digest = await this.#asking.digest(judgements, asked.bound)
    const grant = await this.#grant(digest, judgements, approved)
    if (this.#cancelled) return refuse(refusal.withdrawn)
    if (grant !== null && (await this.#options.holds.take(grant.id))) return { kind: 'run', judgements, hold: grant.id }
    const takenBack = await this.#takenBack(grant, approved)
    if (takenBack !== null) return refuse(refusal.settledAgainst(takenBack))
    const over = outcome === 'hold' ? await this.#over(digest) : null
    if (over !== null) return refuse(over)
    if (outcome === 'allow') return { kind: 'run', judgements, hold: null }
    const anewOf = approved?.id ?? this.#options.approvedBy
    const { request, examples } = await this.#asking.request(asked, judgements, { digest, anewOf })
    const hold = await this.#breakGlass(asked, await this.#options.holds.create(request, examples))
    // An approval of others like it covers it, or the glass was broken: nobody is asked.
    if (hold.status === 'approved') return hold
    if (request.mode !== 'wait') return refuse(refusal.heldPending(hold, this.#options.statusUrl(hold.id)))
    const settled = await this.#wait(hold)
    if (settled.status === 'approved' && this.#cancelled) return refuse(refusal.withdrawn)
    if (settled.status === 'executed' && settled.mode !== 'wait') return refuse(refusal.ranElsewhere(settled))
    // Executed: its one run was taken by somebody else; judged anew, it needs a new approval.
    return settled.status === 'approved' || settled.status === 'executed'
      ? settled
      : refuse(refusal.settledAgainst(settled))
  }

  /** Where the client wants it and may; who may not is held like others, and told. */
  async #breakGlass({ text }: Asked, hold: Hold): Promise<Hold> {
    const { state, toClient } = this.#session
    const reason = hold.status === 'pending' ? state.said.takeBreakGlass(text) : null
    if (reason === null) return hold
    try {
      assertIsFor(state.identity, 'holdpoint:approve')
      const broken = await this.#options.holds.breakGlass(hold.id, state.identity, { reason, via: 'postgres' })
      toClient.add(encodeNotice(refusal.glassBroken(broken)))
      return broken
    } catch (error) {
      if (!(error instanceof HoldError || error instanceof ScopeError)) throw error
      toClient.add(encodeNotice(refusal.glassWhole(error.message)))
      return hold
    }
  }

  /** An approval counts as long as the policy in force asks for nobody who was not asked; where it asks nobody, too. */
  async #grant(digest: string, judgements: readonly Judgement[], approved: Hold | null): Promise<Hold | null> {
    const wanted = allReviewers(judgements.flatMap(({ decision }) => decision.reviewers))
    const own = approved?.digest === digest && approved.status === 'approved' ? approved : null
    if (own !== null && coversReviewers(own.decision.reviewers, wanted)) return own
    if (outcomeOf(judgements) === 'allow') return null
    return this.#options.holds.grantFor(this.#session.state.identity, digest, wanted)
  }

  /** Between its approval and its run, what was waited for may be withdrawn; then nobody wants it asked for anew. */
  async #takenBack(grant: Hold | null, approved: Hold | null): Promise<Hold | null> {
    if (grant === null || grant !== approved) return null
    const now = await this.#options.holds.find(grant.id)
    return now?.status === 'withdrawn' ? now : null
  }

  /** What it was to run by has run elsewhere, or was taken back: its asker wants it no more than once. */
  async #over(digest: string): Promise<Report | null> {
    const { approvedBy, holds } = this.#options
    const by = approvedBy === null ? null : await holds.find(approvedBy)
    if (by === null || by.digest !== digest || by.status === 'approved') return null
    return by.status === 'executed' ? refusal.ranElsewhere(by) : refusal.settledAgainst(by)
  }

  async #wait(hold: Hold): Promise<Hold> {
    const { signal, toClient, flushClient } = this.#session
    const { holds, statusUrl } = this.#options
    toClient.add(encodeNotice(refusal.heldWaiting(hold, statusUrl(hold.id), this.#asking.inTransaction)))
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
}
