import type { Decision, Reviewers } from '../../policies/decision.ts'
import type { RuleFacts } from '../../policies/facts-used.ts'
import type { Facts, Identity, Principal, Target } from '../../policies/input.ts'
import type { AlikeApproval, AskerGone, BrokenGlass, Gathering, Review } from './answering.ts'
import type { Consequences, HeldLock } from './consequences.ts'
import type { KeptExamples } from './examples.ts'

/**
 * A statement that waits for people.
 *
 *   pending ──approve (quorum met)──▶ approved ──taken──▶ executed
 *      │                                 │
 *      ├──reject──▶ rejected             ├──grant runs out──▶ expired
 *      ├──time────▶ expired              ├──asker──────────▶ withdrawn
 *      ├──asker───▶ withdrawn            └──nobody there───▶ abandoned
 *      └──nobody there─▶ abandoned
 *
 * Nobody there: the client that waits is gone, or whoever asked is not let in any more. What another's approval let
 * through is rejected when that is undone first.
 *
 * `executed` is set before the first byte goes upstream, so an approval runs at most once whatever is killed;
 * `outcome` is filled in when the server answered, and stays null when nobody lived to hear it.
 */
export type HoldStatus = 'pending' | 'approved' | 'executed' | 'rejected' | 'expired' | 'withdrawn' | 'abandoned'

/**
 * How the asker gets its answer: a connection that waits, an error now and a retry later, or a worker that runs it. Who
 * asks again for what is pending gets the hold that is there, whatever the door and the mode:
 *
 *   asked again with │ pending as wait   │ pending as error          │ pending as defer
 *   error            │ a hold of its own │ the same                  │ the same
 *   defer            │ a hold of its own │ the same, now deferred    │ the same
 *   wait             │ a hold of its own │ waits for it, one at once │ waits for it, one at once
 *
 * A connection that waits stands for one run: two of them are two holds. Any number may wait for a hold by its id.
 */
export type HoldMode = 'wait' | 'error' | 'defer'

export interface Preview {
  /** counted: a SELECT count(*) ran; estimated: EXPLAIN's guess; unknown: neither could be had. */
  readonly kind: 'counted' | 'estimated' | 'unknown'
  readonly rows: number | null
  readonly ofRows: number | null
  /** Of several statements in one message: each by itself, as if none before it had run. Absent: there is one. */
  readonly each?: readonly (Omit<Preview, 'each'> & { readonly tag: string })[]
}

export interface HoldRequest {
  readonly mode: HoldMode
  readonly identity: Identity
  readonly target: Target
  readonly application: string
  /** Redacted; the only form that leaves the session. */
  readonly statement: string
  /** Bound parameters as people read them, in order; null is SQL NULL. */
  readonly parameters: readonly (string | null)[]
  readonly digest: string
  readonly facts: Facts
  readonly decision: Decision
  readonly policyDigest: string
  /** Digests of the policy inputs that were judged, as the trail has them. */
  readonly inputs?: readonly string[]
  /** The facts that each rule which fired could see. */
  readonly factsUsed?: readonly RuleFacts[]
  readonly preview: Preview
  /** Said by the asker with holdpoint.reason. */
  readonly reason: string | null
  /** Overrides the decision's expiry downwards, as in an open transaction. */
  readonly expiryMs: number
  readonly sessionId: string
  /** Absent: no transaction is open, or nobody could look. */
  readonly locks?: readonly HeldLock[]
  /**
   * What statements have in common that differ in constants only and may be approved together (gate.ts); absent or
   * null: it is like no other.
   */
  readonly shape?: string | null
  /** The client's address and port, as the door saw it; absent or null: not known. */
  readonly client?: string | null
  /** Absent or null: nobody could look, or several statements came in one message. */
  readonly consequences?: Consequences | null
  /** For each label the statement meets, the groups that see it clear under the policy that held it. Absent: nobody. */
  readonly labelsClearTo?: Readonly<Record<string, readonly string[]>>
  /** The hold whose approval does not count any more: it would do something else by now, or others are to be asked. */
  readonly anewOf?: string
  /** Where each rule that fired stands: the file below the folder of the policies, the line from 1. */
  readonly rulePlaces?: Readonly<Record<string, { readonly file: string; readonly line: number }>>
}

export interface Vote {
  readonly voter: Principal
  readonly choice: 'approve' | 'reject'
  readonly reason: string | null
  readonly via: 'slack' | 'console' | 'command_line' | 'email'
  readonly at: string
  /** Who is away and whose right the voter used; absent or null: their own. */
  readonly insteadOf?: Pick<Principal, 'issuer' | 'subject' | 'name'> | null
  /** Meant for statements that differ in constants only, too, as far as the policy lets it. */
  readonly alike?: boolean
  /** The reviewers' groups of which the voter could fill a place then; absent: those of the voter. */
  readonly fills?: readonly string[]
}

export interface HoldOutcome {
  readonly ok: boolean
  /** CommandComplete's tag, e.g. DELETE 3; or the SQLSTATE when it failed. */
  readonly tag: string
  readonly durationMs: number
}

