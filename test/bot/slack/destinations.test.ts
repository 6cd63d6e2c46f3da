import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { holdAction } from '../../../bot/slack/cards/hold-actions.ts'
import { createPace } from '../../../bot/slack/cards/pace.ts'
import { homeAction } from '../../../bot/slack/home-tab/home-view.ts'
import { createDelegations } from '../../../workflows/directory/delegations.ts'
import { answering } from '../../workflows/stage.ts'
import { sampleHold } from './sample-hold.ts'
import { CHANNEL, ISSUER, openWorkspace, USERS, type Workspace } from './workspace.ts'

const SECURITY = 'C0SECURITY'
const { decision } = sampleHold()
const BOTH = {
  ...decision,
  reviewers: [
    { group: 'dba', count: 1 },
    { group: 'security', count: 1 },
  ],
}
let workspace: Workspace
beforeEach(async () => {
  workspace = await openWorkspace({ channels: { security: SECURITY } })
  workspace.slackApi.addChannel(SECURITY, 'security')
})
afterEach(() => workspace[Symbol.asyncDispose]())

const made = (changes: object = {}) => workspace.holds.create(sampleHold({ expiryMs: 900_000, ...changes }))
const cardsIn = (place: string) => workspace.slackApi.messages(place)
const direct = (user: string) => cardsIn(workspace.slackApi.directChannel(user))
const troubles = async () =>
  (await workspace.pool.query('SELECT destination, reason FROM slack_trouble ORDER BY destination')).rows
const wantsMessages = async (user: string) => {
  await workspace.slackApi.openHome(user)
  await workspace.slack.settled()
  await workspace.slackApi.clickHome(user, homeAction.tellMe)
  await workspace.slack.settled()
}

describe('a hold is shown', () => {
  test('in the channel of each group that may answer, once in each', async () => {
    const hold = await made({ decision: BOTH })
    await workspace.slack.delivery.deliver(hold)
    await workspace.slack.delivery.deliver(hold)
    expect([cardsIn(CHANNEL).length, cardsIn(SECURITY).length]).toEqual([1, 1])
    const other = await made({ digest: 'ef'.repeat(32) })
    await workspace.slack.delivery.deliver(other)
    expect([cardsIn(CHANNEL).length, cardsIn(SECURITY).length]).toEqual([2, 1])
  })

  test('to those who want it in private, who may answer, and not to who asked', async () => {
    for (const user of [USERS.ben, USERS.ana]) await wantsMessages(user)
    await workspace.directory.upsert({ ...(await person('ana-1')), groups: ['dba'] })
    await workspace.slack.delivery.deliver(await made())
    expect([direct(USERS.ben).length, direct(USERS.cleo).length, direct(USERS.ana).length]).toEqual([1, 0, 0])
    await workspace.slackApi.openHome(USERS.ben)
    await workspace.slack.settled()
    await workspace.slackApi.clickHome(USERS.ben, homeAction.doNotTellMe)
    await workspace.slack.settled()
    await workspace.slack.delivery.deliver(await made({ digest: 'ef'.repeat(32) }))
    expect(direct(USERS.ben)).toHaveLength(1)
  })

  test('in private to whoever is on duty, and not to the others of the group', async () => {
    for (const user of [USERS.ben, USERS.cleo]) await wantsMessages(user)
    const startsAt = new Date(workspace.clock.ms - 60_000).toISOString()
    const shifts = [[{ issuer: ISSUER, subject: 'cleo-1' }], [{ issuer: ISSUER, subject: 'ben-1' }]]
    const onCall = [{ group: 'dba', startsAt, shiftMs: 3_600_000, shifts }]
    await workspace.slack.delivery.deliver(
      await made({ decision: { ...decision, answering: { ...answering, onCall } } }),
    )
    expect([direct(USERS.ben).length, direct(USERS.cleo).length]).toEqual([0, 1])
  })

  test('in private to whoever answers for somebody that is away, and not to the owner of the agent that asks', async () => {
    for (const user of [USERS.ben, USERS.cleo]) await wantsMessages(user)
    const owner = { issuer: ISSUER, subject: 'cleo-1' }
    const lone = { issuer: ISSUER, subject: 'lone-1', name: 'lone-bot' }
    await workspace.directory.upsert({ ...lone, email: null, kind: 'agent', groups: ['agents'], owner })
    const away = { issuer: ISSUER, subject: 'owner-1' }
    await workspace.directory.upsert({ ...away, name: 'owner', email: null, kind: 'human', groups: ['owners'] })
    const [startsAt, endsAt] = [new Date(workspace.clock.ms), new Date(workspace.clock.ms + 60_000)]
    const to = { issuer: ISSUER, subject: 'ben-1' }
    await createDelegations(workspace.pool, () => workspace.clock.ms).delegate({ from: away, to, startsAt, endsAt })
    const reviewers = [...BOTH.reviewers, { group: 'owners', count: 1 }].slice(1)
    const asked = { ...decision, reviewers, answering: { ...answering, delegates: { owners: ['dba'] } } }
    const identity = { ...sampleHold().identity, ...lone, actsFor: null }
    await workspace.slack.delivery.deliver(await made({ decision: asked, identity }))
    expect([direct(USERS.ben).length, direct(USERS.cleo).length]).toEqual([1, 0])
  })

  test('alike everywhere: an answer in one place changes all of them', async () => {
    await wantsMessages(USERS.ben)
    const hold = await made({ decision: BOTH })
    await workspace.slack.delivery.deliver(hold)
    const [mine] = direct(USERS.ben)
    if (mine === undefined) throw new Error('no private card')
    await workspace.slackApi.click(USERS.ben, mine, holdAction.approve)
    await workspace.slack.settled()
    await workspace.slackApi.click(USERS.cleo, cardsIn(SECURITY)[0] as typeof mine, holdAction.approve)
    await workspace.slack.settled()
    await workspace.slack.delivery.deliver(hold)
    const all = [...cardsIn(CHANNEL), ...cardsIn(SECURITY), ...direct(USERS.ben)]
    expect(all).toHaveLength(3)
    for (const { blocks } of all) expect(JSON.stringify(blocks)).toContain('Approved by ben, cleo. Waiting to run.')
  })
})

