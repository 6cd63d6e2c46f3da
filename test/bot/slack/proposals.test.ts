import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { holdAction } from '../../../bot/slack/cards/hold-actions.ts'
import { ReleaseError } from '../../../workflows/releases/errors.ts'
import { sampleHold } from './sample-hold.ts'
import { CHANNEL, ISSUER, openWorkspace, USERS, type Workspace } from './workspace.ts'

/** What is approved again and again should be a rule: the card offers to propose it, once. */
let workspace: Workspace
const made: unknown[] = []
let broken: Error | null = null
beforeEach(async () => {
  made.length = 0
  broken = null
  workspace = await openWorkspace({
    proposeException: async (hold, by, { reason }) => {
      if (broken !== null) throw broken
      made.push({ hold: hold.id, by: by.name, reason })
      return { url: `https://github.example/pull/${made.length}` }
    },
  })
})
afterEach(() => workspace[Symbol.asyncDispose]())

const OFFER = 'Propose a pull request…'
let asked = 0
const approved = async (times: number) => {
  for (let n = 0; n < times; n++) {
    const hold = await workspace.holds.create(
      sampleHold({ expiryMs: 900_000, mode: 'error', digest: `repeated-${++asked}` }),
    )
    const vote = { choice: 'approve', reason: null, via: 'console' } as const
    await workspace.holds.vote(hold.id, { issuer: ISSUER, subject: 'ben-1' }, vote)
  }
}
const posted = async () => (await workspace.posted({ mode: 'error', digest: `repeated-${++asked}` })).hold
const card = () => workspace.slackApi.messages(CHANNEL).at(-1) ?? workspace.card()
const shown = () => JSON.stringify(card().blocks)
const propose = async (user: string) => {
  await workspace.slackApi.click(user, card(), holdAction.feedback)
  await workspace.slack.settled()
  await workspace.slackApi.submitView(user, { holdpoint_feedback_why: 'The nightly clean-up' })
  return workspace.told(user)
}

describe('a card', () => {
  test('offers a pull request once the same was approved often enough, and not before', async () => {
    await approved(2)
    await posted()
    expect(shown()).not.toContain(OFFER)
    await approved(1)
    await posted()
    expect(shown()).toContain('Approved 3 times in 14 days')
    expect(shown()).toContain(OFFER)
  })

  test('counts neither other askers, nor other shapes and targets, nor long ago', async () => {
    await approved(3)
    const another = { ...sampleHold().identity, subject: 'agent-2' }
    await workspace.posted({ identity: another })
    expect(shown()).not.toContain(OFFER)
    await workspace.posted({ facts: { ...sampleHold().facts, fingerprint: 'ffff' } })
    expect(shown()).not.toContain(OFFER)
    await workspace.posted({ target: { ...sampleHold().target, name: 'prod/other' } })
    expect(shown()).not.toContain(OFFER)
    workspace.clock.ms += 15 * 24 * 3_600_000
    await posted()
    expect(shown()).not.toContain(OFFER)
  })
})

describe('a proposal', () => {
  test('is made once, on record, and the card then leads to it', async () => {
    await approved(3)
    const hold = await posted()
    expect(await propose(USERS.ben)).toContain('https://github.example/pull/1')
    expect(made).toEqual([{ hold: hold.id, by: 'ben', reason: 'The nightly clean-up' }])
    expect(await workspace.recorded('exception.proposed')).toMatchObject([
      { hold: hold.id, by: { issuer: ISSUER, subject: 'ben-1' }, url: 'https://github.example/pull/1' },
    ])
    expect(shown()).toContain('See what is proposed')
    expect(shown()).not.toContain(OFFER)
    expect((await workspace.holds.find(hold.id))?.status).toBe('pending')
  })

  test('is made once by two who click at the same time', async () => {
    await approved(3)
    await posted()
    for (const user of [USERS.ben, USERS.cleo]) {
      await workspace.slackApi.click(user, card(), holdAction.feedback)
      await workspace.slack.settled()
    }
    const why = { holdpoint_feedback_why: 'The nightly clean-up' }
    await Promise.all([USERS.ben, USERS.cleo].map((user) => workspace.slackApi.submitView(user, why)))
    await workspace.slack.settled()
    expect(made).toHaveLength(1)
    expect(workspace.slackApi.privateMessages.map(({ text }) => text).join()).toContain('This is proposed already.')
  })

  test('that failed can be made again', async () => {
    await approved(3)
    await posted()
    broken = new ReleaseError('not_possible', 'No rule held it.')
    expect(await propose(USERS.ben)).toBe('No rule held it.')
    broken = null
    expect(await propose(USERS.ben)).toContain('https://github.example/pull/1')
  })

  test('is not for who is not linked', async () => {
    await approved(3)
    await posted()
    await workspace.slackApi.click(USERS.dan, card(), holdAction.feedback)
    expect(await workspace.told(USERS.dan)).toContain('/slack/link?code=')
    expect(made).toEqual([])
  })
})

test('whoever has to say why is asked in private, once, with a button', async () => {
  const none = { remindMs: null, escalate: null, onCall: [], delegates: {}, breakGlass: null, sameShape: null }
  const decision = { ...sampleHold().decision, answering: { ...none, reasonRequired: true } }
  const { hold } = await workspace.posted({ decision })
  const inbox = () => workspace.slackApi.messages(workspace.slackApi.directChannel(USERS.ana))
  for (const notice of ['slack-1', 'slack-1']) await workspace.slack.delivery.deliver(hold, 'created', notice)
  expect(inbox().map(({ text }) => text)).toEqual([
    'report-bot asks to run DELETE on prod/shop. Nobody can approve it before you say why.',
  ])
  const [message] = inbox()
  if (message === undefined) throw new Error('ana was asked')
  await workspace.slackApi.click(USERS.ana, message, holdAction.sayWhy)
  await workspace.slack.settled()
  await workspace.slackApi.submitView(USERS.ana, { holdpoint_why: 'Clearing test data' })
  await workspace.slack.settled()
  expect((await workspace.holds.find(hold.id))?.reason).toBe('Clearing test data')
})
