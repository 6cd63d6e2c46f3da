import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import type { CompiledPolicy } from '../../../policies/compile.ts'
import { unpackPolicy } from '../../../policies/packed.ts'
import { startFollower } from '../../../workflows/releases/follower.ts'
import { evidenceHash, packageOf } from '../../../workflows/releases/store.ts'
import { begin, stories } from './provenance-stories.ts'
import { compiledCheckout, openReleaseStand, REPOSITORY_FILES, type ReleaseStand, RULE } from './release-stand.ts'

// Each round builds, tests and replays; a busy machine takes its time.
vi.setConfig({ testTimeout: 240_000 })

let stand: ReleaseStand
let first: string
let checkout: CompiledPolicy
const rule = REPOSITORY_FILES[RULE] as string

beforeAll(async () => {
  checkout = await compiledCheckout()
  stand = await openReleaseStand()
  first = stand.change({
    'policies/data/holds.yaml': `# Looked at once more\n${REPOSITORY_FILES['policies/data/holds.yaml']}`,
  })
  await stand.follower.round()
}, 240_000)
afterAll(() => stand[Symbol.asyncDispose]())

test('the first reviewed commit becomes the policy, and it is the one that a checkout compiles to', async () => {
  expect(await stand.problems()).toEqual([])
  const { digest } = checkout
  expect(await stand.inForce()).toMatchObject({ commit: first, digest, pinned: false, follows: null })
  const kept = await packageOf(stand.pool, first)
  expect(unpackPolicy(kept as Buffer, digest).digest).toBe(digest)
  expect(stand.github.problems).toEqual([])
})

test('the trail leads from the digest to the people who approved it, and to what GitHub said', async () => {
  const [event] = await stand.trail('release.verified')
  const { digest } = checkout
  expect(event).toMatchObject({
    commit: first,
    repository: 'acme/policies',
    policy: digest,
    rules: { minApprovals: 1, codeOwnersRequired: true, approvalsOnlyWithin: null },
    pulls: [{ number: 1, author: 'ana', reviewers: ['ben'] }],
  })
  const { rows } = await stand.pool.query('SELECT request, sha256, body FROM release_evidence ORDER BY number')
  const recorded = event?.evidence as { sha256: string; answers: object[] }
  expect(recorded.sha256).toBe(evidenceHash(rows))
  expect(recorded.answers).toEqual(rows.map(({ request, sha256 }) => ({ request, sha256 })))
})

test('people are told what changed in words', async () => {
  const commit = stand.change({ [RULE]: `${rule}\n# A word more.\n` })
  await stand.follower.round()
  expect(await stand.inForce()).toMatchObject({ commit, follows: first })
  expect(stand.told.at(-1)).toMatchObject({
    kind: 'activated',
    commit,
    url: `https://holdpoint.example/releases/${commit}`,
  })
  expect(stand.told.at(-1)?.lines).toEqual([
    '#2 Change the rules (reviewed by ben)',
    expect.stringMatching(/^Rule general\.reads changed: /),
  ])
})

test('every merge needs its approvals; where only those of the policies do, the release and the trail say so', async () => {
  const { people } = stand
  people.branch('beside', 'main', 'dora')
  people.push('beside', 'dora', { files: { 'services/api.ts': 'one' } })
  people.merge(people.open('dora', { head: 'beside', title: 'An interface' }), 'dora', 'squash')
  await stand.follower.round()
  expect(await stand.problems()).toEqual(['approvals'])
  const looser = stand.follow({ approvalsOnlyWithin: './policies/' })
  const before = stand.told.length
  await looser.round()
  const rules = { minApprovals: 1, codeOwnersRequired: true, approvalsOnlyWithin: 'policies' }
  expect(await stand.problems()).toEqual([])
  expect(await stand.inForce()).toMatchObject({ rules, pulls: [{ number: 3, reviewers: [], outside: 'policies' }] })
  expect((await stand.trail('release.verified')).at(-1)).toMatchObject({ rules, pulls: [{ outside: 'policies' }] })
  expect(stand.told.slice(before).flatMap(({ lines }) => lines)).toContain(
    '#3 An interface (outside policies/, so no approvals were counted)',
  )
  await looser.close()
})

