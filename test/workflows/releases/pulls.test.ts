import { generateKeyPairSync } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import type { PolicyInput } from '../../../policies/input.ts'
import type { Follower } from '../../../workflows/releases/follower.ts'
import { answerPulls } from '../../../workflows/releases/pulls/answer-pulls.ts'
import { code, MARKER } from '../../../workflows/releases/pulls/pull-comment.ts'
import { inputDigest } from '../../../workflows/trail/traced-input.ts'
import { asked, relation } from '../../policies/asked.ts'
import { openReleaseStand, REPOSITORY_FILES, type ReleaseStand, RULE } from './release-stand.ts'

// Each round builds, tests and replays; a busy machine takes its time.
vi.setConfig({ testTimeout: 240_000 })

let stand: ReleaseStand
let follower: Follower

beforeAll(async () => {
  const data = `${REPOSITORY_FILES['policies/data/holds.yaml']}`
  stand = await openReleaseStand({
    ...REPOSITORY_FILES,
    'policies/data/replay.yaml':
      'replay: { newly_denied_max: 5, differing_percent_max: 50, coverage_percent_min: 50 }\n',
  })
  stand.github.tokens.set('installed', { login: 'holdpoint[bot]', app: 11 })
  const { privateKey } = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  })
  const app = { token: undefined, appId: '11', installationId: '5', privateKey }
  follower = stand.follow(app, { also: [answerPulls] })
  stand.change({ 'policies/data/holds.yaml': `# Looked at.\n${data}` })
  await follower.round()
  expect(await stand.problems()).toEqual([])
  await record(asked({ relations: [relation('orders', ['select'])], fingerprint: 'f1' }), 90)
  await record(asked({ relations: [relation('payments', ['select'])], fingerprint: 'f2' }), 10)
}, 240_000)
afterAll(() => stand[Symbol.asyncDispose]())

beforeEach(async () => {
  const { pulls, comments, checks } = stand.people.repository
  for (const pull of pulls.values())
    pull.merged ??= { sha: 'f'.repeat(40), at: '2026-01-01T00:00:00Z', by: pull.author }
  comments.length = 0
  checks.length = 0
  stand.github.problems.length = 0
})

/** As the shipper of the trail keeps what policies were shown. */
async function record(input: PolicyInput, decisions: number): Promise<void> {
  const text = JSON.stringify(input)
  const digest = inputDigest(input)
  const day = new Date(stand.clock.ms)
  await stand.pool.query('INSERT INTO policy_input VALUES ($1, $2, $3)', [digest, text, day])
  await stand.pool.query("INSERT INTO policy_input_day VALUES ($1, $2, 'p', 'allow', $3)", [digest, day, decisions])
}

function opened(files: Readonly<Record<string, string | null>>, by = 'ana'): number {
  const head = `asked-${stand.people.repository.pulls.size + 1}`
  stand.people.branch(head, 'main', by)
  stand.people.push(head, by, { files })
  return stand.people.open(by, { head })
}

const payments = `# METADATA
# title: Payments are read by nobody
# description: A rule of a test, about a table that everybody may read otherwise.
# custom:
#   severity: high
#   owner: dba
#   controls: [SOC 2 CC6.1]
package holdpoint.rules.general.no_payments

title := rego.metadata.chain()[1].annotations.title

deny contains {"reason": "Nobody reads payments."} if {
	some relation in input.statement.relations
	relation.name == "payments"
}
`
const paymentsTest = `package holdpoint.rules.general.no_payments_test

import data.holdpoint.fixture_test as f
import data.holdpoint.rules.general.no_payments as rule

test_denies_reading_payments if {
	count(rule.deny) == 1 with input as f.by(f.ana, {"relations": [f.relation("payments", ["read"])]})
}
`
const DENYING = {
  'policies/rules/general/no_payments.rego': payments,
  'policies/rules/general/no_payments_test.rego': paymentsTest,
}
const comments = () => stand.people.repository.comments.map(({ body }) => body)
const checks = () => stand.people.repository.checks.map(({ status, conclusion }) => [status, conclusion])

test('a pull request is told how many recorded decisions would differ, which, and whose', async () => {
  opened(DENYING)
  await follower.round()
  expect(comments()).toHaveLength(1)
  const [said = ''] = comments()
  expect(said).toContain('**10 of 100 recorded decisions would differ.**')
  expect(said).toMatch(/\| allow \| deny \| outcome[^|]* \| 10 \|/)
  expect(said).toContain('`f2 SELECT')
  expect(said).toContain('`ana (human)`: 10')
  expect(said).toContain('`Rule general.no_payments added (enforce): Payments are read by nobody.`')
  expect(said).toMatch(/Tests reach [\d.]+ % of the rules’ lines/)
  expect(said).toMatch(/\d+ tests pass in OPA and in WebAssembly; of their \d+ inputs the module with this digest/)
  expect(said).toContain('https://holdpoint.example/releases/pulls/')
  expect(stand.github.problems).toEqual([])
})

