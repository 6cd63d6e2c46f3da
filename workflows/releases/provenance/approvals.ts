import { contributorsOf } from './contributors.ts'
import type { Account, Merge, PullEvidence, ReviewGiven, Rules } from './evidence.ts'

/**
 * Whose approval counts. The latest review of each person, if it approves the very commit that was merged, was given
 * before the merge and after the pull request was last pointed at another branch, by a person with write access who
 * wrote nothing of it and pushed nothing to it. An administrator's merge adds nothing to that.
 */
export interface Approvals {
  readonly counted: readonly Account[]
  /** Who took part and does not count, and why, for people to read. */
  readonly notCounted: readonly string[]
  /** Addresses of contributors that belong to no account: each of them may be one of those who approved. */
  readonly unknown: readonly string[]
  /** People with write access whose last word was that it must change. */
  readonly against: readonly string[]
}

/** GitHub says `write` of whoever has the role `maintain`, too. */
const WRITERS: ReadonlySet<string> = new Set(['admin', 'write'])

export function approvalsOf({ pull }: Pick<Merge, 'pull'>, rules: Pick<Rules, 'toolAddresses'>): Approvals {
  const { isContributor, unknown } = contributorsOf(pull, rules.toolAddresses)
  const counted: Account[] = []
  const notCounted: string[] = []
  const against: string[] = []
  for (const [by, review] of latestReviews(pull.reviews)) {
    const writes = WRITERS.has(pull.permissions.get(by.id) ?? 'none')
    if (review.state === 'CHANGES_REQUESTED' && by.type === 'User' && writes) against.push(by.login)
    if (review.state !== 'APPROVED' && review.state !== 'DISMISSED') continue
    const why = whyNot(by, review, pull, { writes, contributed: isContributor(by) })
    if (why === null) counted.push(by)
    else notCounted.push(`${by.login} ${why}`)
  }
  return { counted, notCounted, unknown, against }
}

function whyNot(
  by: Account,
  review: ReviewGiven,
  pull: PullEvidence,
  { writes, contributed }: { readonly writes: boolean; readonly contributed: boolean },
): string | null {
  const at = review.at ?? Number.POSITIVE_INFINITY
  if (review.state === 'DISMISSED') return 'was dismissed'
  if (by.type !== 'User') return 'is no person'
  if (contributed) return 'wrote part of it or pushed to it'
  if (!pull.permissions.has(by.id)) return 'has given up that name, and somebody else has it'
  if (!writes) return 'has no write access'
  if (review.commit !== pull.head) return 'approved an earlier commit'
  if (pull.mergedAt === null || at > pull.mergedAt) return 'approved after the merge'
  if (pull.retargetedAt.some((moved) => at <= moved)) return 'approved before it was pointed at another branch'
  return null
}

/** A comment changes nothing of what somebody said before, nor does what was not submitted; everything else does. */
function latestReviews(reviews: readonly ReviewGiven[]): ReadonlyMap<Account, ReviewGiven> {
  const latest = new Map<number, readonly [Account, ReviewGiven]>()
  for (const review of reviews) {
    if (review.by === null || review.at === null || review.state === 'COMMENTED') continue
    const before = latest.get(review.by.id)?.[1]
    if (before === undefined || (before.at ?? 0) <= review.at) latest.set(review.by.id, [review.by, review])
  }
  return new Map(latest.values())
}
