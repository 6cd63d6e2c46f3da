import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { holdAction } from '../../../bot/slack/cards/hold-actions.ts'
import { sampleHold } from './sample-hold.ts'
import { CHANNEL, ISSUER, openWorkspace, USERS, type Workspace } from './workspace.ts'

let workspace: Workspace
beforeEach(async () => {
  workspace = await openWorkspace({ channels: { security: 'C0SECURITY' } })
  workspace.slackApi.addChannel('C0SECURITY', 'security')
})
afterEach(() => workspace[Symbol.asyncDispose]())

const none = { reasonRequired: false, remindMs: null, onCall: [], delegates: {}, sameShape: null }
const answering = {
  ...none,
  escalate: { group: 'security', afterMs: 600_000 },
  breakGlass: { group: 'engineers', reviewMs: 3_600_000 },
}
const { actsFor: _, ...agent } = sampleHold().identity
const ana = { ...agent, subject: 'ana-1', name: 'ana', groups: ['engineers'], kind: 'human', actsFor: null } as const

/** Ana broke the glass for what she asked herself. */
const broken = async () => {
  const { hold } = await workspace.posted({ identity: ana, decision: { ...sampleHold().decision, answering } })
  await workspace.holds.breakGlass(
    hold.id,
    { issuer: ISSUER, subject: 'ana-1' },
    { reason: 'The shop is down', via: 'slack' },
  )
  await workspace.holds.take(hold.id)
  await workspace.slack.delivery.deliver(hold)
  return hold
}
const click = (user: string, action: string) => workspace.slackApi.click(user, workspace.card(), action)
const reviewOf = async (id: string) => (await workspace.holds.find(id))?.brokenGlass?.review
const shown = () => JSON.stringify(workspace.card().blocks)

describe('the review of a broken glass', () => {
  test('is asked for on the card, which says that nobody approved it', async () => {
    await broken()
    expect(workspace.card().text).toBe('Needs review: DELETE on prod/shop for ana')
    expect(shown()).toContain('Approved by nobody: ana broke the glass.')
    expect(shown()).toContain('The shop is down')
  })

  test('fine: with a comment or none, once', async () => {
    const hold = await broken()
    await click(USERS.ben, holdAction.reviewed)
    await workspace.slack.settled()
    expect(await reviewOf(hold.id)).toBeNull()
    await workspace.slackApi.submitView(USERS.ben, {})
    expect(await workspace.told(USERS.ben)).toBe('Your review is on record: fine.')
    expect(await reviewOf(hold.id)).toMatchObject({
      verdict: 'reviewed',
      by: { name: 'ben' },
      reason: null,
      via: 'slack',
    })
    await click(USERS.cleo, holdAction.disputed)
    expect(await workspace.told(USERS.cleo)).toBe('This has been reviewed already.')
    await workspace.slack.delivery.deliver(hold)
    expect(workspace.card().text).toBe('Reviewed: DELETE on prod/shop for ana')
    expect(shown()).not.toContain(holdAction.reviewed)
  })

  test('not fine: says what is wrong, or does not count', async () => {
    const hold = await broken()
    await click(USERS.ben, holdAction.disputed)
    await workspace.slack.settled()
    await workspace.slackApi.submitView(USERS.ben, { holdpoint_review: '  ' })
    expect(await workspace.told(USERS.ben)).toBe('Say what is wrong with it')
    expect(await reviewOf(hold.id)).toBeNull()
    await workspace.slackApi.submitView(USERS.ben, { holdpoint_review: 'It deleted the wrong orders' })
    expect(await workspace.told(USERS.ben)).toBe('Your review is on record: not fine.')
    expect(await reviewOf(hold.id)).toMatchObject({ verdict: 'disputed', reason: 'It deleted the wrong orders' })
    await workspace.slack.delivery.deliver(hold)
    expect(shown()).toContain('It deleted the wrong orders')
  })

  test('is nothing for who asked, nor for who is not linked', async () => {
    const hold = await broken()
    await click(USERS.ana, holdAction.reviewed)
    await workspace.slack.settled()
    await workspace.slackApi.submitView(USERS.ana, {})
    expect(await workspace.told(USERS.ana)).toContain('Nobody answers their own request')
    await click(USERS.dan, holdAction.reviewed)
    expect(await workspace.told(USERS.dan)).toContain('/slack/link?code=')
    expect(await reviewOf(hold.id)).toBeNull()
    expect((await workspace.recorded('hold.vote_refused')).map(({ reason }) => reason)).toEqual([
      'own_request',
      'not_linked',
    ])
  })

  test('that is overdue is escalated: it goes to the other group too, and is said anew', async () => {
    const hold = await broken()
    expect(workspace.slackApi.messages('C0SECURITY')).toHaveLength(0)
    workspace.clock.ms += 3_600_001
    await workspace.holds.due(hold.id)
    await workspace.slack.delivery.deliver(hold, 'review_overdue', 'slack-7')
    expect(workspace.slackApi.messages('C0SECURITY')[0]?.text).toBe('Review overdue: DELETE on prod/shop for ana')
    const told = () => workspace.slackApi.thread(workspace.card()).map(({ text }) => text)
    expect(told()).toEqual([
      'The review is overdue, and security may do it too: DELETE on prod/shop for ana ran without approval',
    ])
    await workspace.slack.delivery.deliver(hold, 'review_overdue', 'slack-7')
    expect(told()).toHaveLength(1)
    await workspace.slack.delivery.deliver(hold, 'review_overdue', 'slack-8')
    expect(told()).toHaveLength(2)
    expect(CHANNEL).not.toBe('C0SECURITY')
  })
})
