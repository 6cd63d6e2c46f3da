import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { holdAction } from '../../../bot/slack/cards/hold-actions.ts'
import { startWorker } from '../../../workflows/worker.ts'
import type { Workflows } from '../../../workflows/workflows.ts'
import type { SlackStandIn } from '../../stand-ins/slack.ts'
import { openRunningBot, type RunningBot } from './running-bot.ts'
import { sampleHold } from './sample-hold.ts'
import { CHANNEL, ISSUER, USERS } from './workspace.ts'

/** Worker, queue, outbox, console server and Slack together, as `start` puts them together. */
const USER = USERS.ben
let running: RunningBot
let slack: SlackStandIn
let workflows: Workflows
let worker: { close(): Promise<void> }

beforeAll(async () => {
  running = await openRunningBot()
  slack = running.slack
  workflows = running.workflows
  worker = await startWorker({ ...running.common, workflows, deliveries: running.bot.deliveries })
  slack.addUser({ id: USER, name: 'ben' })
  const ben = { issuer: ISSUER, subject: 'ben-1' }
  await workflows.directory.upsert({ ...ben, name: 'ben', email: null, kind: 'human', groups: ['dba'] })
  await workflows.directory.linkSlack({ ...ben, teamId: slack.teamId, userId: USER })
}, 60_000)

afterAll(async () => {
  await worker?.close()
  await running?.[Symbol.asyncDispose]()
})

const shown = (): string => JSON.stringify(slack.messages(CHANNEL).map(({ blocks }) => blocks))

test('a hold reaches Slack, a click settles it, the one who waits is woken, and the card follows', async () => {
  const hold = await workflows.holds.create(sampleHold({ expiryMs: 60_000 }))
  const settled = workflows.holds.settled(hold.id, AbortSignal.timeout(20_000))
  const card = await vi.waitUntil(() => slack.messages(CHANNEL)[0], { timeout: 20_000 })
  expect((await slack.click(USER, card, holdAction.approve)).status).toBe(200)
  expect(await settled).toMatchObject({ status: 'approved', votes: [{ via: 'slack' }] })
  await vi.waitUntil(() => shown().includes('Approved by ben. Waiting to run.'), { timeout: 20_000 })
  await workflows.holds.take(hold.id)
  await workflows.holds.complete(hold.id, { ok: true, tag: 'DELETE 3', durationMs: 12 })
  await vi.waitUntil(() => shown().includes('Ran in 12 ms: DELETE 3'), { timeout: 20_000 })
  expect(slack.messages(CHANNEL)).toHaveLength(1)
})

test('Slack being away for a while costs no card and makes no second one', async () => {
  slack.misbehave({ method: 'chat.postMessage', times: 1, fault: { kind: 'answer_lost' } })
  const hold = await workflows.holds.create(sampleHold({ expiryMs: 60_000, digest: 'ef'.repeat(32) }))
  await vi.waitUntil(() => slack.calls.some(({ method }) => method === 'conversations.history'), { timeout: 20_000 })
  await workflows.holds.withdraw(hold.id)
  await vi.waitUntil(() => shown().includes('Withdrawn by the one who asked.'), { timeout: 20_000 })
  const ours = slack.messages(CHANNEL).filter(({ metadata }) => metadata?.event_payload.hold === hold.id)
  expect(ours).toHaveLength(1)
})
