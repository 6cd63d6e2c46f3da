import { afterEach, beforeEach, expect, test } from 'vitest'
import { openLog } from '../../../log.ts'
import type { Hold } from '../../../workflows/holds/hold.ts'
import { createDeliver } from '../../../workflows/outbox/deliver.ts'
import { registerDeliveries } from '../../../workflows/outbox/register.ts'
import { sampleHold } from './sample-hold.ts'
import { CHANNEL, openWorkspace, type Workspace } from './workspace.ts'

/** Many cards change at once, and Slack takes few at a time, or none for an hour: by the outbox, on a clock of our own. */
const MANY = 40
const EXPIRY_MS = 900_000
let workspace: Workspace
beforeEach(async () => {
  workspace = await openWorkspace({ calls: { pace: { turn: async () => undefined } } })
  await registerDeliveries(workspace.pool, [workspace.slack.delivery], new Date(workspace.clock.ms))
})
afterEach(() => workspace[Symbol.asyncDispose]())

let asked = 0
const hold = (): Promise<Hold> =>
  workspace.holds.create(sampleHold({ expiryMs: EXPIRY_MS, digest: `crowd-${++asked}` }))

/** As the workers do it; time goes on to the next try. @returns whether nothing is left after so many */
async function drain(tries = 10 * MANY): Promise<boolean> {
  const { pool, clock, slack } = workspace
  const now = (): number => clock.ms
  const log = openLog({ level: 'silent', process: 'test' })
  const deliver = createDeliver({ pool, now, log, deliveries: [slack.delivery], again: async () => undefined })
  for (let turn = 0; turn < tries; turn++) {
    const unsent = 'SELECT id FROM outbox WHERE sent_at IS NULL AND given_up_at IS NULL LIMIT 1'
    const [row] = (await pool.query<{ id: string }>(unsent)).rows
    if (row === undefined) return true
    await deliver(row.id)
    clock.ms += 31_000
  }
  return false
}

const cardOf = ({ id }: Hold) =>
  workspace.slackApi.messages(CHANNEL).filter(({ metadata }) => metadata?.event_payload.hold === id)
const callsOf = (method: string) =>
  workspace.slackApi.calls.flatMap((call, at) => (call.method === method && call.error === null ? [at] : []))
const limited = { kind: 'rate_limited', retryAfterSeconds: 30 } as const

test('of many that run out at once each card says so in the end, and a new hold does not wait for them', async () => {
  const many = await Promise.all(Array.from({ length: MANY }, hold))
  expect(await drain()).toBe(true)
  workspace.clock.ms = Math.max(...many.map(({ expiresAt }) => Date.parse(expiresAt)))
  await workspace.holds.due(many[0]?.id ?? '')
  const before = callsOf('chat.update').length
  workspace.slackApi.misbehave({ method: 'chat.update', times: 3, fault: limited })
  expect(await drain(3)).toBe(false)
  expect(callsOf('chat.update').length).toBe(before)
  const late = await hold()
  expect(await drain()).toBe(true)
  const posted = callsOf('chat.postMessage').at(-1) ?? 0
  expect(callsOf('chat.update').filter((at) => at > posted).length).toBe(MANY)
  expect(cardOf(late)).toHaveLength(1)
  for (const one of many) {
    expect(cardOf(one)).toHaveLength(1)
    expect(JSON.stringify(cardOf(one))).toContain('Expired')
  }
}, 120_000)

test('after an hour without Slack who has to answer is asked first, and what ended meanwhile is said once', async () => {
  const back = await workspace.slackApi.refuseConnections()
  const ended = await Promise.all(Array.from({ length: MANY }, hold))
  workspace.clock.ms = Math.max(...ended.map(({ expiresAt }) => Date.parse(expiresAt)))
  await workspace.holds.due(ended[0]?.id ?? '')
  workspace.clock.ms += 3_600_000 - EXPIRY_MS
  const waiting = [await hold(), await hold()]
  await back()
  expect(await drain()).toBe(true)
  const messages = workspace.slackApi.messages(CHANNEL).map(({ metadata }) => metadata?.event_payload.hold)
  expect(messages.slice(0, 2)).toEqual(waiting.map(({ id }) => id))
  expect([...messages].sort()).toEqual([...ended, ...waiting].map(({ id }) => id).sort())
  for (const one of ended) expect(JSON.stringify(cardOf(one))).toContain('Expired')
}, 120_000)
