import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { holdAction } from '../../../bot/slack/cards/hold-actions.ts'
import { homeAction } from '../../../bot/slack/home-tab/home-view.ts'
import { createDelegations } from '../../../workflows/directory/delegations.ts'
import { sampleHold } from './sample-hold.ts'
import { CHANNEL, ISSUER, openWorkspace, USERS, type Workspace } from './workspace.ts'

/** The home tab is somebody's by the same rules as a vote: shifts, delegates, escalation, reviews, reasons. */
let workspace: Workspace
beforeEach(async () => {
  workspace = await openWorkspace()
})
afterEach(() => workspace[Symbol.asyncDispose]())

const none = {
  reasonRequired: false,
  remindMs: null,
  escalate: null,
  onCall: [],
  delegates: {},
  breakGlass: null,
  sameShape: null,
}
const decided = (answering: object, group = 'dba') => ({
  decision: { ...sampleHold().decision, reviewers: [{ group, count: 1 }], answering: { ...none, ...answering } },
})
const open = async (user: string): Promise<string> => {
  await workspace.slackApi.openHome(user)
  await workspace.slack.settled()
  return JSON.stringify(workspace.slackApi.homes.get(user)?.view)
}
const person = (name: string) => ({ issuer: ISSUER, subject: `${name}-1` })
const seconds = (ms: number) => String(Math.floor(ms / 1_000))

describe('waits for', () => {
  test('whoever is on duty, and not for the others of the group', async () => {
    const shiftMs = 3_600_000
    const startsAt = new Date(workspace.clock.ms - 60_000).toISOString()
    const onCall = [{ group: 'dba', startsAt, shiftMs, shifts: [[person('ben')], [person('cleo')]] }]
    await workspace.posted({ ...decided({ onCall }), expiryMs: 4 * shiftMs })
    expect(await open(USERS.ben)).toContain('Waits for your answer: 1')
    expect(await open(USERS.cleo)).toContain('Nothing waits for you')
    workspace.clock.ms += shiftMs
    expect(await open(USERS.ben)).toContain('Nothing waits for you')
    expect(await open(USERS.cleo)).toContain('Waits for your answer: 1')
  })

  test('the group that it was escalated to, once it was', async () => {
    await workspace.posted(decided({ escalate: { group: 'security', afterMs: 60_000 } }, 'owners'))
    expect(await open(USERS.cleo)).toContain('Nothing waits for you')
    workspace.clock.ms += 60_000
    expect(await open(USERS.cleo)).toContain('Waits for your answer: 1')
  })

  test('who answers for somebody that is away', async () => {
    await workspace.directory.upsert({
      ...person('owner'),
      name: 'owner',
      email: null,
      kind: 'human',
      groups: ['owners'],
    })
    await workspace.posted(decided({ delegates: { owners: ['dba'] } }, 'owners'))
    expect(await open(USERS.ben)).toContain('Nothing waits for you')
    const times = { startsAt: new Date(workspace.clock.ms), endsAt: new Date(workspace.clock.ms + 60_000) }
    await createDelegations(workspace.pool, () => workspace.clock.ms).delegate({
      from: person('owner'),
      to: person('ben'),
      ...times,
    })
    const home = await open(USERS.ben)
    expect(home).toContain('Waits for your answer: 1')
    expect(home).toContain('You may answer for ')
    workspace.clock.ms += 60_000
    expect(await open(USERS.ben)).toContain('Nothing waits for you')
  })

  test('a review, of those who may give one, and it is given there', async () => {
    const identity = { ...sampleHold().identity, ...person('ana'), name: 'ana', kind: 'human', actsFor: null } as const
    const { hold } = await workspace.posted({
      ...decided({ breakGlass: { group: 'engineers', reviewMs: 3_600_000 } }),
      identity: { ...identity, groups: ['engineers'] },
    })
    await workspace.holds.breakGlass(hold.id, person('ana'), { reason: 'Down', via: 'slack' })
    expect(await open(USERS.ana)).not.toContain('To be reviewed')
    expect(await open(USERS.ben)).toContain('To be reviewed: 1')
    await workspace.slackApi.clickHome(USERS.ben, holdAction.reviewed, hold.id)
    await workspace.slack.settled()
    await workspace.slackApi.submitView(USERS.ben, {})
    await workspace.slack.settled()
    expect((await workspace.holds.find(hold.id))?.brokenGlass?.review).toMatchObject({ verdict: 'reviewed' })
  })
})

