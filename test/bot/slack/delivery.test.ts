import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { CARD_EVENT } from '../../../bot/slack/cards/unsaved-card.ts'
import { SlackError } from '../../../bot/slack/errors.ts'
import { createSlack } from '../../../bot/slack/slack.ts'
import type { Hold } from '../../../workflows/holds/hold.ts'
import { sampleHold } from './sample-hold.ts'
import { CHANNEL, ISSUER, openWorkspace, type Workspace } from './workspace.ts'

let workspace: Workspace
beforeEach(async () => {
  workspace = await openWorkspace()
})
afterEach(() => workspace[Symbol.asyncDispose]())

const made = () => workspace.holds.create(sampleHold({ expiryMs: 900_000 }))
const deliver = (hold: Hold) => workspace.slack.delivery.deliver(hold)
const approve = (hold: Hold) =>
  workspace.holds.vote(
    hold.id,
    { issuer: ISSUER, subject: 'ben-1' },
    { choice: 'approve', reason: null, via: 'console' },
  )

describe('a card', () => {
  test('is posted once and then replaced in place, whatever changed', async () => {
    const hold = await made()
    await deliver(hold)
    await approve(hold)
    await deliver(hold)
    await workspace.holds.take(hold.id)
    await workspace.holds.complete(hold.id, { ok: true, tag: 'DELETE 3', durationMs: 12 })
    await deliver(hold)
    expect(workspace.card().edits).toBe(2)
    expect(JSON.stringify(workspace.card().blocks)).toContain('Ran in 12 ms: DELETE 3')
  })

  test('is not doubled by a notice that comes twice', async () => {
    const hold = await made()
    await deliver(hold)
    await deliver(hold)
    expect(workspace.slackApi.messages(CHANNEL)).toHaveLength(1)
  })

  test('is not doubled when the answer to its posting was lost', async () => {
    const hold = await made()
    workspace.slackApi.misbehave({ method: 'chat.postMessage', times: 1, fault: { kind: 'answer_lost' } })
    await expect(deliver(hold)).rejects.toMatchObject({ code: 'slack_unreachable', retryable: true })
    await deliver(hold)
    expect(workspace.slackApi.messages(CHANNEL)).toHaveLength(1)
  })

  test('is not doubled when the process ended before it was written down', async () => {
    const hold = await made()
    await deliver(hold)
    await workspace.pool.query('DELETE FROM slack_message')
    workspace.clock.ms += 5_000
    await workspace.restarted().delivery.deliver(hold)
    expect(workspace.slackApi.messages(CHANNEL)).toHaveLength(1)
  })

  test('is not taken over by another app’s message that carries the same metadata', async () => {
    const hold = await made()
    workspace.clock.ms += 5_000
    const metadata = { event_type: CARD_EVENT, event_payload: { hold: hold.id } }
    workspace.slackApi.postAs('U0OTHER01', CHANNEL, { text: 'Approved', metadata })
    await deliver(hold)
    expect(workspace.slackApi.messages(CHANNEL).map(({ text }) => text)).toEqual([
      'Approved',
      'Needs approval: DELETE on prod/shop for report-bot',
    ])
  })

  test('shows the newest state although it changed while it was being posted', async () => {
    const hold = await made()
    const { promise, resolve } = Promise.withResolvers<void>()
    workspace.slackApi.misbehave({ method: 'chat.postMessage', times: 1, fault: { kind: 'slow', until: promise } })
    const delivery = deliver(hold)
    await approve(hold)
    resolve()
    await delivery
    expect(JSON.stringify(workspace.card().blocks)).toContain('Approved by ben')
  })

  test('that somebody deleted comes back while people are asked, and not afterwards', async () => {
    const hold = await made()
    await deliver(hold)
    workspace.slackApi.deleteMessage(workspace.card().ts)
    await deliver(hold)
    expect(workspace.slackApi.messages(CHANNEL)).toHaveLength(1)
    workspace.slackApi.deleteMessage(workspace.card().ts)
    await approve(hold)
    await deliver(hold)
    expect(workspace.slackApi.messages(CHANNEL)).toHaveLength(0)
  })

  test('is not posted for what was taken back before anybody saw it', async () => {
    const hold = await made()
    await workspace.holds.withdraw(hold.id)
    await deliver(hold)
    expect(workspace.slackApi.messages(CHANNEL)).toHaveLength(0)
  })

  test('carries no markup in its notification line', async () => {
    await workspace.posted({ identity: { ...sampleHold().identity, name: '<!channel> & co' } })
    expect(workspace.card().text).toBe('Needs approval: DELETE on prod/shop for &lt;!channel&gt; &amp; co')
  })
})

describe('when Slack does not take it', () => {
  test('a rate limit is kept, and nothing is sent before it is over', async () => {
    const hold = await made()
    workspace.slackApi.misbehave({ times: 1, fault: { kind: 'rate_limited', retryAfterSeconds: 30 } })
    await expect(deliver(hold)).rejects.toMatchObject({
      code: 'slack_rate_limited',
      retryAfterMs: 30_000,
      retryable: true,
    })
    const calls = workspace.slackApi.calls.length
    workspace.clock.ms += 29_000
    await expect(deliver(hold)).rejects.toMatchObject({ code: 'slack_rate_limited', retryAfterMs: 1_000 })
    expect(workspace.slackApi.calls).toHaveLength(calls)
    workspace.clock.ms += 1_000
    await deliver(hold)
    expect(workspace.slackApi.messages(CHANNEL)).toHaveLength(1)
  })

  test.each([
    ['is down', { kind: 'down' }],
    ['answers 503', { kind: 'server_error', status: 503 }],
  ] as const)('it %s: worth another try', async (_, fault) => {
    workspace.slackApi.misbehave({ times: 1, fault })
    await expect(deliver(await made())).rejects.toMatchObject({ code: 'slack_unreachable', retryable: true })
  })

  test.each([
    ['token_revoked', () => workspace.slackApi.revokeToken()],
    ['missing_scope', () => workspace.slackApi.scopes.delete('chat:write')],
  ] as const)('%s: not worth another try before somebody did something', async (reason, spoil) => {
    const hold = await made()
    spoil()
    const failure = expect.objectContaining({
      code: 'slack_refused',
      reason,
      retryable: false,
      hint: expect.any(String),
    })
    await expect(deliver(hold)).rejects.toEqual(failure)
  })
})

describe('configuration', () => {
  const create = (slack: object) =>
    createSlack({
      ...workspace,
      consoleUrl: () => '',
      log: undefined as never,
      now: Date.now,
      config: { slack } as never,
    })

  test('none of it: no Slack', () => {
    expect(create({ apiUrl: 'https://slack.com/api/' })).toBeNull()
  })

  test('half of it: refused', () => {
    expect(() => create({ botToken: 'xoxb-1', apiUrl: 'https://slack.com/api/' })).toThrow(SlackError)
  })

  test('a token that does not work, or is another workspace’s, is said at the check', async () => {
    await expect(workspace.slack.check()).resolves.toBeUndefined()
    Object.assign(workspace.settings, { teamId: 'T0ELSE001' })
    await expect(workspace.restarted().check()).rejects.toMatchObject({ code: 'slack_not_configured' })
    workspace.slackApi.revokeToken()
    await expect(workspace.restarted().check()).rejects.toMatchObject({
      code: 'slack_refused',
      reason: 'token_revoked',
    })
  })
})