test('when nothing moved a look costs one call, answered with 304', async () => {
  stand.github.calls.length = 0
  await stand.follower.round(false)
  expect(stand.github.calls).toEqual(['GET /repos/acme/policies/branches/main'])
})

describe('a reviewed commit stays out of force when', () => {
  const bad = [
    { what: 'it is no Rego', files: { [RULE]: `${rule}\nthis is not rego` }, check: 'policy_check' },
    {
      what: 'a test of it fails',
      files: {
        'policies/rules/general/reads_test.rego': `${REPOSITORY_FILES['policies/rules/general/reads_test.rego']}\ntest_nothing if false\n`,
      },
      check: 'policy_tests',
    },
    {
      what: 'it asks the network',
      files: { [RULE]: rule.replace(/$/, '\nleak if http.send({"url": "http://127.0.0.1", "method": "get"})\n') },
      check: 'policy_check',
    },
    { what: 'its labels are none', files: { 'policies/data/labels.yaml': 'labels: 7\n' }, check: 'policy_check' },
    {
      what: 'a file of it has a name that leads elsewhere',
      files: { 'policies/rules/../../x.rego': 'x' },
      check: 'tree_unusable',
    },
    { what: 'it is enormous', files: { 'policies/data/big.yaml': `# ${'x'.repeat(1_100_000)}` }, check: 'too_large' },
    {
      what: 'it is a link',
      files: { 'policies/data/link.yaml': { mode: '120000', content: '/etc/passwd' } },
      check: 'tree_unusable',
    },
    {
      what: 'its folder is gone',
      files: Object.fromEntries(
        Object.keys(REPOSITORY_FILES)
          .filter((path) => path.startsWith('policies/'))
          .map((path) => [path, null]),
      ),
      check: 'tree_unusable',
    },
  ]
  test.each(bad)('$what; the one before it stays and people are told', async ({ files, check }) => {
    const before = await stand.inForce()
    const commit = stand.change(files as Record<string, string>)
    await stand.follower.round()
    expect(await stand.problems()).toEqual([check])
    expect(await stand.inForce()).toEqual(before)
    expect(stand.told.at(-1)).toMatchObject({ kind: 'refused', commit })
    // Mended by a pull request, as everything is.
    stand.change(Object.fromEntries(Object.keys(files).map((path) => [path, REPOSITORY_FILES[path] ?? null])))
    await stand.follower.round()
    expect(await stand.problems()).toEqual([])
  })
})

test('a refusal is told once, however often it is looked at', async () => {
  const before = stand.told.length
  stand.people.push('main', 'eve', { files: { [RULE]: `${rule}\n# mine\n` } })
  await stand.follower.round()
  await stand.follower.round()
  await stand.follower.round(false)
  expect(stand.told.slice(before).map(({ kind }) => kind)).toEqual(['refused'])
  expect(await stand.trail('release.refused')).toContainEqual(
    expect.objectContaining({ findings: [expect.objectContaining({ check: 'pull_request' })] }),
  )
  const active = (await stand.inForce())?.commit as string
  stand.people.forcePush('main', active, 'eve')
  await stand.follower.round()
  expect(await stand.problems()).toEqual([])
})

test('of two followers one looks, and the other when the first has gone', async () => {
  const lease = await stand.pool.query('SELECT follower FROM followed_branch')
  expect(lease.rows).toHaveLength(1)
  const rounds = stand.github.calls.length
  await stand.pool.query("UPDATE followed_branch SET follower = 'another', leased_until = $1", [
    new Date(stand.clock.ms + 60_000),
  ])
  const second = stand.follow()
  await expect
    .poll(async () => (await stand.pool.query('SELECT follower FROM followed_branch')).rows[0].follower)
    .toBe('another')
  expect(stand.github.calls.length).toBe(rounds)
  await second.close()
})

test('a hint makes it look soon', async () => {
  await stand.pool.query('UPDATE followed_branch SET follower = NULL, leased_until = NULL')
  const follower = stand.follow()
  await expect
    .poll(async () => (await stand.pool.query('SELECT follower FROM followed_branch')).rows[0].follower)
    .not.toBeNull()
  const commit = stand.change({ [RULE]: `${rule}\n# And so on.\n` })
  await stand.pool.query("SELECT pg_notify('holdpoint_release_hint', '')")
  await expect.poll(async () => (await stand.inForce())?.commit, { timeout: 20_000 }).toBe(commit)
  await follower.close()
})

