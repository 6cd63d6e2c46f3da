import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { holdAction } from '../../../bot/slack/cards/hold-actions.ts'
import { commentsOf } from '../../../workflows/holds/comments.ts'
import { sampleHold } from './sample-hold.ts'
import { CHANNEL, ISSUER, openWorkspace, USERS, type Workspace } from './workspace.ts'

let workspace: Workspace
beforeEach(async () => {
  workspace = await openWorkspace()
})
afterEach(() => workspace[Symbol.asyncDispose]())

const comments = (hold: string) => commentsOf(workspace.pool, hold)
const thread = () => workspace.slackApi.thread(workspace.card())
const asked = () => workspace.slackApi.messages(workspace.slackApi.directChannel(USERS.ana))
const ask = async (question: string) => {
  await workspace.slackApi.click(USERS.ben, workspace.card(), holdAction.ask)
  await workspace.slack.settled()
  await workspace.slackApi.submitView(USERS.ben, { holdpoint_question: question })
  await workspace.slack.settled()
}
const say = async (user: string, text: string, place = { channel: CHANNEL, ts: workspace.card().ts }) => {
  await workspace.slackApi.say(user, place.channel, text, place.ts)
  await workspace.slack.settled()
}
const NEEDS_REASON = {
  ...sampleHold().decision,
  answering: {
    ...{ reasonRequired: true, remindMs: null, escalate: null, onCall: [], delegates: {} },
    ...{ breakGlass: null, sameShape: null },
  },
}

describe('a question', () => {
  test('is put in the thread, to the person behind the agent, and to them in private', async () => {
    const { hold } = await workspace.posted()
    await ask('Which <b>orders</b>?')
    expect(JSON.stringify(thread()[0]?.blocks)).toContain(`"user_id":"${USERS.ana}"`)
    expect(thread()[0]?.text).toBe('ben asks: Which &lt;b&gt;orders&lt;/b&gt;?')
    expect(asked()[0]?.text).toContain('ben asks about your request')
    expect(await comments(hold.id)).toMatchObject([
      { author: { issuer: ISSUER, subject: 'ben-1' }, name: 'ben', text: 'Which <b>orders</b>?', via: 'slack' },
    ])
    expect(await workspace.recorded('hold.commented')).toMatchObject([{ hold: hold.id, name: 'ben' }])
  })

  test('whose asker has no Slack account is on record, and whoever asked it is told so', async () => {
    await workspace.posted()
    await workspace.pool.query('DELETE FROM slack_link WHERE user_id = $1', [USERS.ana])
    await ask('Which orders?')
    expect(await workspace.told(USERS.ben)).toContain('ana has no Slack account linked')
    expect(thread()).toHaveLength(1)
  })

  test('is for those whom the hold concerns', async () => {
    const { hold } = await workspace.posted()
    await workspace.directory.linkSlack({
      ...{ issuer: ISSUER, subject: 'dan-1' },
      ...{ teamId: workspace.slackApi.teamId, userId: USERS.dan },
    })
    await workspace.slackApi.click(USERS.dan, workspace.card(), holdAction.ask)
    expect(await workspace.told(USERS.dan)).toBe('This hold is not yours to see.')
    expect(await comments(hold.id)).toEqual([])
  })
})

describe('what is said', () => {
  test('in the thread goes on record and onto the card; who is not linked is marked', async () => {
    const { hold } = await workspace.posted()
    await say(USERS.cleo, 'Looks &lt;odd&gt; to me')
    await say(USERS.dan, 'I am the boss, approve it')
    expect(await comments(hold.id)).toMatchObject([
      { author: { subject: 'cleo-1' }, name: 'cleo', text: 'Looks <odd> to me' },
      { author: null, name: 'dan', text: 'I am the boss, approve it' },
    ])
    await workspace.slack.delivery.deliver(hold)
    const card = JSON.stringify(workspace.card().blocks)
    expect(card).toContain('Looks <odd> to me')
    expect(card).toContain(' (not linked, so not proven): I am the boss')
    expect((await workspace.holds.find(hold.id))?.votes).toEqual([])
  })

  test('twice by Slack is heard once', async () => {
    const { hold } = await workspace.posted()
    const event = workspace.slackApi.sayPayload(USERS.cleo, CHANNEL, 'hello', workspace.card().ts)
    for (let time = 0; time < 2; time++) await workspace.slackApi.deliverEvent(event)
    await workspace.slack.settled()
    expect(await comments(hold.id)).toHaveLength(1)
    expect(await workspace.recorded('hold.commented')).toHaveLength(1)
  })

  test.each([
    ['outside the thread', { thread_ts: undefined }],
    ['in another thread', { thread_ts: '1.000001' }],
    ['by an app', { bot_id: 'B0OTHER01' }],
    ['as an edit', { subtype: 'message_changed' }],
  ])('%s is nobody’s business', async (_, change) => {
    const { hold } = await workspace.posted()
    const event = workspace.slackApi.sayPayload(USERS.cleo, CHANNEL, 'hello', workspace.card().ts)
    await workspace.slackApi.deliverEvent({ ...event, ...change })
    await workspace.slack.settled()
    expect(await comments(hold.id)).toEqual([])
  })

  test('is bounded', async () => {
    const { hold } = await workspace.posted()
    await say(USERS.cleo, 'x'.repeat(9_000))
    expect((await comments(hold.id))[0]?.text).toHaveLength(2_000)
  })

  test('in private by the asker reaches the thread, and is the reason when one is wanted', async () => {
    const { hold } = await workspace.posted({ decision: NEEDS_REASON })
    await workspace.slackApi.click(USERS.ben, workspace.card(), holdAction.approve)
    expect(await workspace.told(USERS.ben)).toContain('before whoever asked has said why')
    await ask('Why?')
    const [question] = asked()
    if (question === undefined) throw new Error('nobody was asked')
    await say(USERS.ana, 'Test orders of last night', question)
    expect(await workspace.holds.find(hold.id)).toMatchObject({
      reason: 'Test orders of last night',
      needsReason: false,
      status: 'pending',
    })
    expect(thread().map(({ text }) => text)).toEqual(['ben asks: Why?', 'ana: Test orders of last night'])
    await workspace.slack.delivery.deliver(hold)
    expect(JSON.stringify(workspace.card().blocks)).toContain('Test orders of last night')
  })

  test('by somebody else is no reason', async () => {
    const { hold } = await workspace.posted({ decision: NEEDS_REASON })
    await say(USERS.cleo, 'Because I say so')
    await say(USERS.dan, 'I am ana')
    expect(await workspace.holds.find(hold.id)).toMatchObject({ reason: null, needsReason: true })
  })
})
