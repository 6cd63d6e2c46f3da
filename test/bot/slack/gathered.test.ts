import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { holdAction } from '../../../bot/slack/cards/hold-actions.ts'
import { SlackError } from '../../../bot/slack/errors.ts'
import type { Hold } from '../../../workflows/holds/hold.ts'
import { sampleHold } from './sample-hold.ts'
import { CHANNEL, ISSUER, openWorkspace, USERS, type Workspace } from './workspace.ts'

let workspace: Workspace
beforeEach(async () => {
  workspace = await openWorkspace()
})
afterEach(() => workspace[Symbol.asyncDispose]())

let asked = 0
const none = { reasonRequired: false, remindMs: null, escalate: null, onCall: [], delegates: {}, breakGlass: null }
/** One of many alike, not delivered yet. */
const alike = (changes: Partial<Hold> = {}): Promise<Hold> => {
  const id = ++asked
  workspace.clock.ms += 10
  const answering = { ...none, sameShape: { runs: 5, ms: 3_600_000 } }
  const decision = { ...sampleHold().decision, answering }
  return workspace.holds.create(
    sampleHold({
      ...{ expiryMs: 900_000, mode: 'error', shape: 'orders by id', digest: `digest-${id}`, decision },
      statement: `DELETE FROM orders WHERE id = ${id}`,
      ...changes,
    }),
  )
}
const deliver = (...holds: readonly Hold[]) => Promise.all(holds.map((hold) => workspace.slack.delivery.deliver(hold)))
const shown = () => JSON.stringify(workspace.card().blocks)
const statusOf = async (...holds: readonly Hold[]) =>
  Promise.all(holds.map(async ({ id }) => (await workspace.holds.find(id))?.status))
const click = (user: string, action: string) => workspace.slackApi.click(user, workspace.card(), action)

describe('holds that are alike', () => {
  test('share one card, with their number, and each statement on it', async () => {
    const holds = [await alike(), await alike(), await alike()]
    await deliver(...holds)
    expect(workspace.card().text).toContain('Needs approval: 3 × DELETE on prod/shop')
    for (const { statement } of holds) expect(shown()).toContain(statement)
    expect(shown()).toContain('Approve these 3')
  })

  test('are not mixed with those of another asker, or of another shape', async () => {
    await deliver(await alike(), await alike({ shape: 'another' }), await alike({ shape: null }))
    const other = { ...sampleHold().identity, subject: 'agent-2', name: 'other-bot' }
    await deliver(await alike({ identity: other }))
    expect(workspace.slackApi.messages(CHANNEL)).toHaveLength(4)
  })

  test('have one card when they come all at once, and two processes bring them', async () => {
    const holds = await Promise.all(Array.from({ length: 12 }, () => alike()))
    const other = workspace.restarted()
    await Promise.all(holds.map((hold, at) => (at % 2 === 0 ? workspace.slack : other).delivery.deliver(hold)))
    expect(workspace.card().text).toContain('12 ×')
    expect(shown()).toContain('Approve these 8')
    expect(shown()).toContain('4 more are not shown here')
  })

  test('who comes while the card waits joins it, and who comes afterwards has a new one', async () => {
    const first = await alike()
    await deliver(first)
    expect(workspace.card().text).not.toContain('×')
    const second = await alike()
    await deliver(second)
    expect(workspace.card().text).toContain('2 ×')
    await click(USERS.ben, holdAction.approveShown)
    await workspace.slack.settled()
    await deliver(first, second)
    expect(shown()).toContain('Answered: 2 approved, not run yet')
    await deliver(await alike())
    expect(workspace.slackApi.messages(CHANNEL)).toHaveLength(2)
  })

  test('keep their card over a restart', async () => {
    await deliver(await alike())
    await workspace.restarted().delivery.deliver(await alike())
    expect(workspace.card().text).toContain('2 ×')
  })
})

