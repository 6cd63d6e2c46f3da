import type { Tree } from './tree-changes.ts'

/** What GitHub said, as far as it bears on whether a commit may become the policy. Nothing here is a judgement. */
export interface Account {
  readonly id: number
  readonly login: string
  /** `User`, `Bot` or something else. */
  readonly type: string
}

export interface ReviewGiven {
  readonly by: Account | null
  /** APPROVED, CHANGES_REQUESTED, COMMENTED, DISMISSED, PENDING. */
  readonly state: string
  readonly commit: string | null
  /** ms since 1970; null: not submitted. */
  readonly at: number | null
}

/** One commit of a pull request: whose work it is. */
export interface Contribution {
  readonly commit: string
  readonly author: Account | null
  readonly committer: Account | null
  readonly authorEmail: string
  readonly message: string
}

export interface Push {
  readonly by: Account | null
  readonly before: string
  readonly after: string
  /** push, force_push, branch_creation, branch_deletion, … */
  readonly kind: string
}

export interface PullEvidence {
  readonly number: number
  readonly title: string
  readonly author: Account | null
  readonly base: { readonly branch: string; readonly repository: number | null }
  readonly head: string
  readonly merged: boolean
  readonly mergedAt: number | null
  readonly mergeCommit: string | null
  readonly commitCount: number
  readonly reviews: readonly ReviewGiven[]
  readonly contributions: readonly Contribution[]
  /** Who moved the head's branch, newest first; null: it is in a repository that we cannot ask. */
  readonly pushes: readonly Push[] | null
  /** When it was pointed at another branch. */
  readonly retargetedAt: readonly number[]
  /** What each account that reviewed may do in the repository, by its number; missing: its name is another's by now. */
  readonly permissions: ReadonlyMap<number, string>
}

export interface ChainCommit {
  readonly sha: string
  readonly parents: readonly string[]
  /** The pull requests that brought it, as GitHub relates them. */
  readonly pulls: readonly {
    readonly number: number
    readonly mergeCommit: string | null
    readonly mergedAt: number | null
    readonly branch: string
    readonly repository: number | null
  }[]
}

/** What is known of a pull request whatever it changed. */
export type PullNamed = Pick<PullEvidence, 'number' | 'title' | 'author' | 'base' | 'head' | 'merged' | 'mergeCommit'>

/** A merge: one or, after a rebase, several commits that came from one pull request. */
export interface Merge {
  readonly commits: readonly ChainCommit[]
  readonly pull: PullEvidence
  /** The branch before and after it. */
  readonly before: Tree
  readonly after: Tree
  /** Where the pull request left the branch, and its head: what its reviewers saw. */
  readonly reviewedFrom: Tree
  readonly reviewedTo: Tree
  /** The text of CODEOWNERS in `before`; null: there is none. */
  readonly codeOwners: string | null
  /** And in `after`. */
  readonly codeOwnersAfter: string | null
  /** Members of the teams it names, among those who reviewed: `org/slug` → logins in small letters. */
  readonly teams: ReadonlyMap<string, readonly string[]>
}

export interface Rules {
  readonly repository: number
  readonly branch: string
  /** Of the policies, without slashes at its ends; empty: the whole repository. */
  readonly folder: string
  readonly minApprovals: number
  readonly codeOwnersRequired: boolean
  /**
   * A looser rule for a repository with other things in it: merges that touch nothing in this folder, nor of CODEOWNERS,
   * need no approvals. Without slashes at its ends; null: approvals are counted for every merge.
   */
  readonly approvalsOnlyWithin: string | null
  /** Addresses in Co-authored-by that are tools and not people. */
  readonly toolAddresses: readonly string[]
}

/** What a release was judged by, as it is kept with it and shown. */
export type KeptRules = Pick<Rules, 'minApprovals' | 'codeOwnersRequired' | 'approvalsOnlyWithin'>

export type CheckName =
  | 'history'
  | 'protection'
  | 'pull_request'
  | 'branch'
  | 'reviewed_tree'
  | 'approvals'
  | 'changes_requested'
  | 'code_owners'
  | 'repository'

/** Why a commit may not become the policy. */
export interface Finding {
  readonly check: CheckName
  readonly commit: string
  readonly pull: number | null
  /** One sentence that says what to do. */
  readonly text: string
}

export interface VerifiedPull {
  readonly number: number
  readonly title: string
  readonly author: string
  readonly reviewers: readonly string[]
  /** The folder in which it changed nothing, so that nobody was needed for it; left out: its approvals were counted. */
  readonly outside?: string
  readonly head: string
  readonly commit: string
}
