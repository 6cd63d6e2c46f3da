import type { MergeMethod, People } from '../../stand-ins/github-people.ts'
import { accepted, opened, type Story } from './provenance-stories.ts'

/** More stories of the same people: names that change hands, many of everything, and what lies beside the policies. */
const times = (count: number, act: (index: number) => void): void => {
  for (let index = 0; index < count; index++) act(index)
}

const REGO = (text: string) => ({ files: { 'policies/rules/b.rego': `package b # ${text}\n` } })

function other(
  people: People,
  files: Readonly<Record<string, string | null>>,
  method: MergeMethod = 'squash',
  approvedBy: string | null = null,
): void {
  const pull = opened(people, { by: 'dora', head: `other-${people.repository.pulls.size + 1}`, commit: { files } })
  if (approvedBy !== null) people.approve(pull, approvedBy)
  people.merge(pull, 'dora', method)
}

export const edges: readonly Story[] = [
  {
    story: 'who pushed first did so a hundred and fifty pushes ago, and another owner approves',
    tell: (people) => {
      people.branch('stricter', 'main', 'ben')
      people.push('stricter', 'ben', { ...REGO('first'), author: 'ana', committer: 'ana' })
      times(150, (index) => void people.push('stricter', 'ana', REGO(`${index}`)))
      const pull = people.open('ana', { head: 'stricter' })
      people.approve(pull, 'cleo')
      people.merge(pull, 'ana', 'squash')
    },
  },
  {
    story: 'its reviewer pushed first, under another’s name, a hundred and fifty pushes ago',
    tell: (people) => {
      people.branch('stricter', 'main', 'ben')
      people.push('stricter', 'ben', { ...REGO('first'), author: 'ana', committer: 'ana' })
      times(150, (index) => void people.push('stricter', 'ana', REGO(`${index}`)))
      const pull = people.open('ana', { head: 'stricter' })
      people.approve(pull, 'ben')
      people.merge(pull, 'ana', 'squash')
    },
    refused: ['approvals', 'code_owners'],
  },
  {
    story: 'its reviewer pushed two commits under another’s name, and the second was force-pushed away',
    tell: (people) => {
      people.branch('stricter', 'main', 'ana')
      const forged = { author: 'ana', committer: 'ana' }
      const first = people.commit('stricter', 'ben', { ...REGO('kept'), ...forged })
      people.repository.branches.set('unseen', { sha: first, protected: false })
      const second = people.commit('unseen', 'ben', { ...REGO('dropped'), ...forged })
      people.repository.move('stricter', second, people.user('ben'), 'push')
      people.forcePush('stricter', people.commit('unseen', 'ana', REGO('in its place')), 'ana')
      const pull = people.open('ana', { head: 'stricter' })
      people.approve(pull, 'ben')
      people.merge(pull, 'ana')
    },
    refused: ['approvals', 'code_owners'],
  },
  {
    story: 'its reviewer deletes the branch after the merge',
    tell: (people) => {
      const pull = opened(people)
      people.approve(pull, 'ben')
      people.merge(pull, 'ben')
      people.repository.move('stricter', '0'.repeat(40), people.user('ben'), 'branch_deletion')
    },
  },
  {
    story: 'its reviewer pushed to a branch of the same name once, for another pull request',
    tell: (people) => {
      const before = opened(people, { by: 'ben' })
      people.approve(before, 'cleo')
      people.merge(before, 'ben', 'squash')
      people.repository.move('stricter', '0'.repeat(40), people.user('ben'), 'branch_deletion')
      people.repository.branches.delete('stricter')
      const pull = opened(people, { commit: REGO('anew') })
      people.approve(pull, 'ben')
      people.merge(pull, 'ana', 'squash')
    },
  },
  {
    story: 'a hundred and fifty comments stand before the approval',
    tell: (people) => {
      const pull = opened(people)
      times(150, () => people.review(pull, 'dora', 'COMMENTED'))
      people.approve(pull, 'ben')
      people.merge(pull, 'ana')
    },
  },
  {
    story: 'a hundred and fifty comments stand between the approval and the wish for changes',
    tell: (people) => {
      const pull = opened(people)
      people.approve(pull, 'ben')
      times(150, () => people.review(pull, 'dora', 'COMMENTED'))
      people.review(pull, 'ben', 'CHANGES_REQUESTED')
      people.merge(pull, 'eve')
    },
    refused: ['approvals', 'changes_requested', 'code_owners'],
  },
  {
    story: 'the reviewer wrote the last of a hundred and fifty commits',
    tell: (people) => {
      people.branch('stricter', 'main', 'ana')
      times(149, (index) => void people.push('stricter', 'ana', REGO(`${index}`)))
      people.push('stricter', 'ana', { ...REGO('last'), author: 'ben' })
      const pull = people.open('ana', { head: 'stricter' })
      people.approve(pull, 'ben')
      people.merge(pull, 'ana', 'squash')
    },
    refused: ['approvals', 'code_owners'],
  },
  {
    story: 'it has more commits than GitHub lists',
    tell: (people) => {
      people.branch('stricter', 'main', 'ana')
      times(251, (index) => void people.push('stricter', 'ana', REGO(`${index}`)))
      const pull = people.open('ana', { head: 'stricter' })
      people.approve(pull, 'ben')
      people.merge(pull, 'ana', 'squash')
    },
    refused: ['pull_request'],
  },
  {
    story: 'it changes three hundred files, the last of which nobody approved for',
    tell: (people) => {
      people.branch('many', 'main', 'ana')
      const rules = Array.from({ length: 299 }, (_, index) => [`policies/rules/r${index}.rego`, `package r${index}\n`])
      people.push('many', 'ana', { files: { ...Object.fromEntries(rules), CODEOWNERS: '# ours\n* @cleo\nz/ @dora\n' } })
      const setup = people.open('ana', { head: 'many' })
      people.approve(setup, 'cleo')
      people.merge(setup, 'ana')
      accepted(people, 'cleo', {
        head: 'again',
        commit: { files: { ...Object.fromEntries(rules.map(([path]) => [path, null])), 'z/a': 'z' } },
      })
    },
    refused: ['code_owners'],
  },
  {
    story: 'the reviewer took another name after approving, and CODEOWNERS has the old one',
    tell: (people) => {
      accepted(people, 'ben')
      people.renameUser('ben', 'benjamin')
    },
    refused: ['code_owners'],
  },
  {
    story: 'a reviewer in the owning team took another name after approving',
    tell: (people) => {
      accepted(people, 'cleo')
      people.renameUser('cleo', 'cleopatra')
    },
  },
  {
    story: 'the reviewer is named as a co-author by a name of before',
    tell: (people) => {
      people.branch('stricter', 'main', 'ana')
      people.push('stricter', 'ana', { ...REGO('ours'), coAuthors: ['cleo@users.noreply.github.com'] })
      people.renameUser('cleo', 'cleopatra')
      const pull = people.open('ana', { head: 'stricter' })
      people.approve(pull, 'cleopatra')
      people.merge(pull, 'ana')
    },
    refused: ['approvals', 'code_owners'],
  },
  {
    story: 'the reviewer’s account was suspended since',
    tell: (people) => {
      accepted(people, 'ben')
      people.suspend('ben')
    },
    refused: ['approvals', 'code_owners'],
  },
  {
    story: 'a member of a team within the owning team approves',
    tell: (people) => {
      people.team('owners')
      people.childTeam('night-owners', 'owners', 'dora')
      accepted(people, 'dora')
    },
  },
  {
    story: 'three come through the merge queue at once, and nobody approved the middle one',
    tell: (people) => {
      const pulls = ['one', 'two', 'three'].map((head) => {
        people.branch(head, 'main', 'ana')
        people.push(head, 'ana', { files: { [`policies/rules/${head}.rego`]: `package ${head}\n` } })
        return people.open('ana', { head })
      })
      for (const pull of pulls) if (pull !== pulls[1]) people.approve(pull, 'ben')
      for (const pull of pulls) people.merge(pull, 'eve', 'queue')
    },
    refused: ['approvals', 'code_owners'],
  },
  {
    story: 'a commit of it was pushed directly, before it was approved and merged with a merge commit',
    tell: (people) => {
      const pull = opened(people)
      const pushed = people.repository.headOf('stricter')
      people.repository.move('main', pushed, people.user('ana'), 'push')
      people.push('stricter', 'ana', REGO('more'))
      people.approve(pull, 'ben')
      people.merge(pull, 'ana')
      people.repository.broughtBy.set(pushed, new Set([pull]))
    },
    refused: ['pull_request'],
  },
  {
    story: 'nobody approved the first of two, and the second’s commits are said to have the first’s among them',
    tell: (people) => {
      const first = opened(people)
      const merged = people.merge(first, 'eve', 'squash')
      const second = opened(people, { by: 'dora', head: 'second', commit: REGO('second') })
      people.approve(second, 'ben')
      people.merge(second, 'dora', 'squash')
      people.repository.broughtBy.set(merged, new Set([first, second]))
    },
    refused: ['approvals', 'code_owners'],
  },
  {
    story: 'a commit has the author’s name and another’s address, whose account takes no part',
    tell: (people) => {
      accepted(people, 'ben', { commit: { ...REGO('hers'), author: 'dora', email: 'dora@example.org' } })
    },
  },
  {
    story: 'a commit has the address of an owner, who then approves',
    tell: (people) => {
      accepted(people, 'ben', { commit: { ...REGO('his'), author: 'ben', email: 'ben@example.org' } })
    },
    refused: ['approvals', 'code_owners'],
  },
  {
    story: 'the revert of an approved change is merged by whoever wanted it, alone',
    tell: (people) => {
      accepted(people, 'ben')
      people.branch('revert', 'main', 'eve')
      people.push('revert', 'eve', { files: { 'policies/rules/a.rego': 'package a\n' } })
      people.merge(people.open('eve', { head: 'revert', title: 'Revert "Change the rules"' }), 'eve')
    },
    refused: ['approvals', 'code_owners'],
  },
  {
    story: 'the repository went to another organisation after the merge',
    tell: (people) => {
      accepted(people, 'ben')
      people.transfer('globex')
    },
  },
  {
    story: 'it leaves CODEOWNERS unreadable',
    tell: (people) => {
      accepted(people, 'ben', {
        head: 'broken',
        commit: { files: { CODEOWNERS: 'policies/ @ben\n!policies/rules @dora\n' } },
      })
    },
    refused: ['code_owners'],
  },
  {
    story: 'the owner of what it changes is an address, which nobody on GitHub is',
    tell: (people) => {
      accepted(people, 'ben', { head: 'mail', commit: { files: { CODEOWNERS: 'policies/ ben@example.org\n' } } })
      accepted(people, 'ben')
    },
    refused: ['code_owners'],
  },
  {
    story: 'the last line that matches names nobody, and anybody who may write approves',
    tell: (people) => {
      accepted(people, 'ben', {
        head: 'open',
        commit: { files: { CODEOWNERS: 'policies/ @ben\npolicies/rules/\n' } },
      })
      accepted(people, 'dora')
    },
  },
  {
    story: 'beside the policies, other things were merged that nobody approved',
    tell: (people) => besides(people),
    refused: ['approvals'],
  },
  {
    story: 'beside the policies, other things were merged that others than the owners approved',
    tell: (people) => besides(people, 'eve'),
  },
  {
    story: 'only the folder of the policies needs approvals, and other things were merged that nobody approved',
    tell: (people) => besides(people),
    approvalsOnlyWithin: 'policies',
    nobodyNeeded: true,
  },
  {
    story: 'only the folder of the rules needs approvals, and data beside it was merged that nobody approved',
    tell: (people) => other(people, { 'policies/data/a.yaml': 'a: 1' }),
    approvalsOnlyWithin: 'policies/rules',
    nobodyNeeded: true,
  },
  ...onlyPolicies([
    {
      story: 'a pull request without any change is merged that nobody approved',
      tell: (people) => void people.merge(opened(people, { commit: { message: 'Again' } }), 'ana', 'squash'),
      nobodyNeeded: true,
    },
    {
      story: 'a commit that touches only other things is pushed directly',
      tell: (people) => void people.push('main', 'ana', { files: { 'services/api.ts': 'one' } }),
      refused: ['pull_request'],
    },
    {
      story: 'one that touches other things changes a rule by the way',
      tell: (people) =>
        other(people, { 'services/api.ts': 'one', 'policies/rules/a.rego': 'package a # by the way\n' }),
      refused: ['approvals', 'code_owners'],
    },
    {
      story: 'one that touches other things puts another CODEOWNERS before the one in force',
      tell: (people) => other(people, { 'services/api.ts': 'one', '.github/CODEOWNERS': '* @dora\n' }),
      refused: ['approvals'],
    },
    {
      story: 'one that touches other things takes the folder of the policies away',
      tell: (people) =>
        other(people, { 'policies/rules/a.rego': null, 'policies/rules/b.rego': null, policies: 'link' }),
      refused: ['approvals', 'code_owners'],
    },
  ]),
]

/** One change of a rule, which Ben approves, between changes of other things. */
function besides(people: People, approvedBy: string | null = null): void {
  other(people, { 'services/api.ts': 'one' }, 'squash', approvedBy)
  accepted(people, 'ben')
  other(people, { 'services/api.ts': 'two', 'policies-of-others/x': 'x' }, 'merge', approvedBy)
  other(people, { 'services/api.ts': null, '.github/workflows/ci.yml': 'on: push' }, 'rebase', approvedBy)
}

function onlyPolicies(stories: readonly Story[]): readonly Story[] {
  return stories.map((one) => ({ ...one, approvalsOnlyWithin: 'policies' }))
}