describe('an answer to the card', () => {
  test('approves those that it shows, each by itself and on record', async () => {
    const holds = [await alike(), await alike()]
    await deliver(...holds)
    await click(USERS.ben, holdAction.approveShown)
    expect(await workspace.told(USERS.ben)).toBe('Your approval is counted for 2 requests.')
    expect(await statusOf(...holds)).toEqual(['approved', 'approved'])
    expect(await workspace.recorded('hold.voted')).toMatchObject([{ hold: holds[0]?.id }, { hold: holds[1]?.id }])
  })

  test('approves nothing that came after the card that was clicked on', async () => {
    const [one, two] = [await alike(), await alike()]
    await deliver(one, two)
    const seen = workspace.card()
    const late = await alike()
    await deliver(late)
    await workspace.slackApi.click(USERS.ben, seen, holdAction.approveShown)
    expect(await workspace.told(USERS.ben)).toBe('Your approval is counted for 2 requests.')
    expect(await statusOf(one, two, late)).toEqual(['approved', 'approved', 'pending'])
  })

  test.each([
    ['cannot be shown whole', { statement: `DELETE FROM orders WHERE id = ${'1'.repeat(5_000)}` }],
    ['mixes alphabets', { statement: "DELETE FROM orders WHERE id = 'pаypal'" }],
    [
      'lacks the reason that policy wants',
      { decision: { ...sampleHold().decision, answering: { ...none, reasonRequired: true, sameShape: null } } },
    ],
  ])('leaves out what %s', async (_, changes) => {
    const [one, two, odd] = [await alike(), await alike(), await alike(changes)]
    await deliver(one, two, odd)
    expect(shown()).toContain('One more is not shown here')
    await click(USERS.ben, holdAction.approveShown)
    await workspace.slack.settled()
    expect(await statusOf(one, two, odd)).toEqual(['approved', 'approved', 'pending'])
  })

  test('rejects those that it shows, with one reason', async () => {
    const holds = [await alike(), await alike()]
    await deliver(...holds)
    await click(USERS.ben, holdAction.rejectShown)
    await workspace.slack.settled()
    expect(await statusOf(...holds)).toEqual(['pending', 'pending'])
    await workspace.slackApi.submitView(USERS.ben, { holdpoint_reject_reason: 'not on a Friday' })
    expect(await workspace.told(USERS.ben)).toBe('Your rejection is counted for 2 requests.')
    expect(await statusOf(...holds)).toEqual(['rejected', 'rejected'])
  })

  test('given twice counts once, and says so', async () => {
    const holds = [await alike(), await alike()]
    await deliver(...holds)
    const seen = workspace.card()
    await workspace.slackApi.click(USERS.ben, seen, holdAction.approveShown)
    await workspace.slack.settled()
    await workspace.slackApi.click(USERS.ben, seen, holdAction.approveShown)
    expect(await workspace.told(USERS.ben)).toBe('This has been answered already.')
    for (const { id } of holds) expect((await workspace.holds.find(id))?.votes).toHaveLength(1)
  })

  test('is refused to who asked, and to guests and strangers, in private and on record', async () => {
    const holds = [await alike(), await alike()]
    await deliver(...holds)
    await click(USERS.ana, holdAction.approveShown)
    expect(await workspace.told(USERS.ana)).toContain('Nobody answers their own request')
    await click(USERS.dan, holdAction.approveShown)
    expect(await workspace.told(USERS.dan)).toContain('/slack/link?code=')
    workspace.slackApi.addUser({ id: 'U0GUEST01', name: 'ben', is_restricted: true })
    await click('U0GUEST01', holdAction.approveShown)
    expect(await workspace.told('U0GUEST01')).toContain('Guests of the workspace cannot answer')
    expect(await statusOf(...holds)).toEqual(['pending', 'pending'])
    const reasons = (await workspace.recorded('hold.vote_refused')).map(({ reason }) => reason)
    expect(reasons).toEqual(['own_request', 'own_request', 'not_linked', 'guest'])
  })

  test('with an id that was never shown does nothing', async () => {
    const holds = [await alike(), await alike()]
    await deliver(...holds)
    const payload = workspace.slackApi.clickPayload(USERS.ben, workspace.card(), holdAction.approveShown)
    const [action] = payload.actions as { value: string }[]
    await workspace.slackApi.deliver({ ...payload, actions: [{ ...action, value: holds[0]?.id }] })
    expect(await workspace.told(USERS.ben)).toBe('This hold is not known any more.')
    expect(await statusOf(...holds)).toEqual(['pending', 'pending'])
  })
})

describe('one by one', () => {
  test('each has its own buttons, and the view follows', async () => {
    const [one, two] = [await alike(), await alike()]
    await deliver(one, two)
    await click(USERS.ben, holdAction.oneByOne)
    await workspace.slack.settled()
    await workspace.slackApi.clickView(USERS.ben, holdAction.approve, two.id)
    await workspace.slack.settled()
    expect(await statusOf(one, two)).toEqual(['pending', 'approved'])
    const view = JSON.stringify(workspace.slackApi.openViews.at(-1)?.view)
    expect(view).toContain(one.statement)
    expect(view).not.toContain(two.statement)
    expect(view).toContain('Approved by ben. Waiting to run.')
  })

  test('a rejection asks why on top of it', async () => {
    const [one, two] = [await alike(), await alike()]
    await deliver(one, two)
    await click(USERS.ben, holdAction.oneByOne)
    await workspace.slack.settled()
    await workspace.slackApi.clickView(USERS.ben, holdAction.reject, one.id)
    await workspace.slack.settled()
    await workspace.slackApi.submitView(USERS.ben, { holdpoint_reject_reason: 'this one not' })
    await workspace.slack.settled()
    expect(await statusOf(one, two)).toEqual(['rejected', 'pending'])
  })

  test('fits when everything in it is as long as it gets', async () => {
    const long = '漢'.repeat(20_000)
    const holds = await Promise.all(
      Array.from({ length: 14 }, () => alike({ statement: long, parameters: [long], reason: long })),
    )
    await deliver(...holds)
    await click(USERS.ben, holdAction.oneByOne)
    await workspace.slack.settled()
    expect(JSON.stringify(workspace.slackApi.openViews.at(-1)?.view)).toContain('and 4 more')
  })
})

