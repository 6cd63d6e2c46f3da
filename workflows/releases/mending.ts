/**
 * What brings a refused branch back, for the people who were told of it. A later pull request mends what does not build.
 * It cannot mend how something came to the branch: that stays in its history until the branch is moved back. Doing so is
 * safe whoever does it, since only what leads from the release in force by reviewed merges becomes the policy.
 */
export interface MendingOptions {
  readonly branch: string
  /** The release in force, or the one verified last while an earlier one is pinned; null: there is none. */
  readonly verified: string | null
}

export interface Refused {
  readonly commit: string
  readonly findings: readonly { readonly check: string }[]
}

type Way = 'pull_request' | 'move_back' | 'protect' | 'as_said'

const WAYS: Readonly<Record<string, Way>> = {
  ...{ history: 'move_back', pull_request: 'move_back', branch: 'move_back', reviewed_tree: 'move_back' },
  ...{ approvals: 'move_back', code_owners: 'move_back', changes_requested: 'move_back' },
  ...{ protection: 'protect', too_large: 'as_said', not_possible: 'as_said' },
}

/** One sentence for each way that is needed, in the order in which they help. */
export function mendingOf({ commit, findings }: Refused, options: MendingOptions): readonly string[] {
  const ways = new Set(findings.map(({ check }) => WAYS[check] ?? 'pull_request'))
  const order: readonly Way[] = ['protect', 'move_back', 'pull_request']
  return order.filter((way) => ways.has(way)).flatMap((way) => sentences[way](commit, options))
}

const sentences: Readonly<Record<Way, (commit: string, options: MendingOptions) => readonly string[]>> = {
  protect: (_, { branch }) => [`Protect ${branch} on GitHub, by a branch protection rule or an active ruleset.`],
  pull_request: () => ['Mend it with another pull request.'],
  move_back: (commit, { branch, verified }) =>
    verified === null
      ? ['Bring one more pull request, reviewed and merged: the first release rests on the last one alone.']
      : [
          `Keep what is there (git push origin ${commit}:refs/heads/again), move ${branch} back to what was verified (git push --force-with-lease=${branch}:${commit} origin ${verified}:${branch}), and bring “again” by a reviewed pull request. Where force pushes are never allowed, begin another branch at ${verified.slice(0, 12)} instead and set releases.github.branch. Where only somebody’s right or a wish for changes is in the way, settling that on GitHub is enough.`,
        ],
  as_said: () => [],
}
