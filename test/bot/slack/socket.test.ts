import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { holdAction } from '../../../bot/slack/cards/hold-actions.ts'
import { CHANNEL, openWorkspace, USERS, type Workspace } from './workspace.ts'

let workspace: Workspace
beforeEach(async () => {
  workspace = await openWorkspace({ over: 'socket' })
})
afterEach(() => workspace[Symbol.asyncDispose]())

const sockets = () => workspace.slackApi.sockets
const status = async (id: string) => (await workspace.holds.find(id))?.status

describe('over a socket', () => {
  test('a click counts, and there is no other way in', async () => {
    const { hold, message } = await workspace.posted()
    await workspace.slackApi.click(USERS.ben, message, holdAction.approve)
    expect(await workspace.told(USERS.ben)).toBe('Your approval is counted. Approved by ben. Waiting to run.')
    expect(await status(hold.id)).toBe('approved')
    expect((await workspace.slackApi.send('payload=%7B%7D')).status).toBe(404)
  })

  test('a rejection takes its reason through a view, and a command is answered', async () => {
    const { hold, message } = await workspace.posted()
    await workspace.slackApi.click(USERS.ben, message, holdAction.reject)
    await workspace.slack.settled()
    await workspace.slackApi.submitView(USERS.ben, { holdpoint_reject_reason: 'wrong table' })
    await workspace.slack.settled()
    expect(await status(hold.id)).toBe('rejected')
    await workspace.slackApi.command(USERS.ben, CHANNEL, '/holdpoint', 'help')
    expect(await workspace.told(USERS.ben)).not.toBe('')
    expect(sockets().acknowledged).toHaveLength(3)
    expect(sockets().faults).toEqual([])
  })

  test('an envelope that comes twice is acknowledged twice and counted once', async () => {
    const { message } = await workspace.posted()
    const payload = workspace.slackApi.clickPayload(USERS.dan, message, holdAction.approve)
    const envelope = { type: 'interactive', payload, acceptsResponse: false } as const
    await sockets().send(envelope, 'envelope-1')
    await workspace.slack.settled()
    await sockets().send(envelope, 'envelope-1')
    await workspace.slack.settled()
    expect(sockets().acknowledged.map((one) => one.envelope)).toEqual(['envelope-1', 'envelope-1'])
    expect(await workspace.recorded('hold.vote_refused')).toHaveLength(1)
  })
})

describe('the connection', () => {
  test.each([
    ['Slack asks to come again', () => sockets().refresh('refresh_requested')],
    ['Slack warns that it will end', () => sockets().refresh('warning')],
    ['the network goes away', () => sockets().cut()],
  ])('is made again when %s', async (_, end) => {
    const { hold, message } = await workspace.posted()
    end()
    await vi.waitUntil(() => sockets().hellos === 2, { timeout: 10_000 })
    await workspace.slackApi.click(USERS.ben, message, holdAction.approve)
    await workspace.slack.settled()
    expect(await status(hold.id)).toBe('approved')
    expect(sockets().open).toBe(1)
  })

  test.each([
    ['is down', { kind: 'down' }],
    ['answers 503', { kind: 'server_error', status: 503 }],
    ['asks to wait', { kind: 'rate_limited', retryAfterSeconds: 1 }],
  ] as const)('is made again although Slack %s when it is asked for an address', async (_, fault) => {
    workspace.slackApi.misbehave({ method: 'apps.connections.open', times: 2, fault })
    sockets().cut()
    await vi.waitUntil(() => sockets().hellos === 2, { timeout: 15_000 })
    expect(sockets().open).toBe(1)
  })

  test('is not made with a token that Slack does not take, and that is said', async () => {
    workspace.slackApi.revokeToken()
    sockets().cut()
    const refused = () => workspace.slackApi.calls.filter(({ error }) => error === 'token_revoked').length
    await vi.waitUntil(() => refused() >= 2, { timeout: 10_000 })
    expect(sockets().open).toBe(0)
    workspace.slackApi.restoreToken()
    await vi.waitUntil(() => sockets().open === 1, { timeout: 20_000 })
  })

  test('ends when we do', async () => {
    await workspace.slack.close()
    await vi.waitUntil(() => sockets().open === 0, { timeout: 5_000 })
  })
})