export interface Hold extends HoldRequest {
  /** Opaque, unguessable, URL-safe: hold_… */
  readonly id: string
  readonly status: HoldStatus
  readonly votes: readonly Vote[]
  readonly createdAt: string
  readonly expiresAt: string
  /** Until when an approval can be used; null while pending. */
  readonly grantExpiresAt: string | null
  readonly decidedAt: string | null
  readonly outcome: HoldOutcome | null
  /** The policy wants a reason and nobody gave one (`reason` is null): until then it cannot be approved. */
  readonly needsReason: boolean
  /** When reviewers were last told once more. */
  readonly remindedAt: string | null
  /** Since when the group of `decision.answering.escalate` may answer too. */
  readonly escalatedAt: string | null
  /** null: it is like no other. */
  readonly gathering: Gathering | null
  /** Deliveries that could not tell people of it as it is now, and have given up: slack, mail … */
  readonly notTold: readonly string[]
  /** null: whoever approved it was asked. */
  readonly brokenGlass: BrokenGlass | null
  /** Its approval counts for others like it; null: for itself alone. */
  readonly alikeApproval: AlikeApproval | null
  /** The hold by which the same was asked anew: an approval of this one does not count any more. */
  readonly anewAs?: string | null
  readonly askerGone?: AskerGone | null
  /** Nobody was asked: another hold's approval covers it, and this is the n-th run of that. */
  readonly approvedThrough: { readonly hold: string; readonly run: number } | null
}

export interface Holds {
  /**
   * Makes the hold, its jobs and its notices in one go, or finds the one that is pending for this identity and digest
   * (see HoldMode). Throws HoldError: too_many, too_many_of_asker, no_reviewers, queue_unreachable.
   * @param examples rows for its reviewers, kept sealed beside it
   */
  create(request: HoldRequest, examples?: KeptExamples | null): Promise<Hold>
  find(id: string): Promise<Hold | null>
  list(filter: { readonly status?: HoldStatus; readonly limit?: number }): Promise<readonly Hold[]>
  /**
   * Counts one person's answer. Throws HoldError: not_found, not_pending, own_request, not_a_reviewer, already_voted,
   * not_a_person, unknown_person, deactivated, reason_missing (an approval of what still needs a reason), alone (`alike`
   * where the policy does not let an approval count for others).
   */
  vote(
    id: string,
    voter: { readonly issuer: string; readonly subject: string },
    vote: Pick<Vote, 'choice' | 'reason' | 'via'> & Partial<Pick<Vote, 'alike'>>,
  ): Promise<Hold>
  /**
   * pending or approved → withdrawn. With `by`, only for whoever asked or the person an agent asked for. Throws
   * HoldError: not_found, not_yours, and not_pending when it settled otherwise; withdrawn already is no error.
   */
  withdraw(id: string, by?: { readonly issuer: string; readonly subject: string }): Promise<Hold>
  /**
   * Why it is asked for, said after the hold was made, once, by whoever asked or the person an agent asked for. Throws
   * HoldError: not_found, not_yours, not_pending, reason_given, reason_empty.
   */
  giveReason(id: string, by: { readonly issuer: string; readonly subject: string }, reason: string): Promise<Hold>
  /**
   * pending → approved by the asker's own hand, who is a person of the group of `decision.answering.breakGlass` and says
   * why; it is judged anew like any approval, reviewers are told, and it has to be reviewed. Throws HoldError: not_found,
   * not_yours, not_a_person, deactivated, no_break_glass, reason_empty, not_pending.
   */
  breakGlass(
    id: string,
    by: { readonly issuer: string; readonly subject: string },
    said: Pick<BrokenGlass, 'reason' | 'via'>,
  ): Promise<Hold>
  /**
   * What reviewers think of it afterwards, once. Throws HoldError: not_found, nothing_to_review, reviewed_already,
   * reason_empty (a dispute says why), and what a vote is refused with to who may not.
   */
  review(
    id: string,
    by: { readonly issuer: string; readonly subject: string },
    review: Pick<Review, 'verdict' | 'reason' | 'via'>,
  ): Promise<Hold>
  /** The client that waited is gone. Never an error for a hold that has settled: nobody is there to be told. */
  abandon(id: string): Promise<Hold>
  /** approved → executed, once: true for the one caller that may run it now. */
  take(id: string): Promise<boolean>
  /** The usable grant of this identity for this digest that enough of the wanted reviewers gave, if there is one. */
  grantFor(identity: Identity, digest: string, wanted: readonly Reviewers[]): Promise<Hold | null>
  complete(id: string, outcome: HoldOutcome): Promise<void>
  /**
   * Resolves with the hold as soon as it is no longer pending (NOTIFY or Redis, and a poll in case both are lost).
   * Rejects with the signal's reason when aborted; the hold stays as it is.
   */
  settled(id: string, signal: AbortSignal): Promise<Hold>
}
