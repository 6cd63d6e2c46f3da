import type { ChildProcess } from 'node:child_process'
import pg from 'pg'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { type Production, startProduction } from '../harness/production.ts'
import { type StandInGitHub, startGitHub } from '../stand-ins/github.ts'
import type { People } from '../stand-ins/github-people.ts'
import { REPOSITORY_FILES } from '../workflows/releases/release-stand.ts'

/** Proxy and worker as they run in production, with the policies in a repository on the stand-in for GitHub. */
let github: StandInGitHub
let people: People
let production: Production
let proxy: ChildProcess

beforeAll(async () => {
  github = await startGitHub()
  github.tokens.set('follower', { login: 'holdpoint-bot', app: null })
  people = github.repository('acme/policies', REPOSITORY_FILES)
  for (const login of ['ana', 'ben']) people.may(login, 'write')
  const releases = { github: { repository: 'acme/policies', token: 'follower', apiUrl: github.url, pollMs: 300 } }
  production = await startProduction({ releases })
  proxy = await production.run('proxy')
  await production.run('worker')
}, 120_000)
afterAll(async () => {
  await production?.[Symbol.asyncDispose]()
  await github?.[Symbol.asyncDispose]()
})

/** By way of a pull request, as everything. @returns the commit */
function change(files: Readonly<Record<string, string | null>>, approved = true): string {
  const head = `change-${people.repository.pulls.size + 1}`
  people.branch(head, 'main', 'ana')
  people.push(head, 'ana', { files })
  const pull = people.open('ana', { head, title: 'Change the rules' })
  if (approved) people.approve(pull, 'ben')
  return people.merge(pull, 'ana', 'squash')
}

async function connected(name: string): Promise<pg.Client> {
  const client = new pg.Client(production.postgres(name))
  client.on('error', () => undefined)
  await client.connect()
  return client
}

/** Until every proxy process has said in the trail of the state database that it judges by this commit. */
async function inForceEverywhere(commit: string): Promise<void> {
  const state = new pg.Client(production.stateUrl)
  await state.connect()
  try {
    await vi.waitFor(async () => {
      const { rows } = await state.query(
        `SELECT DISTINCT journal FROM trail_record WHERE line LIKE '%release.activated%' AND line LIKE '%' || $1 || '%'`,
        [commit],
      )
      expect(rows).toHaveLength(2)
    }, 60_000)
  } finally {
    await state.end()
  }
}

const PAYMENTS = 'policies/rules/general/no_payments.rego'
const PAYMENTS_TEST = 'policies/rules/general/no_payments_test.rego'
const noPayments = `# METADATA
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
const noPaymentsTest = `package holdpoint.rules.general.no_payments_test

import data.holdpoint.fixture_test as f
import data.holdpoint.rules.general.no_payments as rule

test_denies_reading_payments if {
	count(rule.deny) == 1 with input as f.by(f.ana, {"relations": [f.relation("payments", ["read"])]})
}

test_leaves_other_tables_alone if {
	rule.deny == set() with input as f.by(f.ana, {"relations": [f.relation("orders", ["read"])]})
}
`

test('without a verified release nothing runs, and local files are not asked', async () => {
  const client = await connected('ana')
  await expect(client.query('SELECT 1')).rejects.toMatchObject({ code: '42501' })
  await client.end()
})

test('the first reviewed release is in force everywhere, and a running session goes on under it', async () => {
  const client = await connected('ana')
  await expect(client.query('SELECT 1')).rejects.toMatchObject({ code: '42501' })
  await inForceEverywhere(
    change({ 'policies/data/holds.yaml': `# Looked at.\n${REPOSITORY_FILES['policies/data/holds.yaml']}` }),
  )
  const { rows } = await client.query('SELECT email FROM customers WHERE id = 1')
  expect(rows[0].email).toMatch(/\*/)
  await client.end()
}, 90_000)

test('a swap under load loses nothing, and is in force on every process', async () => {
  const clients = await Promise.all(Array.from({ length: 16 }, () => connected('ana')))
  let ended = false
  const counts = clients.map(async (client, index) => {
    let answered = 0
    for (; !ended; answered++) {
      const { rows } = await client.query('SELECT id, email FROM customers WHERE id = $1', [
        1 + ((index + answered) % 5),
      ])
      expect(rows).toHaveLength(1)
      expect(rows[0].email).toMatch(/\*/)
    }
    return answered
  })
  const working = Promise.all(counts)
  await inForceEverywhere(change({ [PAYMENTS]: noPayments, [PAYMENTS_TEST]: noPaymentsTest }))
  for (const client of await Promise.all(Array.from({ length: 6 }, () => connected('ana')))) {
    await expect(client.query('SELECT count(*) FROM payments')).rejects.toMatchObject({ code: '42501' })
    await client.end()
  }
  ended = true
  const answered = await working
  for (const count of answered) expect(count).toBeGreaterThan(0)
  await Promise.all(clients.map((client) => client.end()))
}, 120_000)

test('what is not approved is not in force, and doctor says which check failed on which commit', async () => {
  const commit = change({ [PAYMENTS]: null, [PAYMENTS_TEST]: null }, false)
  const state = new pg.Client(production.stateUrl)
  await state.connect()
  await vi.waitFor(async () => {
    const { rows } = await state.query('SELECT problem FROM followed_branch')
    expect(rows[0].problem?.commit).toBe(commit)
  }, 30_000)
  await state.end()
  const client = await connected('ana')
  await expect(client.query('SELECT count(*) FROM payments')).rejects.toMatchObject({ code: '42501' })
  await client.end()
  const { out, status } = await production.command('doctor')
  expect(out).toContain(`commit ${commit.slice(0, 12)} is refused (approvals:`)
  expect(status).toBe(1)
}, 60_000)

test('a restart with GitHub out of reach begins with the last verified release', async () => {
  await github[Symbol.asyncDispose]()
  await production.end(proxy)
  proxy = await production.run('proxy')
  const client = await connected('ana')
  await expect(client.query('SELECT count(*) FROM payments')).rejects.toMatchObject({ code: '42501' })
  expect((await client.query('SELECT count(*) FROM orders')).rowCount).toBe(1)
  await client.end()
}, 60_000)
