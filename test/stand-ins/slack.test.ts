import { webApi } from '@slack/bolt'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { quietLogger } from '../../bot/slack/web-api.ts'
import { openLog } from '../../log.ts'
import { SlackStandIn } from './slack.ts'

/** The stand-in is trusted by other tests to refuse; here it shows that it does. */
const CHANNEL = 'C0APPROVE1'
const clock = { ms: 1_770_000_000_000 }
let slack: SlackStandIn
let client: webApi.WebClient

beforeAll(async () => {
  slack = await SlackStandIn.start(() => clock.ms)
  slack.addChannel(CHANNEL, 'approvals')
  slack.addUser({ id: 'U1', name: 'ben' })
  client = new webApi.WebClient(slack.token, {
    slackApiUrl: slack.apiUrl,
    retryConfig: { retries: 0 },
    logger: quietLogger(openLog({ level: 'silent', process: 'test' })),
    rejectRateLimitedCalls: true,
  })
})
afterAll(() => slack.close())

const refusal = (error: string) => expect.objectContaining({ data: expect.objectContaining({ ok: false, error }) })
const post = (blocks: unknown) => client.chat.postMessage({ channel: CHANNEL, text: 'x', blocks: blocks as never })

describe('blocks that Slack refuses', () => {
  const plain = (text: string) => ({ type: 'plain_text', text })
  const button = { type: 'button', action_id: 'a', text: plain('ok') }
  test.each([
    ['51 blocks', Array(51).fill({ type: 'divider' })],
    ['no blocks', []],
    ['an unknown block', [{ type: 'sparkles' }]],
    ['an unknown field', [{ type: 'divider', colour: 'red' }]],
    ['a section without text', [{ type: 'section' }]],
    ['a section of 3,001 characters', [{ type: 'section', text: plain('x'.repeat(3_001)) }]],
    ['an empty text', [{ type: 'section', text: plain('') }]],
    ['a header of 151 characters', [{ type: 'header', text: plain('x'.repeat(151)) }]],
    ['a header of mrkdwn', [{ type: 'header', text: { type: 'mrkdwn', text: 'x' } }]],
    [
      '26 buttons',
      [{ type: 'actions', elements: Array.from({ length: 26 }, (_, n) => ({ ...button, action_id: `a${n}` })) }],
    ],
    ['two buttons with one action id', [{ type: 'actions', elements: [button, button] }]],
    ['a button without an action id', [{ type: 'actions', elements: [{ type: 'button', text: plain('ok') }] }]],
    ['an action id of 256 characters', [{ type: 'actions', elements: [{ ...button, action_id: 'x'.repeat(256) }] }]],
    ['a value of 2,001 characters', [{ type: 'actions', elements: [{ ...button, value: 'x'.repeat(2_001) }] }]],
    ['a label of 76 characters', [{ type: 'actions', elements: [{ ...button, text: plain('x'.repeat(76)) }] }]],
    ['a button that links nowhere', [{ type: 'actions', elements: [{ ...button, url: 'nowhere' }] }]],
    [
      'a date in a preformatted text',
      [rich('rich_text_preformatted', [{ type: 'date', timestamp: 1, format: '{date}' }])],
    ],
    ['a date without a format', [rich('rich_text_section', [{ type: 'date', timestamp: 1, format: 'soon' }])]],
    [
      'an input in a message',
      [{ type: 'input', label: plain('x'), element: { type: 'plain_text_input', action_id: 'a' } }],
    ],
  ])('%s', async (_, blocks) => {
    await expect(post(blocks)).rejects.toEqual(refusal('invalid_blocks'))
  })

  test('more text in all blocks together than a message takes', async () => {
    const blocks = Array.from({ length: 5 }, () => ({ type: 'section', text: plain('x'.repeat(2_900)) }))
    await expect(post(blocks)).rejects.toEqual(refusal('msg_blocks_too_long'))
  })
})

function rich(type: string, elements: readonly object[]): object {
  return { type: 'rich_text', elements: [{ type, elements }] }
}

describe('calls that Slack refuses', () => {
  test.each([
    ['a method it does not have', () => client.apiCall('chat.sing'), 'unknown_method'],
    ['a wrong token', () => client.auth.test({ token: 'xoxb-other' }), 'invalid_auth'],
    [
      'a channel it does not know',
      () => client.chat.postMessage({ channel: 'C0NOWHERE', text: 'x' }),
      'channel_not_found',
    ],
    [
      'a text of 40,001 characters',
      () => client.chat.postMessage({ channel: CHANNEL, text: 'x'.repeat(40_001) }),
      'msg_too_long',
    ],
    ['a message that says nothing', () => client.apiCall('chat.postMessage', { channel: CHANNEL }), 'no_text'],
    [
      'an update of nothing',
      () => client.chat.update({ channel: CHANNEL, ts: '1.000001', text: 'x' }),
      'message_not_found',
    ],
    [
      'an update by a channel’s name',
      () => client.chat.update({ channel: '#approvals', ts: '1.0', text: 'x' }),
      'channel_not_found',
    ],
    ['a user it does not know', () => client.users.info({ user: 'U0NOBODY' }), 'user_not_found'],
    [
      'a view with an invented trigger',
      () => client.views.open({ trigger_id: '1.2.x', view: modal('ok') }),
      'invalid_trigger_id',
    ],
  ])('%s', async (_, call, error) => {
    await expect(call()).rejects.toEqual(refusal(error))
  })

  test('a scope that was not given', async () => {
    slack.scopes.delete('users:read')
    await expect(client.users.info({ user: 'U1' })).rejects.toEqual(refusal('missing_scope'))
    slack.scopes.add('users:read')
  })

  test('too many, with the time to wait', async () => {
    slack.misbehave({ times: 1, fault: { kind: 'rate_limited', retryAfterSeconds: 7 } })
    await expect(client.auth.test()).rejects.toMatchObject({ retryAfter: 7 })
  })
})

describe('a view', () => {
  const trigger = async (): Promise<string> => {
    const { ts } = await post([
      { type: 'actions', elements: [{ type: 'button', action_id: 'a', text: { type: 'plain_text', text: 'ok' } }] },
    ])
    const message = slack.messages(CHANNEL).find((posted) => posted.ts === ts)
    if (!message) throw new Error('not posted')
    return String(slack.clickPayload('U1', message, 'a').trigger_id)
  }

  test('opens once for a trigger', async () => {
    const id = await trigger()
    await client.views.open({ trigger_id: id, view: modal('ok') })
    await expect(client.views.open({ trigger_id: id, view: modal('ok') })).rejects.toEqual(
      refusal('exchanged_trigger_id'),
    )
  })

  test('does not open three seconds later', async () => {
    const id = await trigger()
    clock.ms += 3_001
    await expect(client.views.open({ trigger_id: id, view: modal('ok') })).rejects.toEqual(
      refusal('expired_trigger_id'),
    )
  })

  test('does not open with a title of 25 characters', async () => {
    const opened = client.views.open({ trigger_id: await trigger(), view: modal('x'.repeat(25)) })
    await expect(opened).rejects.toEqual(refusal('invalid_arguments'))
  })
})

function modal(title: string): never {
  return { type: 'modal', title: { type: 'plain_text', text: title }, blocks: [{ type: 'divider' }] } as never
}