test('the check fails when a threshold of the release in force is passed, whatever the pull request says of it', async () => {
  opened({ ...DENYING, 'policies/data/replay.yaml': 'replay: { newly_denied_max: 1000 }\n' })
  await follower.round()
  expect(checks()).toEqual([['completed', 'failure']])
  expect(stand.people.repository.checks[0]?.output.title).toBe('10 decisions would newly be denied; the team allows 5.')
})

test('the digest in the check is the digest that is activated', async () => {
  const number = opened({ [RULE]: `${REPOSITORY_FILES[RULE]}\n# A word.\n` })
  await follower.round()
  const [check] = stand.people.repository.checks
  expect(check).toMatchObject({ conclusion: 'success', external_id: expect.stringMatching(/^[0-9a-f]{64}$/) })
  stand.people.approve(number, 'ben')
  stand.people.merge(number, 'ana', 'squash')
  await follower.round()
  expect((await stand.inForce())?.digest).toBe(check?.external_id)
  expect(check?.output.summary).toMatch(
    /^Digest of the policy: [0-9a-f]{64}\n\d+ tests; of their \d+ inputs the module/m,
  )
})

test('the comment is brought up to date when the head moves, and stays one', async () => {
  const number = opened(DENYING)
  await follower.round()
  stand.people.push(`asked-${number}`, 'ana', {
    files: { ...DENYING, 'policies/rules/general/no_payments_test.rego': null },
  })
  await follower.round()
  expect(comments()).toHaveLength(1)
  expect(comments()[0]).toContain('it has no test beside it')
  expect(checks()).toEqual([
    ['completed', 'failure'],
    ['completed', 'failure'],
  ])
})

test('nothing is built or written again while nothing changes', async () => {
  opened(DENYING)
  await follower.round()
  stand.github.calls.length = 0
  await follower.round()
  expect(stand.github.calls.filter((call) => /^(POST|PATCH)|git\/trees/.test(call))).toEqual([])
})

test('a comment of somebody else with our mark is left alone', async () => {
  const number = opened({ [RULE]: `${REPOSITORY_FILES[RULE]}\n# Two words.\n` })
  const mallory = stand.people.user('mallory')
  stand.people.repository.comments.push({
    id: 900,
    issue: number,
    body: `${MARKER}\nAll good`,
    user: mallory,
    app: null,
  })
  await follower.round()
  expect(comments()[0]).toBe(`${MARKER}\nAll good`)
  expect(comments()).toHaveLength(2)
})

test('our own comment is found again when the state database has forgotten it', async () => {
  opened({ [RULE]: `${REPOSITORY_FILES[RULE]}\n# Three words.\n` })
  await follower.round()
  await stand.pool.query('DELETE FROM pull_answer')
  await follower.round()
  expect(comments()).toHaveLength(1)
})

test('a branch that is behind is told that what would be built is not what was replayed', async () => {
  const number = opened({ [RULE]: `${REPOSITORY_FILES[RULE]}\n# Four words.\n` })
  const before = stand.change({
    'policies/data/groups.yaml': `# More.\n${REPOSITORY_FILES['policies/data/groups.yaml']}`,
  })
  await follower.round()
  expect((await stand.inForce())?.commit).toBe(before)
  expect(comments()[0]).toContain('what would be built is not what was replayed')
  expect(stand.people.pull(number).merged).toBeNull()
  expect(checks()).toEqual([['completed', 'failure']])
})

test('a pull request from a fork is built like any other, and nothing of it leaves the sandbox', async () => {
  const files = { 'policies/rules/general/reads.rego': `${REPOSITORY_FILES[RULE]}\nenv := opa.runtime().env\n` }
  stand.people.branch('fork', 'main', 'mallory')
  stand.people.push('fork', 'mallory', { files })
  stand.people.open('mallory', { head: 'fork', fork: true })
  await follower.round()
  expect(comments()[0]).toContain('undefined function opa.runtime')
  expect(checks()).toEqual([['completed', 'failure']])
})

test('a change whose module decides otherwise than OPA fails its check, and names the test', async () => {
  // A set has one order in OPA and another in WebAssembly.
  const listing = payments.replace('"Nobody reads payments."', 'concat(", ", {"b", "a", "é", "z", relation.name})')
  opened({ ...DENYING, 'policies/rules/general/no_payments.rego': listing })
  await follower.round()
  expect(checks()).toEqual([['completed', 'failure']])
  expect(comments()[0]).toMatch(
    /policy_tests: Tests fail: holdpoint.rules.general.no_payments_test.test_denies_reading_payments \(rules\/general\/no_payments_test.rego:6\) rules.0.reason is/,
  )
})

test('what the trail says of an answer is the digest and the verdict', async () => {
  expect((await stand.trail('pull.answered')).at(-1)).toMatchObject({ conclusion: 'failure', digest: null })
})

describe('a name in a comment', () => {
  test.each([
    ['`x` @ben', '`x  @ben`'],
    ['a\n# Heading', '`a # Heading`'],
    ['a | b', '`a ¦ b`'],
    ['', '` `'],
    ['\u202Ehidden', '`hidden`'],
  ])('%j is code and nothing else', (given, shown) => {
    expect(code(given)).toBe(shown)
  })
})
