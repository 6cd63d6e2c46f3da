import type { Hold } from '../../workflows/holds/hold.ts'
import type { HoldView } from './http/schemas.ts'

/** A hold as its asker sees it. */
export function holdViewOf(hold: Hold, reviewUrl: string): HoldView {
  const { id, status, mode, target, statement, parameters, reason, needsReason, decision, votes, outcome } = hold
  const { createdAt, expiresAt, grantExpiresAt, decidedAt } = hold
  return {
    id,
    status,
    mode,
    target: target.name,
    statement,
    parameters: [...parameters],
    reason,
    needsReason,
    rules: decision.rules.filter((rule) => rule.outcome === 'hold'),
    reviewers: [...decision.reviewers],
    votes: votes.map((vote) => ({ by: vote.voter.name, choice: vote.choice, reason: vote.reason })),
    createdAt,
    expiresAt,
    grantExpiresAt,
    decidedAt,
    outcome,
    reviewUrl,
  }
}

/** One sentence that says what is going on, and what would move it on. */
export function heldSentence({ decision, expiresAt, needsReason }: Hold): string {
  const why = decision.rules.filter(({ outcome }) => outcome === 'hold').map(({ reason }) => reason)
  const who = decision.reviewers.map(({ group, count }) => `${count} of ${group}`).join(' and ')
  const ask = needsReason ? ' Say why you need it first: it cannot be approved before.' : ''
  return `Held until it is approved: ${why.join(' ')} It can be approved by ${who} until ${expiresAt}.${ask}`
}