async function person(subject: string) {
  const found = await workspace.directory.person('https://id.example', subject)
  if (found === null) throw new Error(`${subject} is not known`)
  return found
}

describe('a channel that takes no cards', () => {
  test.each([
    ['is deleted', () => workspace.slackApi.deleteChannel(SECURITY), 'channel_not_found'],
    ['is archived', () => workspace.slackApi.archiveChannel(SECURITY), 'is_archived'],
    ['does not have the app', () => workspace.slackApi.setMember(SECURITY, false), 'not_in_channel'],
  ])('because it %s: its cards go to the default channel, and that is written down', async (_, spoil, reason) => {
    spoil()
    const only = { ...decision, reviewers: [{ group: 'security', count: 1 }] }
    await workspace.slack.delivery.deliver(await made({ decision: only }))
    expect(cardsIn(CHANNEL)).toHaveLength(1)
    expect(await troubles()).toEqual([{ destination: SECURITY, reason }])
  })

  test('and is the default one: the reviewers are told one by one, once', async () => {
    workspace.slackApi.archiveChannel(CHANNEL)
    const hold = await made()
    await workspace.slack.delivery.deliver(hold)
    await workspace.slack.delivery.deliver(hold)
    expect([direct(USERS.ben).length, direct(USERS.cleo).length, direct(USERS.ana).length]).toEqual([1, 1, 0])
    expect(await troubles()).toEqual([{ destination: CHANNEL, reason: 'is_archived' }])
  })

  test('is no trouble any more once it takes one', async () => {
    workspace.slackApi.setMember(CHANNEL, false)
    const hold = await made()
    await workspace.slack.delivery.deliver(hold)
    workspace.slackApi.setMember(CHANNEL, true)
    await workspace.slack.delivery.deliver(hold)
    expect(cardsIn(CHANNEL)).toHaveLength(1)
    expect(await troubles()).toEqual([])
  })

  test('does not matter to who has been told already: a card that cannot be changed is left, and said', async () => {
    const hold = await made({ decision: BOTH })
    await workspace.slack.delivery.deliver(hold)
    workspace.slackApi.archiveChannel(SECURITY)
    await workspace.holds.withdraw(hold.id)
    await workspace.slack.delivery.deliver(hold)
    expect(JSON.stringify(cardsIn(CHANNEL)[0]?.blocks)).toContain('Withdrawn by the one who asked.')
    expect(await troubles()).toEqual([{ destination: SECURITY, reason: 'is_archived' }])
  })
})

test('a token that is revoked is said, and everything is told when there is a new one', async () => {
  workspace.slackApi.revokeToken()
  const hold = await made()
  await expect(workspace.slack.delivery.deliver(hold)).rejects.toMatchObject({ reason: 'token_revoked' })
  workspace.slackApi.restoreToken()
  await workspace.slack.delivery.deliver(hold)
  expect(cardsIn(CHANNEL)).toHaveLength(1)
  expect(await troubles()).toEqual([])
})

test('no channel gets more than it takes: some at once, then one a second', async () => {
  let at = 0
  const waits: number[] = []
  const pace = createPace(
    () => at,
    async (ms) => void waits.push(ms),
  )
  for (let message = 0; message < 6; message++) await pace.turn('C1')
  await pace.turn('C2')
  expect(waits).toEqual([1_000, 2_000, 3_000])
  at = 60_000
  await pace.turn('C1')
  expect(waits).toHaveLength(3)
})
