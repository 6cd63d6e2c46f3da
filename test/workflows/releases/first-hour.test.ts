import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import pg from 'pg'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { noticeBlocks } from '../../../bot/slack/release-announcer.ts'
import { loadPolicy } from '../../../policies/evaluate.ts'
import { unpackPolicy } from '../../../policies/packed.ts'
import { answerPulls } from '../../../workflows/releases/pulls/answer-pulls.ts'
import { packageOf } from '../../../workflows/releases/store.ts'
import { inputDigest } from '../../../workflows/trail/traced-input.ts'
import { type Production, startProduction } from '../../harness/production.ts'
import { asked, bot, relation } from '../../policies/asked.ts'
import { opa, POLICIES } from '../../policies/default-policy.ts'
import { openReleaseStand, REPOSITORY_FILES, type ReleaseStand } from './release-stand.ts'

/**
 * A policy author's first hour, word by word as policies/README.md has it, every step by the command line: a rule is
 * begun, written, checked, tested, explained, replayed and built, asked for in a pull request, answered with what it would
 * change, approved, merged, and then it decides: the very module that the author built, and an agent that connects
 * through a proxy meets it.
 */
let stand: ReleaseStand
let production: Production
let opaPath: string
const folder = mkdtempSync(join(tmpdir(), 'holdpoint-first-hour-'))
const RULE = 'rules/agents/deletes_orders.rego'
const TEST = 'rules/agents/deletes_orders_test.rego'
const written = [...readFileSync(join(POLICIES, 'README.md'), 'utf8').matchAll(/```rego\n([\s\S]*?)```/g)].map(
  ([, block = '']) => block,
)
const enforced = (rule: string) => rule.replace(/# {3}mode: shadow\n/, '').replace(/mode := .*\n\n/, '')
const SAID = "Rule agents.deletes_orders added (enforce): An agent's deletion of orders is held."

beforeAll(async () => {
  opaPath = await opa()
  stand = await openReleaseStand()
  stand.change({ 'policies/data/holds.yaml': `# Looked at.\n${REPOSITORY_FILES['policies/data/holds.yaml']}` })
  await stand.follow({}, { also: [answerPulls] }).round()
  checkout()
  const github = { repository: 'acme/policies', token: 'follower', apiUrl: stand.github.url }
  production = await startProduction({ releases: { github }, state: { url: stand.url } })
  await production.run('proxy')
  const text = JSON.stringify(deleting)
  const day = new Date()
  await stand.pool.query('INSERT INTO policy_input VALUES ($1, $2, $3)', [inputDigest(deleting), text, day])
  for (const on of [day, new Date(stand.clock.ms)])
    await stand.pool.query("INSERT INTO policy_input_day VALUES ($1, $2, 'p', 'hold', 7) ON CONFLICT DO NOTHING", [
      inputDigest(deleting),
      on,
    ])
}, 240_000)
afterAll(async () => {
  await production?.[Symbol.asyncDispose]()
  await stand[Symbol.asyncDispose]()
  rmSync(folder, { recursive: true, force: true })
})

/** What the author has of the repository: its branch as it is now. */
function checkout(): void {
  const { repository } = stand.people
  for (const [path, { sha }] of repository.treeOf(repository.headOf('main'))) {
    if (!path.startsWith('policies/')) continue
    const file = join(folder, path.slice('policies/'.length))
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, repository.blobs.get(sha) as Buffer)
  }
}

const deleting = asked(
  { kind: 'delete', tag: 'DELETE', effects: ['write'], relations: [relation('orders', ['delete'])], fingerprint: 'f7' },
  bot,
)

