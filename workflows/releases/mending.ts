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

/** Steps, in the order in which they help, each short enough for a line in Slack. */
export function mendingOf({ commit, findings }: Refused, options: MendingOptions): readonly string[] {
  const checks = new Set(findings.map(({ check }) => check))
  const ways = new Set([...checks].map((check) => WAYS[check] ?? 'pull_request'))
  return [
    ...(ways.has('protect')
      ? [`Protect ${options.branch} on GitHub, by a branch protection rule or an active ruleset.`]
      : []),
    ...(SETTLED.filter((check) => checks.has(check)).length > 0 ? [SETTLE] : []),
    ...(ways.has('move_back') ? movingBack(commit, options) : []),
    ...(ways.has('pull_request') ? ['Mend it with another pull request.'] : []),
  ]
}

const SETTLED = ['approvals', 'code_owners', 'changes_requested']
const SETTLE =
  'If a reviewer only lost their right since, or somebody who asked for changes is content by now, say so on GitHub: it is looked at again within ten minutes. Otherwise:'

function movingBack(commit: string, { branch, verified }: MendingOptions): readonly string[] {
  if (verified === null)
    return ['Bring one more pull request, reviewed and merged: the first release rests on the last one alone.']
  return [
    `Keep what is there: git push origin ${commit}:refs/heads/again`,
    `Move ${branch} back to what was verified: git push --force-with-lease=${branch}:${commit} origin ${verified}:${branch}`,
    'Bring “again” by a pull request, approved by somebody who wrote and pushed none of it.',
    `Where force pushes are never allowed: begin another protected branch at ${verified.slice(0, 12)}, bring it there, and set releases.github.branch.`,
  ]
}