describe('an agent whose owner only the directory knows', () => {
  const lone = async () => {
    const owner = { issuer: ISSUER, subject: 'ana-1' }
    await workspace.directory.upsert({ ...person('lone'), name: 'lone-bot', kind: 'agent', groups: ['agents'], owner })
    const identity = { ...sampleHold().identity, ...person('lone'), name: 'lone-bot', actsFor: null }
    return (await workspace.posted({ ...decided({ reasonRequired: true }), identity })).hold
  }

  test('has its reason said on the home tab of that person', async () => {
    const hold = await lone()
    expect(await open(USERS.ana)).toContain('Say why, before they can be approved')
    await workspace.slackApi.clickHome(USERS.ana, holdAction.sayWhy, hold.id)
    await workspace.slack.settled()
    await workspace.slackApi.submitView(USERS.ana, { holdpoint_why: 'Clearing test data' })
    await workspace.slack.settled()
    expect(await workspace.holds.find(hold.id)).toMatchObject({ reason: 'Clearing test data', needsReason: false })
  })

  test('or by the command, and by nobody else', async () => {
    const hold = await lone()
    const say = async (user: string) => {
      await workspace.slackApi.command(user, CHANNEL, '/holdpoint', `reason ${hold.id} Clearing test data`)
      return workspace.told(user)
    }
    expect(await say(USERS.ben)).toBe('This hold is not known any more.')
    expect(await say(USERS.ana)).toBe('Your reason is on the card. Reviewers can answer now.')
    expect((await workspace.holds.find(hold.id))?.reason).toBe('Clearing test data')
    await workspace.slackApi.command(USERS.ana, CHANNEL, '/holdpoint', `reason ${hold.id} Something else`)
    expect(await workspace.told(USERS.ana)).toBe('A reason has been given already, and stands')
  })

  test('or in the thread of the card', async () => {
    const hold = await lone()
    await workspace.slackApi.say(USERS.ana, CHANNEL, 'Clearing test data', workspace.card().ts)
    await workspace.slack.settled()
    expect((await workspace.holds.find(hold.id))?.reason).toBe('Clearing test data')
  })
})

describe('while somebody is away', () => {
  const delegate = async (user: string, to: string) => {
    await open(user)
    await workspace.slackApi.clickHome(user, homeAction.delegate)
    await workspace.slack.settled()
    await workspace.slackApi.submitView(user, {
      holdpoint_delegation_to: to,
      holdpoint_delegation_from: seconds(workspace.clock.ms),
      holdpoint_delegation_until: seconds(workspace.clock.ms + 3_600_000),
    })
    await workspace.slack.settled()
    return workspace.slackApi.messages(workspace.slackApi.directChannel(user)).at(-1)?.text
  }
  const listed = () => createDelegations(workspace.pool, () => workspace.clock.ms).list(person('ben'))

  test('another answers in their place: said, shown and ended on the home tab', async () => {
    expect(await delegate(USERS.ben, USERS.cleo)).toContain('cleo may answer in your place')
    const [made] = await listed()
    expect(made).toMatchObject({ from: person('ben'), to: person('cleo') })
    expect(JSON.stringify(workspace.slackApi.homes.get(USERS.ben)?.view)).toContain(' may answer for you from ')
    await workspace.slackApi.clickHome(USERS.ben, homeAction.endDelegation, made?.id)
    await workspace.slack.settled()
    expect(await listed()).toEqual([])
    expect((await workspace.recorded('delegation.revoked')).length).toBe(1)
  })

  test('nobody answers who is not linked, and nobody ends what is not theirs', async () => {
    expect(await delegate(USERS.ben, USERS.dan)).toContain('Whom you chose cannot answer here')
    expect(await delegate(USERS.ben, USERS.ben)).toContain('Nobody answers for themselves')
    await delegate(USERS.ben, USERS.cleo)
    const [made] = await listed()
    await open(USERS.ana)
    const home = workspace.slackApi.homes.get(USERS.ben)
    if (home === undefined) throw new Error('ben has a home tab')
    workspace.slackApi.homes.set(USERS.ana, home)
    await workspace.slackApi.clickHome(USERS.ana, homeAction.endDelegation, made?.id)
    await workspace.slack.settled()
    expect(await listed()).toHaveLength(1)
  })
})
