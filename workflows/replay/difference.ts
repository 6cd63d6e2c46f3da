import type { Decision } from '../../policies/decision.ts'

/** What another policy would have decided, over recorded inputs. Counts and fingerprints only, never a value. */
export interface Difference {
  readonly before: string
  readonly after: string
  /** Distinct inputs, and the decisions that rested on them. */
  readonly inputs: number
  readonly decisions: number
  readonly differing: { readonly inputs: number; readonly decisions: number }
  readonly ways: readonly Way[]
  /** The most affected, by decisions. */
  readonly statements: readonly AffectedStatement[]
  readonly identities: readonly AffectedIdentity[]
  /** Rules of the changed policy that fired for no input; those of the active one that did. */
  readonly neverFired: readonly string[]
  readonly noLongerFire: readonly string[]
  readonly newlyFire: readonly string[]
  /** Inputs that a policy had no answer for, which is a deny. */
  readonly failed: { readonly before: number; readonly after: number }
  /** Inputs that lack a volatile field which the changed policy reads; it was judged without. */
  readonly incomplete: number
}

/** `allow → hold`, or within one outcome what else changed: `allow → allow: masks`. */
export interface Way {
  readonly from: Decision['outcome']
  readonly to: Decision['outcome']
  readonly changed: readonly ('outcome' | 'masks' | 'reviewers' | 'limits' | 'times' | 'warnings')[]
  readonly inputs: number
  readonly decisions: number
}

export interface AffectedStatement {
  readonly fingerprint: string
  readonly tag: string
  readonly relations: readonly string[]
  readonly decisions: number
}

export interface AffectedIdentity {
  readonly name: string
  readonly kind: string
  readonly decisions: number
}
