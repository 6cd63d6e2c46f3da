import type { KeptRules } from './provenance/evidence.ts'

/** Who stands for a merged pull request, in words that are the same wherever it is shown. */
export function approvedBy({
  reviewers,
  outside,
}: {
  readonly reviewers: readonly string[]
  readonly outside?: string | null
}): string {
  if (outside != null) return `outside ${outside}/, so no approvals were counted`
  return reviewers.length === 0 ? 'reviewed by nobody' : `reviewed by ${reviewers.join(', ')}`
}

/** How approvals were counted for a release, as one sentence. */
export function countedAs({ minApprovals, codeOwnersRequired, approvalsOnlyWithin: within }: KeptRules): string {
  const owners = codeOwnersRequired ? ', an owner of each changed file among them' : ''
  const approvals = `${minApprovals === 1 ? 'an approval that counts' : `${minApprovals} approvals that count`}${owners}`
  return within === null
    ? `Every merge needed ${approvals}.`
    : `Merges that touch ${within}/ or CODEOWNERS needed ${approvals}; for others none were counted (releases.github.approvalsOnlyWithin).`
}