test('GitHub is left alone until the time it gave, and told of after a quarter of an hour', async () => {
  const before = stand.told.length
  stand.github.limitCalls(0, Math.ceil(stand.clock.ms / 1_000) + 3_600)
  await stand.follower.round()
  stand.clock.ms += 16 * 60_000
  await stand.follower.round()
  stand.github.limitCalls(5_000)
  expect(stand.told.slice(before).map(({ kind }) => kind)).toEqual(['unreachable'])
  await stand.follower.round()
})

test('where the replay is required, what was not replayed in its pull request stays out', async () => {
  // Nobody looks by themselves meanwhile, least of all one that is not strict.
  const until = new Date(stand.clock.ms + 3_600_000)
  await stand.pool.query("UPDATE followed_branch SET follower = 'another', leased_until = $1", [until])
  await stand.follower.round(false) // whatever it had begun has ended
  const strict = stand.follow({ replayRequired: true })
  const before = await stand.inForce()
  const commit = stand.change({ [RULE]: `${rule}\n# Not replayed.\n` })
  await strict.round()
  expect(await stand.problems()).toEqual(['replay'])
  expect(await stand.inForce()).toEqual(before)
  await answeredAll('of another policy', 'success')
  await strict.round()
  expect(await stand.problems()).toEqual(['replay'])
  await stand.follower.round()
  expect((await stand.inForce())?.commit).toBe(commit)

  const { digest } = (await stand.inForce()) as { digest: string }
  stand.change({ [RULE]: rule })
  await stand.follower.round()
  const again = stand.change({ [RULE]: `${rule}\n# Not replayed.\n` })
  await answeredAll(digest, 'failure')
  await strict.round()
  expect(await stand.problems()).toEqual(['replay'])
  await answeredAll(digest, 'success')
  await strict.round()
  expect((await stand.inForce())?.commit).toBe(again)
}, 60_000)

/** As if every pull request had been replayed as this policy. */
async function answeredAll(digest: string, conclusion: 'success' | 'failure'): Promise<void> {
  await stand.pool.query(
    `INSERT INTO pull_answer (number, head, branch_head, digest, conclusion, answer, answered_at)
     SELECT n, 'h', 'b', $1, $2, '{}', now() FROM generate_series(1, 500) n
     ON CONFLICT (number) DO UPDATE SET digest = $1, conclusion = $2`,
    [digest, conclusion],
  )
}

test('half a configuration is said to be one', () => {
  const { config, pool, tools } = stand
  const github = { ...config, token: undefined, appId: '11' }
  const log = { info: () => undefined, warn: () => undefined, error: () => undefined }
  const options = {
    config: { releases: { github }, console: { host: 'h', port: 1 } as never },
    pool,
    tools,
    announcers: [],
    log,
  }
  expect(() => startFollower({ ...options, now: Date.now })).toThrow('need a token, or an app’s id')
})

test('F6: whatever the story, the last good release stays', { timeout: 120_000 }, async () => {
  begin(stand.people)
  const { repository } = stand.people
  const active = (await stand.inForce())?.commit as string
  const told = [
    'a commit is pushed to the branch directly',
    'an administrator approves and merges his own',
    'it was approved before the last push',
    'an Actions bot approved it',
    'nobody approved, and an administrator merged it all the same',
    'the active commit was force-pushed away',
    'the merge brought more than the pull request had',
  ]
  for (const name of told) {
    for (const branch of [...repository.branches.keys()]) if (branch !== 'main') repository.branches.delete(branch)
    stories.find(({ story }) => story === name)?.tell(stand.people)
    await stand.follower.round()
    expect(await stand.problems(), name).not.toEqual([])
    expect((await stand.inForce())?.commit).toBe(active)
    stand.people.forcePush('main', active, 'eve')
    await stand.follower.round()
  }
  expect(stand.github.problems).toEqual([])
})
