import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { holdAction } from '../../../bot/slack/cards/hold-actions.ts'
import { createSignatureCheck } from '../../../bot/slack/requests/request-signature.ts'
import { createSeenRequests } from '../../../bot/slack/requests/seen-requests.ts'
import { openWorkspace, USERS, type Workspace } from './workspace.ts'

let workspace: Workspace
let body: string
beforeAll(async () => {
  workspace = await openWorkspace()
})
afterAll(() => workspace[Symbol.asyncDispose]())
beforeEach(async () => {
  const { message } = await workspace.posted({ digest: String(Math.random()) })
  const payload = workspace.slackApi.clickPayload(USERS.ben, message, holdAction.approve)
  body = new URLSearchParams({ payload: JSON.stringify(payload) }).toString()
})

const votes = async () => {
  await workspace.slack.settled()
  return (await workspace.pool.query('SELECT count(*)::int AS n FROM vote')).rows[0].n as number
}
const seconds = () => Math.floor(workspace.clock.ms / 1_000)

describe('F2: a request that Slack did not send now and once', () => {
  test.each([
    ['is signed with another secret', () => ({ signature: `v0=${'0'.repeat(64)}` })],
    ['has a signature of another form', () => ({ signature: 'v1=abc' })],
    ['has a signature that is too short', () => ({ signature: workspace.slackApi.sign(body, seconds()).slice(0, -2) })],
    ['is older than five minutes', () => ({ timestamp: seconds() - 301 })],
    ['is newer than five minutes', () => ({ timestamp: seconds() + 302 })],
    ['is signed for another time', () => ({ signature: workspace.slackApi.sign(body, seconds() - 1) })],
    ['is signed for another body', () => ({ signature: workspace.slackApi.sign(`${body}&x=1`, seconds()) })],
  ])('%s: refused', async (_, options) => {
    const before = await votes()
    expect((await workspace.slackApi.send(body, options())).status).toBe(401)
    expect(await votes()).toBe(before)
  })

  test('is not signed at all: refused', async () => {
    const answer = await fetch(workspace.slackApi.endpoint, {
      method: 'POST',
      body: new URLSearchParams({ payload: '{}' }),
    })
    expect(answer.status).toBe(401)
  })

  test('is sent twice: counted once, the second refused', async () => {
    const before = await votes()
    expect((await workspace.slackApi.send(body)).status).toBe(200)
    expect((await workspace.slackApi.send(body)).status).toBe(401)
    expect(await votes()).toBe(before + 1)
  })
})

test('answers at once, while the work goes on', async () => {
  const { promise, resolve } = Promise.withResolvers<void>()
  workspace.slackApi.misbehave({ method: 'users.info', times: 1, fault: { kind: 'slow', until: promise } })
  expect((await workspace.slackApi.send(body)).status).toBe(200)
  resolve()
  await workspace.slack.settled()
})

test('answers Slack’s question whether the endpoint is ours', async () => {
  const answer = await workspace.slackApi.send('{"type":"url_verification","challenge":"abc"}', { json: true })
  expect(await answer.json()).toEqual({ challenge: 'abc' })
})

test.each([
  ['no JSON', 'payload=%7B', 400],
  ['an array', 'payload=%5B%5D', 400],
  [
    'an action nobody handles',
    `payload=${encodeURIComponent('{"type":"block_actions","actions":[{"action_id":"x"}],"user":{"id":"U"},"team":{"id":"T"}}')}`,
    404,
  ],
])('refuses %s', async (_, form, status) => {
  expect((await workspace.slackApi.send(form)).status).toBe(status)
})

describe('a replay', () => {
  const signed = (timestamp: number) => ({
    signature: workspace.slackApi.sign.call({ signingSecret: 'secret' }, 'x', timestamp),
    timestamp: String(timestamp),
    body: Buffer.from('x'),
  })
  const check = (options: { readonly now: () => number; readonly max?: number }) =>
    createSignatureCheck({
      signingSecret: 'secret',
      now: options.now,
      seen: createSeenRequests({ pool: workspace.pool, ...options }),
    })

  test('is known for as long as its timestamp is acceptable, and not kept for longer', async () => {
    let ms = 1_000_000_000
    const request = signed(ms / 1_000 + 300)
    const believed = check({ now: () => ms })
    expect(await believed(request)).toBeNull()
    ms += 599_000
    expect(await believed(request)).toBe('replayed')
    ms += 3_000
    expect(await believed(request)).toBe('too_old')
    expect(await believed(signed(ms / 1_000))).toBeNull()
    const { rows } = await workspace.pool.query('SELECT count(*)::int AS n FROM slack_request WHERE expires_at < $1', [
      new Date(ms + 600_000),
    ])
    expect(rows[0].n).toBe(0)
  })

  test('is known to every replica, of two at the same instant to one of them', async () => {
    const now = () => 2_000_000_000
    const request = signed(2_000_000)
    const answers = await Promise.all([check({ now })(request), check({ now })(request), check({ now })(request)])
    expect(answers.toSorted()).toEqual([null, 'replayed', 'replayed'])
    expect(await check({ now })(request)).toBe('replayed')
  })

  test('could not be told beyond what is remembered: refused', async () => {
    const now = () => 3_000_000_000
    const full = check({ now, max: 1 })
    const { rows } = await workspace.pool.query('SELECT count(*)::int AS n FROM slack_request')
    const answers = [await full(signed(3_000_000)), await full(signed(3_000_001))]
    expect(answers.at(-1)).toBe('too_many')
    expect(rows[0].n).toBeLessThan(1_000)
  })

  test('cannot be told while the state database does not take it: nothing is counted', async () => {
    const before = await votes()
    await workspace.pool.query('ALTER TABLE slack_request RENAME TO elsewhere')
    expect((await workspace.slackApi.send(body)).status).toBe(503)
    await workspace.pool.query('ALTER TABLE elsewhere RENAME TO slack_request')
    expect(await votes()).toBe(before)
    expect((await workspace.slackApi.send(body)).status).toBe(200)
  })
})
