import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { holdAction } from '../../../bot/slack/cards/approval-card.ts'
import { createSignatureCheck } from '../../../bot/slack/requests/request-signature.ts'
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
  await workspace.slack.close()
  return (await workspace.pool.query('SELECT count(*)::int AS n FROM vote')).rows[0].n as number
}
const seconds = () => Math.floor(workspace.clock.ms / 1_000)

describe('a request that Slack did not send now and once', () => {
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
  await workspace.slack.close()
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

test('a replay is known for as long as its timestamp is acceptable', () => {
  let ms = 1_000_000_000
  const check = createSignatureCheck('secret', () => ms)
  const timestamp = ms / 1_000 + 300
  const signature = workspace.slackApi.sign.call({ signingSecret: 'secret' }, 'x', timestamp)
  const request = { signature, timestamp: String(timestamp), body: Buffer.from('x') }
  expect(check(request)).toBeNull()
  ms += 599_000
  expect(check(request)).toBe('replayed')
  ms += 2_000
  expect(check(request)).toBe('too_old')
})
