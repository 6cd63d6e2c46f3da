import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { holdAction } from '../../../bot/slack/cards/hold-actions.ts'
import { homeView } from '../../../bot/slack/home-tab/home-view.ts'
import { createDelegations } from '../../../workflows/directory/delegations.ts'
import { homeProblems } from '../../stand-ins/block-kit.ts'
import { answering as nothingSaid } from '../../workflows/stage.ts'
import { sampleHold, vote } from './sample-hold.ts'
import { CHANNEL, ISSUER, openWorkspace, USERS, type Workspace } from './workspace.ts'

let workspace: Workspace
const proposed: unknown[] = []
beforeEach(async () => {
  proposed.length = 0
  workspace = await openWorkspace({
    proposeException: async (hold, by, proposal) => {
      proposed.push({ hold: hold.id, by: by.name, ...proposal })
      return { url: 'https://github.example/pull/7' }
    },
  })
})
afterEach(() => workspace[Symbol.asyncDispose]())

const open = async (user: string): Promise<string> => {
  await workspace.slackApi.openHome(user)
  await workspace.slack.settled()
  return JSON.stringify(workspace.slackApi.homes.get(user)?.view)
}

describe('the home tab', () => {
  test('shows what waits for whom, and an answer given there counts', async () => {
    const { hold } = await workspace.posted()
    expect(await open(USERS.ben)).toContain('Waits for your answer: 1')
    expect(await open(USERS.ana)).toContain('Nothing waits for you')
    expect(await open(USERS.ana)).toContain('You asked, in the last seven days')
    await workspace.slackApi.clickHome(USERS.ben, holdAction.approve, hold.id)
    await workspace.slack.settled()
    expect((await workspace.holds.find(hold.id))?.status).toBe('approved')
    const home = await open(USERS.ben)
    expect(home).toContain('Nothing waits for you')
    expect(home).toContain('Approved by ben. Waiting to run.')
    const told = workspace.slackApi.messages(workspace.slackApi.directChannel(USERS.ben))
    expect(told.map(({ text }) => text)).toEqual(['Your approval is counted. Approved by ben. Waiting to run.'])
  })

  test('is brought up to date for who looks at it when something changed, and only then', async () => {
    await open(USERS.ben)
    const published = () => workspace.slackApi.homes.get(USERS.ben)?.published
    expect(published()).toBe(1)
    workspace.slack.holdsChanged()
    await workspace.posted()
    for (let change = 0; change < 20; change++) workspace.slack.holdsChanged()
    await vi.waitUntil(() => published() === 2, { timeout: 10_000 })
    expect(workspace.slackApi.homes.has(USERS.cleo)).toBe(false)
  })

  test('shows nothing to who is not linked but the way to be', async () => {
    await workspace.posted()
    const home = await open(USERS.dan)
    expect(home).toContain('/slack/link?code=')
    expect(home).not.toContain('DELETE')
  })

  test('fits when everything in it is as long as it gets', () => {
    const long = '漢'.repeat(1_000_000)
    const at = '2026-03-01T12:00:00.000Z'
    const brokenGlass = { reason: long, via: 'slack', at, reviewDueAt: at, overdueToldAt: null, review: null } as const
    const changes = { statement: long, votes: [vote('ben', 'reject', long)], parameters: [long], brokenGlass }
    const hold = sampleHold(changes)
    const many = Array.from({ length: 60 }, () => hold)
    const person = { issuer: long.slice(0, 100), subject: 'ben-1', name: long }
    const away = { id: 'delegation_1', from: person, to: person, startsAt: hold.createdAt, endsAt: hold.expiresAt }
    const all = { waiting: many, more: true, toReview: many, toExplain: many, asked: many, answered: many }
    const view = homeView(
      { ...all, delegations: Array.from({ length: 20 }, () => away), privateMessages: false, person },
      () => 'https://h.example',
    )
    expect(homeProblems(view)).toEqual([])
  })
})

