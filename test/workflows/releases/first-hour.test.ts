import { execFileSync } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { loadPolicy } from '../../../policies/evaluate.ts'
import { unpackPolicy } from '../../../policies/packed.ts'
import { answerPulls } from '../../../workflows/releases/pulls/answer-pulls.ts'
import { packageOf } from '../../../workflows/releases/store.ts'
import { inputDigest } from '../../../workflows/trail/traced-input.ts'
import { asked, bot, relation } from '../../policies/asked.ts'
import { POLICIES } from '../../policies/default-policy.ts'
import { openReleaseStand, REPOSITORY_FILES, type ReleaseStand } from './release-stand.ts'

/**
 * A policy author's first hour, word by word as policies/README.md has it: a rule is begun, written, tested, asked for
 * in a pull request, answered with what it would change, approved, merged, and then it decides.
 */
let stand: ReleaseStand
const folder = mkdtempSync(join(tmpdir(), 'holdpoint-first-hour-'))
const RULE = 'rules/agents/deletes_orders.rego'
const TEST = 'rules/agents/deletes_orders_test.rego'
const written = [...readFileSync(join(POLICIES, 'README.md'), 'utf8').matchAll(/```rego\n([\s\S]*?)```/g)].map(
  ([, block = '']) => block.replace('mode: shadow', 'mode: enforce'),
)

beforeAll(async () => {
  for (const part of ['rules', 'data', 'manifest.yaml'])
    cpSync(join(POLICIES, part), join(folder, part), { recursive: true })
  stand = await openReleaseStand()
  stand.change({ 'policies/data/holds.yaml': `# Looked at.\n${REPOSITORY_FILES['policies/data/holds.yaml']}` })
  await stand.follow({}, { also: [answerPulls] }).round()
  const text = JSON.stringify(deleting)
  const day = new Date(stand.clock.ms)
  await stand.pool.query('INSERT INTO policy_input VALUES ($1, $2, $3)', [inputDigest(deleting), text, day])
  await stand.pool.query("INSERT INTO policy_input_day VALUES ($1, $2, 'p', 'hold', 7)", [inputDigest(deleting), day])
}, 240_000)
afterAll(async () => {
  await stand[Symbol.asyncDispose]()
  rmSync(folder, { recursive: true, force: true })
})

const deleting = asked(
  { kind: 'delete', tag: 'DELETE', effects: ['write'], relations: [relation('orders', ['delete'])], fingerprint: 'f7' },
  bot,
)

function policy(...args: readonly string[]): string {
  const all = ['holdpoint.ts', 'policy', ...args, '--path', folder, '--data', join(folder, '.holdpoint')]
  return execFileSync(process.execPath, all, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
}

async function firing(): Promise<readonly string[]> {
  const release = await stand.inForce()
  const bytes = await packageOf(stand.pool, release?.commit as string)
  const loaded = await loadPolicy(unpackPolicy(bytes as Buffer, release?.digest as string))
  return loaded.decide(deleting).rules.map(({ id }) => id)
}

test('a rule is written as the README says, tested, reviewed, and then it decides', { timeout: 240_000 }, async () => {
  policy('new', 'agents/deletes_orders')
  writeFileSync(join(folder, RULE), written[0] as string)
  writeFileSync(join(folder, TEST), written[1] as string)
  expect(policy('test')).toMatch(/PASS: (\d+)\/\1/)
  expect(await firing()).not.toContain('agents.deletes_orders')

  const { people } = stand
  people.branch('deletes-orders', 'main', 'ana')
  people.push('deletes-orders', 'ana', {
    files: { [`policies/${RULE}`]: written[0] as string, [`policies/${TEST}`]: written[1] as string },
  })
  const pull = people.open('ana', { head: 'deletes-orders', title: 'Hold what agents delete of orders' })
  await stand.follower.round()
  const [comment] = people.repository.comments
  expect(comment?.body).toContain(
    "`Rule agents.deletes_orders added (enforce): An agent's deletion of orders is held.`",
  )
  expect(comment?.body).toMatch(/\*\*\d of 7 recorded decisions would differ\.\*\*/)
  expect(people.repository.statuses.map(({ state }) => state)).toEqual(['pending', 'success'])

  people.approve(pull, 'ben')
  people.merge(pull, 'ana')
  await stand.follower.round()
  expect(await stand.problems()).toEqual([])
  expect(await firing()).toContain('agents.deletes_orders')
  expect(stand.told.at(-1)?.lines).toContain(
    "Rule agents.deletes_orders added (enforce): An agent's deletion of orders is held.",
  )
  expect(stand.github.problems).toEqual([])
})
