import type { CheckName } from '../../../workflows/releases/provenance/evidence.ts'
import type { CommitOptions, People } from '../../stand-ins/github-people.ts'

/**
 * What happens to a repository of policies, told in verbs, and whether its branch may become the policy afterwards.
 * Ana, Dora (write) and Eve (admin) work on it; Ben owns the rules, as does the team `owners` with Cleo in it; Finn may
 * only read; Mallory is a stranger. One approval, by an owner, is needed.
 */
export interface Story {
  readonly story: string
  readonly tell: (people: People) => void
  /** Empty: verified. */
  readonly refused?: readonly CheckName[]
  /** Told with approvals counted only for what touches this folder; for every merge when left out. */
  readonly approvalsOnlyWithin?: string
  /** Nobody was needed for any of it. */
  readonly nobodyNeeded?: true
}

export function begin(people: People): void {
  for (const login of ['ana', 'ben', 'cleo', 'dora']) people.may(login, 'write')
  people.may('eve', 'admin')
  people.may('finn', 'read')
  people.team('owners', 'cleo')
}

export const FIRST_FILES = {
  'policies/rules/a.rego': 'package a\n',
  'policies/rules/b.rego': 'package b\n',
  CODEOWNERS: '# who answers for the rules\npolicies/ @ben @acme/owners\n',
}

const RULE = { files: { 'policies/rules/a.rego': 'package a # stricter\n' } }

/** Somebody's branch (Ana's) with one commit, as a pull request. */
export function opened(
  people: People,
  options: { readonly by?: string; readonly head?: string; readonly commit?: CommitOptions } = {},
): number {
  const { by = 'ana', head = 'stricter', commit = RULE } = options
  people.branch(head, 'main', by)
  people.push(head, by, commit)
  return people.open(by, { head })
}

/** The same, approved by one and merged by Ana. */
export function accepted(people: People, who: string, options: Parameters<typeof opened>[1] = {}): void {
  const pull = opened(people, options)
  people.approve(pull, who)
  people.merge(pull, 'ana')
}

