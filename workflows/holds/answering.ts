import type { Principal } from '../../policies/input.ts'
import type { Vote } from './hold.ts'

/** Why nobody is there any more for whom it would run: an account is not active, or all tokens of a service are revoked. */
export type AskerGone = 'deactivated' | 'revoked'

/** An approval that counts for others like it, and what of it is left. */
export interface AlikeApproval {
  readonly runsMax: number
  readonly runs: number
  readonly expiresAt: string
  /** Who ended it early, and when; null: nobody. */
  readonly undone: { readonly by: string; readonly at: string } | null
}

/** How many wait that differ in constants only, from one asker: one card can stand for all of them. */
export interface Gathering {
  /** The same for all of them. */
  readonly key: string
  /** Pending now, this one included when it is. */
  readonly pending: number
}

/** What a reviewer said afterwards of a statement whose asker broke the glass. */
export interface Review {
  readonly verdict: 'reviewed' | 'disputed'
  readonly by: Pick<Principal, 'issuer' | 'subject' | 'name'>
  readonly reason: string | null
  readonly via: Vote['via']
  readonly at: string
}

/** The asker ran it without an approval, and said why. */
export interface BrokenGlass {
  readonly reason: string
  readonly via: Vote['via'] | 'postgres' | 'http' | 'mcp'
  readonly at: string
  readonly reviewDueAt: string
  /** Since the review is overdue, people are told again and again; null: it is not, or there is one. */
  readonly overdueToldAt: string | null
  readonly review: Review | null
}