describe('approve alike', () => {
  const approveAlike = async (user: string) => {
    await click(user, holdAction.approveAlike)
    await workspace.slack.settled()
    await workspace.slackApi.submitView(user, {})
    return workspace.told(user)
  }

  test('says what it allows before it counts', async () => {
    const [one] = [await alike(), await alike()]
    await deliver(one)
    await click(USERS.ben, holdAction.approveAlike)
    await workspace.slack.settled()
    const view = JSON.stringify(workspace.slackApi.openViews.at(-1)?.view)
    expect(view).toContain('Up to 4 more of report-bot, within 1 hour')
    expect(view).toContain('These wait as well')
    expect(await statusOf(one)).toEqual(['pending'])
  })

  test('lets through what waits and what comes, and its card counts the runs', async () => {
    const [one, two] = [await alike(), await alike()]
    await deliver(one, two)
    expect(await approveAlike(USERS.ben)).toContain('Your approval is counted.')
    const later = await alike()
    expect(await statusOf(one, two, later)).toEqual(['approved', 'approved', 'approved'])
    await deliver(later)
    expect(shown()).toContain('2 of 5 runs used')
    expect(await workspace.recorded('hold.approved_through')).toMatchObject([
      { hold: two.id, approval: one.id, run: 1 },
      { hold: later.id, approval: one.id, run: 2 },
    ])
  })

  test('is undone by a reviewer, at once and on record, and the card says by whom', async () => {
    const [one, two] = [await alike(), await alike()]
    await deliver(one, two)
    await approveAlike(USERS.ben)
    await deliver(one)
    await click(USERS.cleo, holdAction.undoAlike)
    expect(await workspace.told(USERS.cleo)).toContain('Undone: it allows nothing more.')
    const later = await alike()
    expect(await statusOf(one, two, later)).toEqual(['approved', 'rejected', 'pending'])
    await deliver(one, later)
    const messages = workspace.slackApi.messages(CHANNEL)
    expect(JSON.stringify(messages[0]?.blocks)).toContain('Approve alike was undone')
    expect(JSON.stringify(messages[0]?.blocks)).not.toContain(holdAction.undoAlike)
    expect(await workspace.recorded('hold.alike_undone')).toMatchObject([
      { hold: one.id, by: { issuer: ISSUER, subject: 'cleo-1' }, via: 'slack', revoked: [two.id] },
    ])
  })

  test('is undone by nobody who could not have answered', async () => {
    const one = await alike()
    await deliver(one)
    await approveAlike(USERS.ben)
    await deliver(one)
    await click(USERS.ana, holdAction.undoAlike)
    expect(await workspace.told(USERS.ana)).toContain('Nobody answers their own request')
    await click(USERS.dan, holdAction.undoAlike)
    expect(await workspace.told(USERS.dan)).toContain('/slack/link?code=')
    expect((await workspace.holds.find(one.id))?.alikeApproval?.undone).toBeNull()
    expect((await workspace.recorded('hold.vote_refused')).map(({ reason }) => reason)).toEqual([
      'own_request',
      'not_linked',
    ])
  })

  test('is not offered where the policy does not let it, and not taken either', async () => {
    const alone = { ...sampleHold().decision, answering: { ...none, sameShape: null } }
    const one = await alike({ decision: alone })
    await deliver(one)
    expect(shown()).not.toContain(holdAction.approveAlike)
    const payload = workspace.slackApi.clickPayload(USERS.ben, workspace.card(), holdAction.approve)
    const [action] = payload.actions as object[]
    await workspace.slackApi.deliver({ ...payload, actions: [{ ...action, action_id: holdAction.approveAlike }] })
    expect(await workspace.told(USERS.ben)).toContain('An approval of this counts for this statement alone.')
    expect(workspace.slackApi.openViews).toEqual([])
  })
})