export const stories: readonly Story[] = [
  {
    story: 'a pull request that an owner approved is merged with a merge commit',
    tell: (people) => {
      const pull = opened(people)
      people.approve(pull, 'ben')
      people.merge(pull, 'ana', 'merge')
    },
  },
  {
    story: 'it is squashed',
    tell: (people) => {
      const pull = opened(people)
      people.push('stricter', 'ana', { files: { 'policies/rules/b.rego': 'package b # too\n' } })
      people.approve(pull, 'ben')
      people.merge(pull, 'ana', 'squash')
    },
  },
  {
    story: 'it is rebased, commit by commit',
    tell: (people) => {
      const pull = opened(people)
      people.push('stricter', 'ana', { files: { 'policies/rules/b.rego': 'package b # too\n' } })
      people.push('stricter', 'ana', { files: { 'policies/rules/a.rego': 'package a # stricter still\n' } })
      people.approve(pull, 'ben')
      people.merge(pull, 'ana', 'rebase')
    },
  },
  {
    story: 'two approved pull requests come through the merge queue, one after the other',
    tell: (people) => {
      const one = opened(people)
      const two = opened(people, {
        by: 'dora',
        head: 'other',
        commit: { files: { 'policies/rules/c.rego': 'package c\n' } },
      })
      people.approve(one, 'ben')
      people.approve(two, 'cleo')
      people.merge(one, 'ana', 'queue')
      people.merge(two, 'dora', 'queue')
    },
  },
  {
    story: 'a member of the owning team approves',
    tell: (people) => {
      accepted(people, 'cleo')
    },
  },
  {
    story: 'the branch moved on in other files before the merge',
    tell: (people) => {
      const pull = opened(people)
      const meanwhile = opened(people, { by: 'dora', head: 'meanwhile' })
      people.forcePush(
        'meanwhile',
        people.commit('main', 'dora', { files: { 'policies/rules/d.rego': 'package d\n' } }),
        'dora',
      )
      people.approve(meanwhile, 'ben')
      people.merge(meanwhile, 'dora', 'squash')
      people.approve(pull, 'ben')
      people.merge(pull, 'ana', 'squash')
    },
  },
  {
    story: 'the branch moved on in the same file before the merge, so nobody saw the mixture',
    tell: (people) => {
      const pull = opened(people)
      const meanwhile = opened(people, { by: 'dora', head: 'meanwhile' })
      people.push('meanwhile', 'dora', { files: { 'policies/rules/a.rego': 'package a # looser\n' } })
      people.approve(pull, 'ben')
      people.approve(meanwhile, 'ben')
      people.merge(meanwhile, 'dora', 'squash')
      people.merge(pull, 'ana', 'merge')
    },
    refused: ['reviewed_tree'],
  },
  {
    story: 'the branch moved on, was merged back, and the result was approved',
    tell: (people) => {
      const pull = opened(people)
      const meanwhile = opened(people, { by: 'dora', head: 'meanwhile' })
      people.approve(meanwhile, 'ben')
      people.merge(meanwhile, 'dora', 'squash')
      people.forcePush(
        'stricter',
        people.commit('main', 'ana', { files: { 'policies/rules/b.rego': 'package b #\n' } }),
        'ana',
      )
      people.approve(pull, 'ben')
      people.merge(pull, 'ana', 'squash')
    },
  },
  {
    story: 'an approved change is reverted by another approved pull request',
    tell: (people) => {
      accepted(people, 'ben')
      const revert = opened(people, {
        by: 'dora',
        head: 'revert',
        commit: { files: { 'policies/rules/a.rego': 'package a\n' } },
      })
      people.approve(revert, 'cleo')
      people.merge(revert, 'dora')
    },
  },
  {
    story: 'a pull request without any change is approved and merged',
    tell: (people) => {
      const pull = opened(people, { head: 'empty', commit: { message: 'Start the checks again' } })
      people.approve(pull, 'ben')
      people.merge(pull, 'ana', 'squash')
    },
  },
  {
    story: 'the repository is renamed after the merge',
    tell: (people) => {
      accepted(people, 'ben')
      people.rename('rules')
    },
  },
  {
    story: 'Ben comments after he approved',
    tell: (people) => {
      const pull = opened(people)
      people.approve(pull, 'ben')
      people.review(pull, 'ben', 'COMMENTED')
      people.merge(pull, 'ana')
    },
  },
  {
    story: 'Dora asked for changes and then approved, and so did Ben',
    tell: (people) => {
      const pull = opened(people)
      people.review(pull, 'dora', 'CHANGES_REQUESTED')
      people.approve(pull, 'dora')
      people.approve(pull, 'ben')
      people.merge(pull, 'ana')
    },
  },
  {
    story: 'a tool is named as a co-author, by an address that is known to be a tool’s',
    tell: (people) => {
      accepted(people, 'ben', { commit: { ...RULE, coAuthors: ['noreply@assistant.example'] } })
    },
  },
  {
    story: 'somebody with an address of no account is a co-author, and two owners approve',
    tell: (people) => {
      const pull = opened(people, { commit: { ...RULE, coAuthors: ['somebody@example.org'] } })
      people.approve(pull, 'ben')
      people.approve(pull, 'cleo')
      people.merge(pull, 'ana')
    },
  },
  {
    story: 'a pull request from a fork is approved by two owners, since nobody here saw who pushed it',
    tell: (people) => {
      people.branch('from-fork', 'main', 'mallory')
      people.push('from-fork', 'mallory', RULE)
      const pull = people.open('mallory', { head: 'from-fork', fork: true })
      people.approve(pull, 'ben')
      people.approve(pull, 'cleo')
      people.merge(pull, 'ben')
    },
  },
  {
    story: 'a pull request from a fork is approved by one owner only',
    tell: (people) => {
      people.branch('from-fork', 'main', 'mallory')
      people.push('from-fork', 'mallory', RULE)
      const pull = people.open('mallory', { head: 'from-fork', fork: true })
      people.approve(pull, 'ben')
      people.merge(pull, 'ben')
    },
    refused: ['approvals', 'code_owners'],
  },
  {
    story: 'a commit is pushed to the branch directly',
    tell: (people) => void people.push('main', 'ana', RULE),
    refused: ['pull_request'],
  },
  {
    story: 'a commit is pushed directly below an approved merge',
    tell: (people) => {
      people.push('main', 'eve', { files: { 'policies/rules/b.rego': 'package b # by the way\n' } })
      accepted(people, 'ben')
    },
    refused: ['pull_request'],
  },
  {
    story: 'an empty commit is pushed directly',
    tell: (people) => void people.push('main', 'ana', { message: 'Nothing' }),
    refused: ['pull_request'],
  },
  {
    story: 'nobody approved, and an administrator merged it all the same',
    tell: (people) => people.merge(opened(people), 'eve') && undefined,
    refused: ['approvals', 'code_owners'],
  },
  {
    story: 'an administrator approves and merges his own',
    tell: (people) => {
      const pull = opened(people, { by: 'eve' })
      people.approve(pull, 'eve')
      people.merge(pull, 'eve')
    },
    refused: ['approvals', 'code_owners'],
  },
  {
    story: 'it was approved before the last push',
    tell: (people) => {
      const pull = opened(people)
      people.approve(pull, 'ben')
      people.push('stricter', 'ana', { files: { 'policies/rules/a.rego': 'package a # allow all\n' } })
      people.merge(pull, 'ana')
    },
    refused: ['approvals', 'code_owners'],
  },
  {
    story: 'it was approved, force-pushed to something else, and merged',
    tell: (people) => {
      const pull = opened(people)
      people.approve(pull, 'ben')
      people.forcePush(
        'stricter',
        people.commit('main', 'ana', { files: { 'policies/rules/a.rego': 'package x\n' } }),
        'ana',
      )
      people.merge(pull, 'ana')
    },
    refused: ['approvals', 'code_owners'],
  },
  {
    story: 'the approval was dismissed',
    tell: (people) => {
      const pull = opened(people)
      people.approve(pull, 'ben')
      people.dismiss(pull, 'ben')
      people.merge(pull, 'ana')
    },
    refused: ['approvals', 'code_owners'],
  },
  {
    story: 'Ben approved and then asked for changes',
    tell: (people) => {
      const pull = opened(people)
      people.approve(pull, 'ben')
      people.review(pull, 'ben', 'CHANGES_REQUESTED')
      people.merge(pull, 'eve')
    },
    refused: ['approvals', 'changes_requested', 'code_owners'],
  },
  {
    story: 'Ben approved while Dora still asks for changes',
    tell: (people) => {
      const pull = opened(people)
      people.review(pull, 'dora', 'CHANGES_REQUESTED')
      people.approve(pull, 'ben')
      people.merge(pull, 'eve')
    },
    refused: ['changes_requested'],
  },
  {
    story: 'it was approved after the merge',
    tell: (people) => {
      const pull = opened(people)
      people.merge(pull, 'eve')
      people.approve(pull, 'ben')
    },
    refused: ['approvals', 'code_owners'],
  },
  {
    story: 'its only reviewer is its author’s second account, which may not write',
    tell: (people) => {
      const pull = opened(people)
      people.approve(pull, 'ana-at-home')
      people.merge(pull, 'eve')
    },
    refused: ['approvals', 'code_owners'],
  },
  {
    story: 'its only reviewer may read but not write',
    tell: (people) => {
      const pull = opened(people)
      people.approve(pull, 'finn')
      people.merge(pull, 'eve')
    },
    refused: ['approvals', 'code_owners'],
  },
  {
    story: 'its reviewer is named as a co-author',
    tell: (people) => {
      accepted(people, 'ben', { commit: { ...RULE, coAuthors: ['ben'] } })
    },
    refused: ['approvals', 'code_owners'],
  },
  {
    story: 'a co-author has an address of no account, and only one owner approved',
    tell: (people) => {
      accepted(people, 'ben', { commit: { ...RULE, coAuthors: ['ben@home.example'] } })
    },
    refused: ['approvals', 'code_owners'],
  },
  {
    story: 'its reviewer pushed a commit under somebody else’s name',
    tell: (people) => {
      const pull = opened(people)
      people.push('stricter', 'ben', { author: 'ana', files: { 'policies/rules/b.rego': 'package b #\n' } })
      people.approve(pull, 'ben')
      people.merge(pull, 'ana')
    },
    refused: ['approvals', 'code_owners'],
  },
  {
    story: 'its reviewer pushed a commit that names somebody else as author and committer',
    tell: (people) => {
      const pull = opened(people)
      const forged = { author: 'ana', committer: 'ana', files: { 'policies/rules/b.rego': 'package b #\n' } }
      people.push('stricter', 'ben', forged)
      people.approve(pull, 'ben')
      people.merge(pull, 'ana')
    },
    refused: ['approvals', 'code_owners'],
  },
  {
    story: 'its reviewer wrote a commit that somebody else pushed',
    tell: (people) => {
      const pull = opened(people)
      people.push('stricter', 'ana', { author: 'ben', files: { 'policies/rules/b.rego': 'package b #\n' } })
      people.approve(pull, 'ben')
      people.merge(pull, 'ana')
    },
    refused: ['approvals', 'code_owners'],
  },
  {
    story: 'the author of a commit has no account, and only one owner approved',
    tell: (people) => {
      accepted(people, 'ben', { commit: { ...RULE, author: null, email: 'ghost@example.org' } })
    },
    refused: ['approvals', 'code_owners'],
  },
  {
    story: 'an Actions bot approved it',
    tell: (people) => {
      const pull = opened(people)
      people.may('github-actions[bot]', 'write')
      people.approve(pull, 'github-actions[bot]')
      people.merge(pull, 'eve')
    },
    refused: ['approvals', 'code_owners'],
  },
  {
    story: 'somebody approved who owns nothing of it',
    tell: (people) => {
      accepted(people, 'dora')
    },
    refused: ['code_owners'],
  },
  {
    story: 'the owner who approved has lost write access since',
    tell: (people) => {
      accepted(people, 'ben')
      people.may('ben', 'read')
    },
    refused: ['approvals', 'code_owners'],
  },
  {
    story: 'the member of the owning team who approved was taken out of it',
    tell: (people) => {
      accepted(people, 'cleo')
      people.team('owners')
    },
    refused: ['code_owners'],
  },
  {
    story: 'it makes Dora an owner, and Dora approves it',
    tell: (people) => {
      accepted(people, 'dora', {
        head: 'mine',
        commit: { files: { CODEOWNERS: 'policies/ @dora\n', ...RULE.files } },
      })
    },
    refused: ['code_owners'],
  },
  {
    story: 'it takes CODEOWNERS away, and the next one is approved by nobody who owned anything',
    tell: (people) => {
      accepted(people, 'dora', { head: 'away', commit: { files: { CODEOWNERS: null } } })
      accepted(people, 'dora')
    },
    refused: ['code_owners'],
  },
  {
    story: 'a line of CODEOWNERS cannot be read',
    tell: (people) => {
      accepted(people, 'ben', {
        head: 'broken',
        commit: { files: { CODEOWNERS: 'policies/ @ben\n!policies/rules @dora\n' } },
      })
      accepted(people, 'ben')
    },
    refused: ['code_owners'],
  },
  {
    story: 'the merge brought more than the pull request had',
    tell: (people) => {
      const pull = opened(people)
      people.approve(pull, 'ben')
      people.merge(pull, 'ana', 'merge', { files: { 'policies/rules/evil.rego': 'package evil\n' } })
    },
    refused: ['reviewed_tree'],
  },
  {
    story: 'the squash left out what was reviewed',
    tell: (people) => {
      const pull = opened(people)
      people.approve(pull, 'ben')
      people.merge(pull, 'ana', 'squash', { files: { 'policies/rules/a.rego': 'package a\n' } })
    },
    refused: ['reviewed_tree'],
  },
  {
    story: 'it was approved against a branch where it was small, and then pointed at main',
    tell: (people) => {
      people.branch('feature', 'main', 'ana')
      people.push('feature', 'ana', { files: { 'policies/rules/huge.rego': 'package huge\n' } })
      people.branch('stricter', 'feature', 'ana')
      people.push('stricter', 'ana', RULE)
      const pull = people.open('ana', { head: 'stricter', base: 'feature' })
      people.approve(pull, 'ben')
      people.retarget(pull, 'main', 'ana')
      people.merge(pull, 'ana')
    },
    refused: ['approvals', 'code_owners'],
  },
  {
    story: 'it was merged into another branch, and main was moved there',
    tell: (people) => {
      people.branch('release', 'main', 'ana')
      people.branch('stricter', 'main', 'ana')
      people.push('stricter', 'ana', RULE)
      const pull = people.open('ana', { head: 'stricter', base: 'release' })
      people.approve(pull, 'ben')
      people.push('main', 'eve', { message: 'unrelated' })
      people.forcePush('main', people.merge(pull, 'ana'), 'eve')
    },
    refused: ['pull_request'],
  },
  {
    story: 'the active commit was force-pushed away',
    tell: (people) => {
      const root = people.repository.commit({
        tree: people.repository.with(new Map(), FIRST_FILES),
        parents: [],
        message: 'Begin anew',
        author: people.user('eve'),
        committer: people.user('eve'),
      })
      people.forcePush('main', root, 'eve')
    },
    refused: ['history'],
  },
  {
    story: 'main was moved back to before the active commit',
    tell: (people) => {
      const { repository } = people
      const before = repository.commits.get(repository.headOf('main'))?.parents[0] as string
      people.forcePush('main', before, 'eve')
    },
    refused: ['history'],
  },
]