describe('/holdpoint', () => {
  const say = async (user: string, text: string) => {
    await workspace.slackApi.command(user, CHANNEL, '/holdpoint', text)
    return workspace.told(user)
  }

  test('show: the card, in private, for who may see it', async () => {
    const { hold } = await workspace.posted()
    expect(await say(USERS.ben, `show ${hold.id}`)).toBe('Needs approval: DELETE on prod/shop for report-bot')
    await workspace.directory.linkSlack({
      ...{ issuer: 'https://id.example', subject: 'dan-1' },
      ...{ teamId: workspace.slackApi.teamId, userId: USERS.dan },
    })
    expect(await say(USERS.dan, `show ${hold.id}`)).toBe('This hold is not known any more.')
    expect(await say(USERS.dan, 'list')).toBe('Nothing waits for an answer.')
  })

  test('who-may: the people of the groups, as the directory has them now', async () => {
    const { hold } = await workspace.posted()
    expect(await say(USERS.ben, `who-may ${hold.id}`)).toContain('dba: ben, cleo')
    await workspace.directory.setActive('https://id.example', 'cleo-1', false)
    expect(await say(USERS.ben, `who-may ${hold.id}`)).toContain('dba: ben\n')
  })

  test('who-may: by the shift, and for who is away, at this moment', async () => {
    const shiftMs = 3_600_000
    const startsAt = new Date(workspace.clock.ms - 60_000).toISOString()
    const shifts = [[{ issuer: ISSUER, subject: 'ben-1' }], [{ issuer: ISSUER, subject: 'cleo-1' }]]
    const answering = { ...nothingSaid, onCall: [{ group: 'dba', startsAt, shiftMs, shifts }] }
    const decision = { ...sampleHold().decision, answering }
    const { hold } = await workspace.posted({ decision, expiryMs: 4 * shiftMs })
    expect(await say(USERS.ben, `who-may ${hold.id}`)).toContain('dba: ben\n')
    workspace.clock.ms += shiftMs
    expect(await say(USERS.ben, `who-may ${hold.id}`)).toContain('dba: cleo\n')
    const [startsNow, endsAt] = [new Date(workspace.clock.ms), new Date(workspace.clock.ms + 60_000)]
    const delegations = createDelegations(workspace.pool, () => workspace.clock.ms)
    const [from, to] = [
      { issuer: ISSUER, subject: 'cleo-1' },
      { issuer: ISSUER, subject: 'ben-1' },
    ]
    await delegations.delegate({ from, to, startsAt: startsNow, endsAt })
    expect(await say(USERS.ben, `who-may ${hold.id}`)).toContain('dba: ben, cleo\n')
  })

  test('list: finds what is theirs behind however much of others', async () => {
    const { hold } = await workspace.posted()
    const decision = { ...sampleHold().decision, reviewers: [{ group: 'owners', count: 1 }] }
    for (let n = 0; n < 201; n++)
      await workspace.holds.create(sampleHold({ expiryMs: 900_000, decision, digest: `other ${n}` }))
    expect(await say(USERS.ben, 'List')).toContain(hold.id)
  })

  test.each(['help', 'sing', '__proto__', 'show', 'show x'])('%s: says what it knows', async (text) => {
    expect(await say(USERS.ben, text)).toContain('/holdpoint who-may')
  })

  test('break-glass: for whoever is on duty where the group has a schedule, and nobody else of it', async () => {
    const startsAt = new Date(workspace.clock.ms - 60_000).toISOString()
    const shifts = [[{ issuer: ISSUER, subject: 'ana-1' }], [{ issuer: ISSUER, subject: 'dan-1' }]]
    const onCall = [{ group: 'firefighters', startsAt, shiftMs: 3_600_000, shifts }]
    const answering = { ...nothingSaid, onCall, breakGlass: { group: 'firefighters', reviewMs: 60_000 } }
    const identity = { ...sampleHold().identity, kind: 'human' as const, subject: 'ana-1', name: 'ana', actsFor: null }
    const decision = { ...sampleHold().decision, answering }
    const { hold } = await workspace.posted({ identity, decision, expiryMs: 8_000_000 })
    await workspace.slackApi.command(USERS.ana, CHANNEL, '/holdpoint', `break-glass ${hold.id} the shop is down`)
    await workspace.slack.settled()
    await workspace.slackApi.submitView(USERS.ana, { holdpoint_break_glass_reason: 'the shop is down' })
    await workspace.slack.settled()
    expect(await workspace.holds.find(hold.id)).toMatchObject({ status: 'approved', brokenGlass: { via: 'slack' } })
    const later = await workspace.posted({ identity, decision, expiryMs: 8_000_000, digest: 'ef'.repeat(32) })
    workspace.clock.ms += 3_600_000
    expect(await say(USERS.ana, `break-glass ${later.hold.id} still`)).toBe('Only members of firefighters can do that.')
  })

  test('break-glass: only where the policy lets the asker, with a reason, and confirmed', async () => {
    const answering = { ...nothingSaid, breakGlass: { group: 'engineers', reviewMs: 60_000 } }
    const identity = { ...sampleHold().identity, kind: 'human' as const, subject: 'ana-1', name: 'ana', actsFor: null }
    const { hold } = await workspace.posted({ identity, decision: { ...sampleHold().decision, answering } })
    expect(await say(USERS.ben, `break-glass ${hold.id} now`)).toBe('Only whoever asked can do that.')
    await workspace.slackApi.command(USERS.ana, CHANNEL, '/holdpoint', `break-glass ${hold.id} the shop is down`)
    await workspace.slack.settled()
    expect((await workspace.holds.find(hold.id))?.status).toBe('pending')
    await workspace.slackApi.submitView(USERS.ana, { holdpoint_break_glass_reason: 'the shop is down' })
    await workspace.slack.settled()
    expect(await workspace.holds.find(hold.id)).toMatchObject({
      status: 'approved',
      brokenGlass: { reason: 'the shop is down', via: 'slack' },
    })
    await workspace.slack.delivery.deliver(hold)
    expect(JSON.stringify(workspace.card().blocks)).toContain('ana did not wait for approval: ')
  })
})

test('that it should have been allowed is proposed with a reason and an end, and answers nothing', async () => {
  const { hold, message } = await workspace.posted()
  await workspace.slackApi.click(USERS.ben, message, holdAction.feedback)
  await workspace.slack.settled()
  await workspace.slackApi.submitView(USERS.ben, {
    holdpoint_feedback_why: 'Every night',
    holdpoint_feedback_until: '7',
  })
  expect(await workspace.told(USERS.ben)).toContain('https://github.example/pull/7')
  const until = new Date(workspace.clock.ms + 7 * 24 * 60 * 60_000)
  expect(proposed).toEqual([{ hold: hold.id, by: 'ben', reason: 'Every night', until }])
  expect((await workspace.holds.find(hold.id))?.status).toBe('pending')
})
