import { HoldpointError } from '../errors.ts'
import type { Identity, Scope } from './input.ts'

/**
 * What a token is for, beside whose it is: a subset of what its bearer may do, as the token's `scope` says (RFC 6749,
 * section 3.3). One that names none of ours may do all that its bearer may, or nothing where identity.scopesRequired
 * says so (then it has none, `[]`); a browser's session has no token.
 *
 *   holdpoint:read     look at holds and their results
 *   holdpoint:run      send statements, and withdraw and explain one's own; and read
 *   holdpoint:approve  answer, review, delegate, break the glass, pin a release; and read
 */
export function isFor({ scopes }: Pick<Identity, 'scopes'>, needed: Scope): boolean {
  if (scopes === undefined) return true
  return scopes.includes(needed) || (needed === 'holdpoint:read' && scopes.length > 0)
}

/** @throws ScopeError */
export function assertIsFor(identity: Pick<Identity, 'scopes'>, needed: Scope): void {
  if (!isFor(identity, needed)) throw new ScopeError(needed)
}

export class ScopeError extends HoldpointError {
  readonly code = 'insufficient_scope'
  readonly needed: Scope

  constructor(needed: Scope) {
    super(`This token is not for that: it lacks the scope ${needed}.`, { hint: `Ask for a token with ${needed}` })
    this.needed = needed
  }

  /** For WWW-Authenticate: https://www.rfc-editor.org/rfc/rfc6750#section-3.1 */
  get challenge(): string {
    return `error="insufficient_scope", scope="${this.needed}"`
  }
}
