import { type Approvals, approvalsOf } from './approvals.ts'
import { parseCodeOwners } from './code-owners.ts'
import type { ChainCommit, CheckName, Finding, Merge, Rules, VerifiedPull } from './evidence.ts'
import { type Changes, changesBetween, sameChanges } from './tree-changes.ts'

/** Judges what was gathered, and asks nothing. No findings: the merge is what its reviewers saw, and enough of them did. */
export interface JudgedMerge {
  readonly findings: readonly Finding[]
  readonly verified: VerifiedPull
}

export function judgeMerge(merge: Merge, rules: Rules): JudgedMerge {
  const { pull, commits } = merge
  const commit = (commits[0] as ChainCommit).sha
  const findings: Finding[] = []
  const find = (check: CheckName, text: string): void => void findings.push({ check, commit, pull: pull.number, text })
  const named = `Pull request #${pull.number}`

  if (pull.base.branch !== rules.branch || pull.base.repository !== rules.repository)
    find('branch', `${named} was merged into ${pull.base.branch}, not into ${rules.branch} of this repository.`)
  if (!pull.merged || pull.mergeCommit !== commit) find('pull_request', `${named} was not merged as this commit.`)
  if (pull.contributions.length !== pull.commitCount)
    find(
      'pull_request',
      `${named} has ${pull.commitCount} commits, of which GitHub lists ${pull.contributions.length}.`,
    )

  const changes = changesBetween(merge.before, merge.after)
  if (!sameChanges(changesBetween(merge.reviewedFrom, merge.reviewedTo), changes))
    find(
      'reviewed_tree',
      `What ${named} brought is not what was reviewed. Bring the branch up to date and review it again.`,
    )

  const approvals = approvalsOf(merge, rules)
  for (const who of approvals.against)
    find('changes_requested', `${who} asked for changes in ${named}, and still does.`)
  const missing = missingApprovals(approvals, rules)
  if (missing !== null) find('approvals', `${named} ${missing}`)
  if (rules.codeOwnersRequired)
    for (const text of ownersMissing(merge, changes, approvals)) find('code_owners', `${named}: ${text}`)

  const reviewers = approvals.counted.map(({ login }) => login)
  const { number, title, head } = pull
  return {
    findings,
    verified: { number, title, author: pull.author?.login ?? '(closed account)', reviewers, head, commit },
  }
}

function missingApprovals({ counted, notCounted, unknown }: Approvals, { minApprovals }: Rules): string | null {
  const needed = minApprovals + unknown.length
  if (counted.length >= needed) return null
  const because =
    unknown.length === 0 ? '' : `; ${unknown.length} more because nobody knows who this is: ${unknown.join(', ')}`
  const others = notCounted.length === 0 ? '' : ` Not counted: ${notCounted.join('; ')}.`
  return `has ${counted.length} approvals that count and needs ${needed}${because}.${others}`
}

/** Every changed file that has owners was approved by one of them; strangers to us may be among those who approved. */
function ownersMissing(merge: Merge, changes: Changes, { counted, unknown }: Approvals): readonly string[] {
  if (merge.codeOwners === null) return ['there is no CODEOWNERS on the branch, so nobody can approve for the owners.']
  const parsed = parseCodeOwners(merge.codeOwners)
  if ('line' in parsed) return [`line ${parsed.line} of CODEOWNERS cannot be read: ${parsed.text}`]
  const approvers = counted.map(({ login }) => login.toLowerCase())
  const lacking = new Map<string, string>()
  for (const path of changes.keys()) {
    const owners = parsed.ownersOf(path)
    if (owners.length === 0) continue
    const approving = approvers.filter((login) => isOwner(login, owners, merge.teams))
    if (approving.length <= unknown.length) lacking.set(owners.join(' '), path)
  }
  return [...lacking].map(([owners, path]) => `${path} needs the approval of its owners (${owners}).`)
}

function isOwner(login: string, owners: readonly string[], teams: Merge['teams']): boolean {
  return owners.some((owner) => owner === `@${login}` || teams.get(owner.slice(1))?.includes(login) === true)
}

/** Commits of one merge, before anybody was asked about its pull request. */
export interface Section {
  readonly commits: readonly ChainCommit[]
  readonly pull: number
}

/**
 * Cuts a chain (newest first, by first parents) into merges. After a rebase a pull request has several commits; the
 * newest of them is what GitHub calls its merge commit.
 */
export function sectionsOf(chain: readonly ChainCommit[], rules: Rules): readonly Section[] | Finding {
  const sections: Section[] = []
  for (let at = 0; at < chain.length; ) {
    const newest = chain[at] as ChainCommit
    const from = newest.pulls.find(({ mergeCommit, mergedAt }) => mergeCommit === newest.sha && mergedAt !== null)
    if (from === undefined) return strayCommit(newest, rules)
    if (from.branch !== rules.branch || from.repository !== rules.repository) return strayCommit(newest, rules)
    let end = at + 1
    while (end < chain.length && newest.parents.length === 1 && belongsTo(chain[end] as ChainCommit, from.number)) end++
    sections.push({ commits: chain.slice(at, end), pull: from.number })
    at = end
  }
  return sections
}

export function belongsTo(commit: ChainCommit, pull: number): boolean {
  const own = commit.pulls.some(({ mergeCommit }) => mergeCommit === commit.sha)
  return !own && commit.parents.length === 1 && commit.pulls.some(({ number }) => number === pull)
}

function strayCommit({ sha, pulls }: ChainCommit, { branch }: Rules): Finding {
  const other = pulls.find(({ mergedAt }) => mergedAt !== null)
  const text =
    other === undefined
      ? `Commit ${sha.slice(0, 12)} came to ${branch} without a pull request. Revert it with one, and make its change with another.`
      : `Commit ${sha.slice(0, 12)} came to ${branch} otherwise than by merging a pull request into it (#${other.number} is related).`
  return { check: 'pull_request', commit: sha, pull: other?.number ?? null, text }
}