function policy(...args: readonly string[]): string {
  const all = ['holdpoint.ts', 'policy', ...args, '--path', folder, '--data', join(folder, '.holdpoint')]
  const env = {
    ...{ ...process.env, HOLDPOINT_OPA: opaPath, HOLDPOINT_STATE_URL: stand.url },
    HOLDPOINT_RELEASES_GITHUB_REPOSITORY: 'acme/policies',
    HOLDPOINT_MODE: 'production',
  }
  return execFileSync(process.execPath, all, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'], env })
}

async function firing(): Promise<readonly string[]> {
  const release = await stand.inForce()
  const bytes = await packageOf(stand.pool, release?.commit as string)
  const loaded = await loadPolicy(unpackPolicy(bytes as Buffer, release?.digest as string))
  return loaded.decide(deleting).rules.map(({ id }) => id)
}

/** What an agent is told that deletes through the proxy, in a connection of its own. */
async function deletingThroughTheProxy(): Promise<{ readonly code: string; readonly text: string }> {
  const client = new pg.Client(production.postgres('report-bot'))
  await client.connect()
  try {
    await client.query('DELETE FROM orders WHERE id = -1')
    return { code: '00000', text: '' }
  } catch (error) {
    const { code, message, detail } = error as pg.DatabaseError
    return { code: code ?? '', text: `${message} ${detail}` }
  } finally {
    await client.end()
  }
}

let built: string

test('the rule is begun, written, checked, tested and explained by the command line', { timeout: 240_000 }, () => {
  expect(policy('new', 'agents/deletes_orders')).toContain(RULE)
  expect(policy('test')).toMatch(/PASS: (\d+)\/\1/)
  writeFileSync(join(folder, RULE), written[0] as string)
  writeFileSync(join(folder, TEST), written[1] as string)
  expect(policy('check')).toContain('policy files are valid')
  expect(policy('test')).toMatch(/PASS: (\d+)\/\1/)
  expect(policy('explain', 'agents.deletes_orders')).toMatch(/mode +shadow/)
})

test('it is replayed in the shadow and out of it against the release in force, and built', { timeout: 240_000 }, () => {
  expect(policy('replay', '--no-tests')).toMatch(
    /^0 of \d+ decisions would differ[\s\S]*newly fire: agents\.deletes_orders/,
  )
  writeFileSync(join(folder, RULE), enforced(written[0] as string))
  expect(policy('test')).toMatch(/PASS: (\d+)\/\1/)
  expect(policy('replay', '--no-tests')).toMatch(/^(\d+) of \1 decisions would differ/)
  built = policy('build').split(' ')[0] as string
  expect(built).toMatch(/^[0-9a-f]{64}$/)
})

const REASON = 'An agent asks to delete orders.'

test('its pull request is answered, reviewed and merged, and then what was built decides', {
  timeout: 240_000,
}, async () => {
  expect(await firing()).not.toContain('agents.deletes_orders')
  expect((await deletingThroughTheProxy()).text).not.toContain(REASON)
  const { people } = stand
  people.branch('deletes-orders', 'main', 'ana')
  people.push('deletes-orders', 'ana', {
    files: { [`policies/${RULE}`]: enforced(written[0] as string), [`policies/${TEST}`]: written[1] as string },
  })
  const pull = people.open('ana', { head: 'deletes-orders', title: 'Hold what agents delete of orders' })
  await stand.follower.round()
  const [comment] = people.repository.comments
  expect(comment?.body).toContain(`\`${SAID}\``)
  expect(comment?.body).toMatch(/\*\*(\d+) of \1 recorded decisions would differ\.\*\*/)
  expect(comment?.body).toContain(built)
  expect(people.repository.statuses.map(({ state }) => state)).toEqual(['pending', 'success'])

  people.approve(pull, 'ben')
  people.merge(pull, 'ana')
  await stand.follower.round()
  expect(await stand.problems()).toEqual([])
  expect((await stand.inForce())?.digest).toBe(built)
  expect(await firing()).toContain('agents.deletes_orders')
  const notice = stand.told.at(-1)
  expect(notice?.lines).toContain(SAID)
  expect(JSON.stringify(noticeBlocks(notice as NonNullable<typeof notice>))).toContain('reviewed by ben')
  expect(stand.github.problems).toEqual([])
})

test('an agent that connects through a proxy is held by it', { timeout: 90_000 }, async () => {
  await vi.waitFor(async () => {
    const { code, text } = await deletingThroughTheProxy()
    expect(text).toContain(REASON)
    expect(code).toBe('YH001')
  }, 60_000)
})
