import { describe, expect, test } from 'vitest'
import { approvalsOf } from '../../../workflows/releases/provenance/approvals.ts'
import { contributorsOf } from '../../../workflows/releases/provenance/contributors.ts'
import type {
  Account,
  Contribution,
  Merge,
  PullEvidence,
  Push,
} from '../../../workflows/releases/provenance/evidence.ts'
import { belongsTo, judgeMerge } from '../../../workflows/releases/provenance/provenance.ts'
import { sameChanges } from '../../../workflows/releases/provenance/tree-changes.ts'

/** Who counts as having written something of a pull request, and whose word counts: one case at a time. */
const account = (id: number, login: string, type = 'User'): Account => ({ id, login, type })
const [ALICE, ROB, DAVE, ERIN] = [account(1, 'alice'), account(2, 'rob'), account(3, 'dave'), account(4, 'Erin')]
const by = (author: Account, commit: string, changes: Partial<Contribution> = {}): Contribution => ({
  ...{ commit, author, committer: author, authorEmail: `${author.login}@example.org`, message: 'Work' },
  ...changes,
})
const pushed = (who: Account, before: string, after: string, kind = 'push'): Push => ({ by: who, before, after, kind })

/** What Alice began at `base` and left at `h`. */
function pull(changes: Partial<PullEvidence> = {}): PullEvidence {
  const contributions = changes.contributions ?? [by(ALICE, 'h')]
  return {
    ...{ number: 7, title: 'A rule', author: ALICE, base: { branch: 'main', repository: 1 }, head: 'h', merged: true },
    ...{ mergedAt: 100, mergeCommit: 'm', commitCount: contributions.length, reviews: [], retargetedAt: [] },
    pushes: [pushed(ALICE, 'base', 'h', 'branch_creation')],
    permissions: new Map(),
    ...changes,
    contributions,
  }
}
const wrote = (of: Partial<PullEvidence>, who: Account) => contributorsOf(pull(of), []).isContributor(who)

describe('has written part of it:', () => {
  test('who opened it, though nothing in it has their name', () => {
    expect(wrote({ author: DAVE }, DAVE)).toBe(true)
    expect(wrote({}, DAVE)).toBe(false)
  })

  test('who committed what somebody else wrote', () => {
    expect(wrote({ contributions: [by(ALICE, 'h', { committer: ROB })] }, ROB)).toBe(true)
  })

  test('who is named as co-author by GitHub’s old address, where that name is theirs', () => {
    const message = 'Work\n\nCo-authored-by: Erin <erin@users.noreply.github.com>'
    const reviews = [{ by: ERIN, state: 'APPROVED', commit: 'h', at: 50 }]
    const { isContributor, unknown } = contributorsOf(
      pull({ contributions: [by(ALICE, 'h', { message })], reviews }),
      [],
    )
    expect([isContributor(ERIN), unknown]).toEqual([true, []])
  })

  test('who pushed what was taken away again before the end', () => {
    const pushes = [
      pushed(ALICE, 'x', 'h'),
      pushed(ALICE, 'z', 'x', 'force_push'),
      pushed(ROB, 'x', 'z'),
      pushed(ALICE, 'base', 'x', 'branch_creation'),
    ]
    expect(wrote({ pushes, contributions: [by(ALICE, 'x'), by(ALICE, 'h')] }, ROB)).toBe(true)
  })

  test('who pushed a commit of it before the branch was begun anew', () => {
    const pushes = [pushed(ALICE, 'base', 'h', 'branch_creation'), pushed(ROB, 'base', 'x', 'branch_creation')]
    expect(wrote({ pushes, contributions: [by(ALICE, 'x'), by(ALICE, 'h')] }, ROB)).toBe(true)
  })

  test('not who deleted the branch, which somebody restored', () => {
    const pushes = [
      pushed(ALICE, 'x', 'h'),
      pushed(ROB, 'x', '0', 'branch_deletion'),
      pushed(ALICE, 'base', 'x', 'branch_creation'),
    ]
    expect(wrote({ pushes, contributions: [by(ALICE, 'x'), by(ALICE, 'h')] }, ROB)).toBe(false)
  })
})

describe('asked for changes, and still does:', () => {
  const against = (who: Account, permission: string) => {
    const reviews = [{ by: who, state: 'CHANGES_REQUESTED', commit: 'h', at: 50 }]
    const permissions = new Map([[who.id, permission]])
    return approvalsOf({ pull: pull({ reviews, permissions }) }, { toolAddresses: [] }).against
  }
  test('a person with write access, and neither a program nor a stranger', () => {
    expect(against(ROB, 'write')).toEqual(['rob'])
    expect(against(account(9, 'linter', 'Bot'), 'write')).toEqual([])
    expect(against(ROB, 'read')).toEqual([])
  })
})

describe('a merge did what was reviewed', () => {
  const reviewed = new Map([['a', ['1', '2'] as const]])
  test.each([
    ['the same from the same', 'a', ['1', '2'], true],
    ['the same from something else', 'a', ['3', '2'], false],
    ['something else from the same', 'a', ['1', '3'], false],
    ['the same to another file', 'b', ['1', '2'], false],
  ] as const)('%s: %s', (_, path, change, same) => {
    expect(sameChanges(reviewed, new Map([[path, change]]))).toBe(same)
  })
})

test('a merge commit is no part of a rebased pull request', () => {
  const commit = { sha: 's', pulls: [{ number: 7, mergeCommit: 'm', mergedAt: 1, branch: 'main', repository: 1 }] }
  expect(belongsTo({ ...commit, parents: ['p'] }, 7)).toBe(true)
  expect(belongsTo({ ...commit, parents: ['p', 'q'] }, 7)).toBe(false)
})

test('where CODEOWNERS cannot be read, nobody can approve for the owners', () => {
  const tree = new Map<string, string>()
  const merge: Merge = {
    ...{ commits: [{ sha: 'm', parents: ['p'], pulls: [] }], pull: pull(), before: tree, after: tree },
    ...{
      reviewedFrom: tree,
      reviewedTo: tree,
      codeOwners: '* @alice\n!a @rob',
      codeOwnersAfter: null,
      teams: new Map(),
    },
  }
  const rules = {
    ...{ repository: 1, branch: 'main', folder: '', minApprovals: 0, codeOwnersRequired: true },
    ...{ approvalsOnlyWithin: null, toolAddresses: [] },
  }
  expect(judgeMerge(merge, rules).findings).toMatchObject([
    { check: 'code_owners', text: expect.stringContaining('line 2 of CODEOWNERS cannot be read') },
  ])
})
