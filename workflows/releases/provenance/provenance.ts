import { parseCodeOwners } from '../../../policies/code-owners.ts'
import { type Approvals, approvalsOf } from './approvals.ts'
import type { Account, ChainCommit, CheckName, Finding, Merge, PullNamed, Rules, VerifiedPull } from './evidence.ts'
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
  findings.push(...mergedOtherwise(pull, commit, rules))
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

  return { findings, verified: verifiedAs(pull, commit, approvals.counted) }
}

/** A merge outside the folder that approvals are for: it has to be one, and nobody has to have approved it. */
export function judgeOther({ commits }: Section, pull: PullNamed, rules: Rules): JudgedMerge {
  const commit = (commits[0] as ChainCommit).sha
  const outside = rules.approvalsOnlyWithin ?? ''
  return {
    findings: mergedOtherwise(pull, commit, rules),
    verified: { ...verifiedAs(pull, commit, []), outside },
  }
}

function mergedOtherwise(pull: PullNamed, commit: string, rules: Rules): readonly Finding[] {
  const { number, base, merged, mergeCommit } = pull
  const found = (check: CheckName, text: string): Finding => ({ check, commit, pull: number, text })
  const elsewhere = base.branch !== rules.branch || base.repository !== rules.repository
  const into = `Pull request #${number} was merged into ${base.branch}, not into ${rules.branch} of this repository.`
  return [
    ...(elsewhere ? [found('branch', into)] : []),
    ...(merged && mergeCommit === commit
      ? []
      : [found('pull_request', `Pull request #${number} was not merged as this commit.`)]),
  ]
}

function verifiedAs({ number, title, head, author }: PullNamed, commit: string, by: readonly Account[]): VerifiedPull {
  const reviewers = by.map(({ login }) => login)
  return { number, title, author: author?.login ?? '(closed account)', reviewers, head, commit }
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
  const later = merge.codeOwnersAfter === null ? null : parseCodeOwners(merge.codeOwnersAfter)
  // Said of the merge that breaks it: with every one after it nobody would know who has to approve.
  if (later !== null && 'line' in later) return [`it leaves line ${later.line} of CODEOWNERS unreadable: ${later.text}`]
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
      ? `Commit ${sha.slice(0, 12)} came to ${branch} without a pull request.`
      : `Commit ${sha.slice(0, 12)} came to ${branch} otherwise than by merging a pull request into it (#${other.number} is related).`
  return { check: 'pull_request', commit: sha, pull: other?.number ?? null, text }
}