test('what no card has any use for is forgotten after a while, and what one has is kept', async () => {
  const count = async (table: string): Promise<number> =>
    Number((await workspace.pool.query(`SELECT count(*) FROM ${table}`)).rows[0].count)
  const [one, two] = [await alike(), await alike()]
  await deliver(one, two)
  await workspace.slack.delivery.deliver(one, 'reminded', 'slack-1')
  const kept = { slack_shown: 1, slack_nudge: 1, slack_gathered: 2 }
  const counted = async () => ({
    slack_shown: await count('slack_shown'),
    slack_nudge: await count('slack_nudge'),
    slack_gathered: await count('slack_gathered'),
  })
  expect(await counted()).toEqual(kept)
  await click(USERS.ben, holdAction.approveShown)
  await workspace.slack.settled()
  for (const { id } of [one, two]) await workspace.holds.take(id)
  await deliver(one)
  workspace.clock.ms += 89 * 24 * 3_600_000
  await deliver(two)
  expect(await counted()).toEqual(kept)
  workspace.clock.ms += 2 * 24 * 3_600_000
  await deliver(two)
  expect(await counted()).toEqual({ slack_shown: 0, slack_nudge: 0, slack_gathered: 0 })
})

test('a card that another process is at is tried again, and is no outage of Slack', () => {
  expect(new SlackError('slack_card_busy', 'Another process is at it')).toMatchObject({
    retryable: true,
    outage: false,
  })
})

describe('nothing is approved unseen', () => {
  const opened = () => JSON.stringify(workspace.slackApi.openViews.at(-1)?.view.blocks)
  const openAlike = async () => {
    await click(USERS.ben, holdAction.approveAlike)
    await workspace.slack.settled()
  }

  test('what waits and would run at once stands whole in what approves alike', async () => {
    const holds = [
      await alike(),
      await alike(),
      await alike({ statement: `DELETE FROM orders WHERE id = 7777 -- ${'z'.repeat(1_500)}` }),
    ]
    await deliver(...holds)
    await openAlike()
    for (const { statement } of holds) expect(opened()).toContain(statement)
    expect(opened()).toContain('The 3 statements above, each exactly as shown, one time.')
    expect(opened()).toContain('Up to 3 more of report-bot')
  })

  test('what the runs do not go to is not among them, and goes on waiting', async () => {
    const holds = await Promise.all(Array.from({ length: 8 }, () => alike()))
    await deliver(...holds)
    await openAlike()
    expect(opened()).toContain('The 6 statements above')
    expect(opened()).toContain('2 more that wait are not among them, and go on waiting.')
    expect(opened()).not.toContain('Nobody looks at these')
    await workspace.slackApi.submitView(USERS.ben, {})
    await workspace.slack.settled()
    expect((await statusOf(...holds)).filter((status) => status === 'approved')).toHaveLength(6)
  })

  test.each([
    ['does not fit whole', { statement: `DELETE FROM orders WHERE id = ${'1'.repeat(5_000)}` }],
    ['mixes alphabets', { statement: "DELETE FROM orders WHERE id = 'pаypal'" }],
  ])('it is not approved alike while one waits that %s', async (_, changes) => {
    await deliver(await alike(), await alike(changes))
    await openAlike()
    expect(await workspace.told(USERS.ben)).toContain('than can be shown to you whole here')
    expect(workspace.slackApi.openViews).toEqual([])
  })

  test('each of many has its details, for who may see it', async () => {
    const undo = { how: 'backup', sentence: 'Only from a backup.' } as const
    const consequences = {
      locks: [],
      cascades: [],
      triggers: [],
      undo,
      examples: null,
    } as unknown as NonNullable<Hold['consequences']>
    const holds = [await alike({ consequences }), await alike({ consequences })]
    await deliver(...holds)
    await click(USERS.ben, holdAction.oneByOne)
    await workspace.slack.settled()
    await workspace.slackApi.clickView(USERS.ben, holdAction.details, holds[1]?.id)
    await workspace.slack.settled()
    expect(opened()).toContain(holds[1]?.statement)
    expect(opened()).toContain('Only from a backup.')
  })

  test('on the home tab they stand together', async () => {
    await deliver(await alike(), await alike(), await alike(), await alike())
    await workspace.slackApi.openHome(USERS.ben)
    await workspace.slack.settled()
    const home = JSON.stringify(workspace.slackApi.homes.get(USERS.ben)?.view)
    expect(home).toContain('4 × DELETE on prod/shop for report-bot')
    expect(home).toContain('[… and 1 more]')
    await workspace.slackApi.clickHome(USERS.ben, holdAction.oneByOne)
    await workspace.slack.settled()
    expect(opened()).toContain('Request 4')
  })
})
