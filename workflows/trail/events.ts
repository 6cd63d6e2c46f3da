import type { Identity, SessionInput, Target } from '../../policies/input.ts'
import type { ShownInput } from '../../policies/manifest.ts'
import type { RuleDescription } from '../../policies/rule-description.ts'
import type { AskerGone } from '../holds/answering.ts'
import type { Comment } from '../holds/comments.ts'
import type { HoldMode, HoldOutcome, Vote } from '../holds/hold.ts'
import type { PersonKey } from '../holds/identity-key.ts'
import type { KeptRules, VerifiedPull } from '../releases/provenance/evidence.ts'
import type { AlikeEvents } from './alike-events.ts'
import type { DelegationEvents } from './delegation-events.ts'
import type { ExampleEvents } from './example-events.ts'
import type { ExceptionEvents } from './exception-events.ts'
import type { PinEvents } from './pin-events.ts'
import type { RefusalEvents } from './refusal-events.ts'

/** Everything that is ever recorded. Names are noun first, past tense last, and never reused; entries are only added. */
export interface TrailEvents
  extends AlikeEvents,
    DelegationEvents,
    ExampleEvents,
    PinEvents,
    ExceptionEvents,
    RefusalEvents {
  /** A journal file was opened by a process; the first record of each file. */
  'journal.opened': {
    readonly process: string
    readonly version: string
    /** The file whose last record this one's `prev` is; null: the journal begins here. */
    readonly continues: string | null
    /** Unfinished last lines that a crash left behind and that were cut off: never acknowledged, so nothing ran. */
    readonly cut: readonly { readonly file: string; readonly bytes: number; readonly sha256: string }[]
  }
  /** A client proved who it is and may send statements. */
  'session.opened': {
    readonly session: string
    readonly identity: Identity
    readonly target: Target
    readonly client: string
    readonly application: string
    readonly tls: boolean
    /** Absent: the wire. */
    readonly door?: SessionInput['door']
  }
  /** A client could not prove who it is, or asked for what it may not have. */
  'session.refused': {
    readonly client: string
    readonly user: string
    readonly database: string
    readonly reason: string
  }
  'session.closed': { readonly session: string; readonly reason: string; readonly statements: number }
  /** Written before the first byte goes upstream. */
  'statement.intended': StatementRecord & { readonly hold: string | null }
  /** The server answered. `statement` is the number of the intent in its session. */
  'statement.completed': {
    readonly session: string
    readonly statement: number
    readonly ok: boolean
    readonly tag: string
    readonly rows: number
    readonly masked: number
    readonly durationMs: number
  }
  'statement.denied': StatementRecord
  /**
   * What a policy was shown, once in each journal before the first record that names it by its digest: SHA-256 of its
   * canonical JSON.
   */
  'input.recorded': { readonly digest: string; readonly input: ShownInput }
  /** The rules of a policy, and the paths of the input that each reads: with an input, the facts that a rule used. */
  'policy.described': { readonly policy: string; readonly rules: readonly RuleDescription[] }
  'hold.created': {
    readonly hold: string
    readonly mode: HoldMode
    readonly session: string
    readonly digest: string
    readonly statement: string
    readonly identity: Identity
    readonly target: Target
    readonly rules: readonly string[]
    readonly policy: string
    /** Digests of the inputs that were judged, one for each statement of the message. */
    readonly inputs?: readonly string[]
    /** The hold whose approval did not count any more. */
    readonly anewOf?: string
  }
  /** Asked for again by who will fetch the result later: a worker runs it now. */
  'hold.deferred': { readonly hold: string }
  /** Whoever asked said why, after the hold was made. */
  'hold.reasoned': { readonly hold: string; readonly by: PersonKey; readonly reason: string }
  /** Nobody has answered for a while. */
  'hold.reminded': { readonly hold: string }
  /** From now on people of this group may answer too. */
  'hold.escalated': { readonly hold: string; readonly group: string }
  /** The asker ran it without an approval. */
  'hold.glass_broken': {
    readonly hold: string
    readonly by: PersonKey
    readonly reason: string
    readonly via: string
    readonly reviewDueAt: string
  }
  /** What a reviewer said of it afterwards. */
  'hold.reviewed': {
    readonly hold: string
    readonly by: PersonKey
    readonly verdict: 'reviewed' | 'disputed'
    readonly reason: string | null
    readonly via: string
  }
  /** Nobody has reviewed it in time; people are told again until somebody has. */
  'hold.review_overdue': { readonly hold: string }
  /** People were not told of a change in this way, and it is not tried again; the other deliveries are told that. */
  'notice.given_up': {
    readonly hold: string
    readonly delivery: string
    readonly reason: string
    readonly failure: string
    readonly attempts: number
  }
  'hold.voted': { readonly hold: string; readonly vote: Vote }
  /** A vote that was refused: not a reviewer, own request, too late. */
  'hold.vote_refused': {
    readonly hold: string
    readonly voter: string
    readonly via: Vote['via']
    readonly reason: string
  }
  /** Somebody said something about a hold, e.g. in the thread of its card. `author` null: nobody who is known here. */
  'hold.commented': { readonly hold: string } & Omit<Comment, 'at'>
  'hold.settled': {
    readonly hold: string
    readonly status: 'approved' | 'rejected' | 'expired' | 'withdrawn' | 'abandoned'
    /** Ended since whoever asked, or the person they asked for, is not let in any more. */
    readonly askerGone?: AskerGone
  }
  'hold.taken': { readonly hold: string }
  'hold.completed': { readonly hold: string; readonly outcome: HoldOutcome }
  /** Its asker has fetched the result of a deferred statement; it is given out once. */
  'result.fetched': { readonly hold: string }
  /** A deferred statement that was approved was not run, or nobody knows. */
  'result.none': { readonly hold: string; readonly why: string }
  /** A commit of the followed branch passed every check; from now on it is the policy. */
  'release.verified': {
    readonly commit: string
    readonly repository: string
    readonly repositoryId: number
    readonly branch: string
    /** The release before it; null: it is the first, and what came before its own pull request was not looked at. */
    readonly follows: string | null
    readonly policy: string
    /** How its approvals were counted; approvalsOnlyWithin: not at all outside that folder. */
    readonly rules?: KeptRules | null
    readonly pulls: readonly Omit<VerifiedPull, 'title'>[]
    /** SHA-256 over the list of GitHub's answers, which the state database keeps, and of each of them. */
    readonly evidence: {
      readonly sha256: string
      readonly answers: readonly { readonly request: string; readonly sha256: string }[]
    }
  }
  /** A commit of the followed branch did not pass; the release before it stays. */
  'release.refused': {
    readonly commit: string
    readonly findings: readonly { readonly check: string; readonly pull: number | null; readonly text: string }[]
  }
  /** An open pull request was built and replayed; `digest` is what merging it as it is would activate. */
  'pull.answered': {
    readonly number: number
    readonly head: string
    readonly digest: string | null
    readonly conclusion: 'success' | 'failure'
    readonly reasons: readonly string[]
  }
  /** A policy became active in this process. */
  'release.activated': { readonly policy: string; readonly source: string; readonly reviewed: boolean }
}

export interface StatementRecord {
  readonly session: string
  /** Counts from 1 within the session. */
  readonly statement: number
  /** Redacted. */
  readonly text: string
  /** Bound parameters as text (binary ones as \x…), null for SQL NULL; values of labelled columns are not kept. */
  readonly parameters: readonly (string | null)[]
  readonly outcome: 'allow' | 'hold' | 'deny'
  readonly rules: readonly string[]
  readonly policy: string
  readonly effects: readonly string[]
  readonly relations: readonly string[]
  readonly masks: readonly string[]
  readonly fingerprint: string
  /** The digest of what the policy was shown; left out where no policy was asked. */
  readonly input?: string
  /** Rules that fired and did not bind, and why: `production.drop: shadow`. Left out when there are none. */
  readonly aside?: readonly string[]
  /** Decided by local files, as in development; left out where people reviewed the policy. */
  readonly unreviewed?: true
}

export type TrailEventName = keyof TrailEvents
