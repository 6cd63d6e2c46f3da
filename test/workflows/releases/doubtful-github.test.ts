import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { openProvenanceStand, type ProvenanceStand } from './provenance-stand.ts'
import { opened } from './provenance-stories.ts'
import { one, twisted } from './twisted-answers.ts'

/** Answers that may well be true, and are too much, too little or not what they seem. */
let stand: ProvenanceStand
beforeAll(async () => {
  stand = await openProvenanceStand()
})
afterAll(() => stand[Symbol.asyncDispose]())
beforeEach(() => stand.begin())

function approvedBy(login: string): number {
  const pull = opened(stand.people)
  stand.people.approve(pull, login)
  stand.people.merge(pull, 'ana')
  return pull
}

test('reviews count by when they were given, in whatever order they are listed', async () => {
  const pull = opened(stand.people)
  stand.people.approve(pull, 'ben')
  stand.people.review(pull, 'ben', 'CHANGES_REQUESTED')
  stand.people.merge(pull, 'eve')
  await twisted(stand, /\/reviews/, (truth) => (truth as object[]).toReversed())
  expect(await stand.checks()).toEqual(['approvals', 'changes_requested', 'code_owners'])
})

test('an approval by a name in capitals is that of the owner with that name', async () => {
  approvedBy('ben')
  const user = { ...stand.people.user('ben'), login: 'Ben' }
  const permitted = { status: 200, body: { permission: 'write', role_name: 'write', user } }
  let reviews: unknown = null
  await twisted(stand, /\/reviews/, (truth) => {
    reviews = (truth as object[]).map((review) => ({ ...review, user }))
    return reviews
  })
  stand.github.misbehave((_method, at) =>
    at.endsWith('/reviews') ? { status: 200, body: reviews } : at.endsWith('/Ben/permission') ? permitted : null,
  )
  expect(await stand.checks()).toEqual([])
})

test('who is invited to the owning team, and has not accepted, does not approve for it', async () => {
  approvedBy('cleo')
  await twisted(stand, /\/memberships\//, one({ state: 'pending' }))
  expect(await stand.checks()).toEqual(['code_owners'])
})

test('a CODEOWNERS that is a link owns nothing, and nothing passes by it', async () => {
  const files = { CODEOWNERS: { mode: '120000', content: 'policies/rules' } }
  stand.active = stand.people.push('main', 'ana', { files, message: 'What was verified last' })
  approvedBy('ben')
  await expect(stand.verify()).rejects.toMatchObject({ code: 'tree_unusable' })
})

test('a CODEOWNERS that is larger than GitHub reads is not read', async () => {
  approvedBy('ben')
  await twisted(stand, /\/git\/blobs\//, one({ size: 3 * 1024 * 1024 + 1 }))
  await expect(stand.verify()).rejects.toMatchObject({ code: 'too_large' })
})

test('more reviewers than anybody asks about are too many', async () => {
  approvedBy('ben')
  const crowd = Array.from({ length: 51 }, (_, index) => ({ id: 9_000 + index, login: `r${index}`, type: 'User' }))
  await twisted(stand, /\/reviews/, (truth) => crowd.map((user) => ({ ...(truth as object[])[0], user })))
  await expect(stand.verify()).rejects.toMatchObject({ code: 'too_large' })
})

test('more than two hundred commits at once are too many', { timeout: 60_000 }, async () => {
  for (let number = 0; number <= 200; number++) stand.people.push('main', 'ana', { message: `${number}` })
  await expect(stand.verify()).rejects.toMatchObject({ code: 'too_large' })
})

describe('where only a folder needs approvals', () => {
  const rules = { approvalsOnlyWithin: 'policies' }
  test.each([
    { what: 'a folder that is not listed whole', twist: one({ truncated: true }), code: 'too_large' },
    { what: 'another folder than was asked for', twist: one({ sha: 'f'.repeat(40) }), code: 'github_nonsense' },
  ])('$what proves nothing', async ({ twist, code }) => {
    approvedBy('ben')
    await twisted(stand, /\/git\/trees\//, twist)
    await expect(stand.verify({ rules })).rejects.toMatchObject({ code })
  })
})
