import type { BrokenGlass } from '../../workflows/holds/answering.ts'
import type { Hold } from '../../workflows/holds/hold.ts'
import type { DeferredRuns, RunStanding } from '../../workflows/results/deferred-runs.ts'
import type { HoldView } from './http/schemas.ts'

export interface ViewSources {
  readonly runs: Pick<DeferredRuns, 'standings'>
  /** Where people answer a hold. */
  readonly reviewUrl: (hold: string) => string
}

/** Holds as their asker sees them. */
export async function holdViews(holds: readonly Hold[], { runs, reviewUrl }: ViewSources): Promise<HoldView[]> {
  const standings = await runs.standings(holds.map(({ id }) => id))
  return holds.map((hold) => holdView(hold, reviewUrl(hold.id), standings.get(hold.id)))
}

export async function holdViewOf(hold: Hold, sources: ViewSources): Promise<HoldView> {
  return (await holdViews([hold], sources))[0] as HoldView
}

function holdView(hold: Hold, reviewUrl: string, result: RunStanding = { state: 'none', why: null }): HoldView {
  const { id, status, mode, target, statement, parameters, reason, needsReason, decision, votes, outcome } = hold
  const { createdAt, expiresAt, grantExpiresAt, decidedAt, brokenGlass } = hold
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
    brokenGlass: brokenGlass === null ? null : glassView(brokenGlass),
    outcome,
    reviewUrl,
    result,
  }
}

function glassView({ reason, at, reviewDueAt, review }: BrokenGlass) {
  return { reason, at, reviewDueAt, reviewed: review !== null }
}

/** One sentence that says what is going on, and what would move it on. */
export function heldSentence({ decision, expiresAt, needsReason }: Hold): string {
  const why = decision.rules.filter(({ outcome }) => outcome === 'hold').map(({ reason }) => reason)
  const who = decision.reviewers.map(({ group, count }) => `${count} of ${group}`).join(' and ')
  const ask = needsReason ? ' Say why you need it first: it cannot be approved before.' : ''
  return `Held until it is approved: ${why.join(' ')} It can be approved by ${who} until ${expiresAt}.${ask}`
}
