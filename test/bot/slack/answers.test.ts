import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { holdAction } from '../../../bot/slack/cards/hold-actions.ts'
import { sampleHold } from './sample-hold.ts'
import { CHANNEL, ISSUER, openWorkspace, USERS, type Workspace } from './workspace.ts'

let workspace: Workspace
beforeEach(async () => {
  workspace = await openWorkspace()
})
afterEach(() => workspace[Symbol.asyncDispose]())

const status = async (id: string) => (await workspace.holds.find(id))?.status

describe('a reviewer', () => {
  test('approves with one click, and the card says so once it is delivered', async () => {
    const { hold, message } = await workspace.posted()
    expect((await workspace.slackApi.click(USERS.ben, message, holdAction.approve)).status).toBe(200)
    expect(await workspace.told(USERS.ben)).toBe('Your approval is counted. Approved by ben. Waiting to run.')
    const approved = await workspace.holds.find(hold.id)
    expect(approved).toMatchObject({ status: 'approved', votes: [{ voter: { subject: 'ben-1' }, via: 'slack' }] })
    await workspace.slack.delivery.deliver(hold)
    expect(JSON.stringify(workspace.card().blocks)).toContain('Approved by ben. Waiting to run.')
    expect(JSON.stringify(workspace.card().blocks)).not.toContain(holdAction.approve)
  })

  test('is told when more are needed', async () => {
    const decision = { ...sampleHold().decision, reviewers: [{ group: 'dba', count: 2 }] }
    const { hold, message } = await workspace.posted({ decision })
    await workspace.slackApi.click(USERS.ben, message, holdAction.approve)
    expect(await workspace.told(USERS.ben)).toBe('Your approval is counted. More approvals are needed.')
    expect(await status(hold.id)).toBe('pending')
  })

  test('is asked why before a rejection counts', async () => {
    const { hold, message } = await workspace.posted()
    await workspace.slackApi.click(USERS.ben, message, holdAction.reject)
    await workspace.slack.settled()
    expect(await status(hold.id)).toBe('pending')
    await workspace.slackApi.submitView(USERS.ben, { holdpoint_reject_reason: ' wrong table ' })
    expect(await workspace.told(USERS.ben)).toBe('Your rejection is counted.')
    expect(await workspace.holds.find(hold.id)).toMatchObject({
      status: 'rejected',
      votes: [{ choice: 'reject', reason: 'wrong table' }],
    })
  })

  test('cannot reject without a reason', async () => {
    const { hold, message } = await workspace.posted()
    await workspace.slackApi.click(USERS.ben, message, holdAction.reject)
    await workspace.slack.settled()
    await workspace.slackApi.submitView(USERS.ben, { holdpoint_reject_reason: '  ' })
    expect(await workspace.told(USERS.ben)).toBe('A rejection needs a reason.')
    expect(await status(hold.id)).toBe('pending')
  })

  test('reads a long statement in pages under Details', async () => {
    const statement = `DELETE FROM orders WHERE id IN (${Array.from({ length: 4_000 }, (_, id) => id).join(', ')})`
    const { message } = await workspace.posted({ statement })
    await workspace.slackApi.click(USERS.ben, message, holdAction.details)
    await workspace.slack.settled()
    const [open] = workspace.slackApi.openViews
    expect(open?.user).toBe(USERS.ben)
    const pages: string[] = []
    JSON.stringify(open?.view, (key, value) => {
      if (value?.type === 'rich_text_preformatted') pages.push(value.elements[0].text)
      return key === '' ? value : value
    })
    expect(pages.join('')).toBe(statement)
  })

  test('who clicks on an outdated card is told how it ended, and the card catches up', async () => {
    const { hold, message } = await workspace.posted()
    await workspace.holds.vote(
      hold.id,
      { issuer: ISSUER, subject: 'cleo-1' },
      { choice: 'approve', reason: null, via: 'console' },
    )
    await workspace.slackApi.click(USERS.ben, message, holdAction.approve)
    expect(await workspace.told(USERS.ben)).toBe('Approved by cleo. Waiting to run.')
    expect(JSON.stringify(workspace.card().blocks)).toContain('Approved by cleo')
  })

  test('who clicks twice is counted once', async () => {
    const decision = { ...sampleHold().decision, reviewers: [{ group: 'dba', count: 2 }] }
    const { hold, message } = await workspace.posted({ decision })
    await Promise.all([
      workspace.slackApi.click(USERS.ben, message, holdAction.approve),
      workspace.slackApi.click(USERS.ben, message, holdAction.approve),
    ])
    await workspace.slack.settled()
    expect((await workspace.holds.find(hold.id))?.votes).toHaveLength(1)
    expect(workspace.slackApi.privateMessages.map(({ text }) => text)).toContain('You have answered this already.')
  })
})

describe('F3: refused, told why in private, and recorded', () => {
  const U = 'U0OTHER01'
  test.each([
    ['a guest', { is_restricted: true }, 'guest', 'Guests of the workspace cannot answer.'],
    ['a single-channel guest', { is_ultra_restricted: true }, 'guest', 'Guests of the workspace cannot answer.'],
    ['a bot', { is_bot: true }, 'bot', 'Bots cannot answer.'],
    ['a deactivated user', { deleted: true }, 'deactivated', 'Your account is deactivated.'],
    ['a Slack Connect stranger', { team_id: 'T0OTHER01' }, 'other_workspace', 'Only members of the workspace'],
    ['a stranger by flag', { is_stranger: true }, 'other_workspace', 'Only members of the workspace'],
  ])('%s', async (_, flags, reason, words) => {
    const { hold, message } = await workspace.posted()
    workspace.slackApi.addUser({ id: U, name: 'ben', ...flags })
    await workspace.directory.linkSlack({
      issuer: ISSUER,
      subject: 'ben-1',
      teamId: workspace.slackApi.teamId,
      userId: U,
    })
    await workspace.slackApi.click(U, message, holdAction.approve)
    expect(await workspace.told(U)).toContain(words)
    expect(await status(hold.id)).toBe('pending')
    const team = 'team_id' in flags ? flags.team_id : workspace.slackApi.teamId
    expect(await workspace.recorded('hold.vote_refused')).toEqual([
      { hold: hold.id, voter: `slack:${team}/${U}`, via: 'slack', reason },
    ])
  })

  test.each([
    ['the person an agent acts for', USERS.ana, 'own_request', 'Nobody answers their own request'],
    [
      'someone who is in no reviewing group',
      USERS.dan,
      'not_a_reviewer',
      'You are not in a group that may answer this.',
    ],
  ])('%s', async (_, user, reason, words) => {
    await workspace.directory.linkSlack({
      issuer: ISSUER,
      subject: 'dan-1',
      teamId: workspace.slackApi.teamId,
      userId: USERS.dan,
    })
    const { hold, message } = await workspace.posted()
    await workspace.slackApi.click(user, message, holdAction.approve)
    expect(await workspace.told(user)).toContain(words)
    expect(await status(hold.id)).toBe('pending')
    expect(await workspace.recorded('hold.vote_refused')).toMatchObject([{ reason }])
  })

  test('someone whose account was deactivated in the directory since they were linked', async () => {
    const { hold, message } = await workspace.posted()
    await workspace.directory.setActive(ISSUER, 'ben-1', false)
    for (const action of [holdAction.approve, holdAction.details]) {
      await workspace.slackApi.click(USERS.ben, message, action)
      expect(await workspace.told(USERS.ben)).toContain('Your account is deactivated.')
    }
    expect(workspace.slackApi.openViews).toEqual([])
    expect(await status(hold.id)).toBe('pending')
  })

  test('everyone, while Slack cannot say who they are', async () => {
    const { hold, message } = await workspace.posted()
    workspace.slackApi.misbehave({ method: 'users.info', times: 1, fault: { kind: 'server_error', status: 503 } })
    await workspace.slackApi.click(USERS.ben, message, holdAction.approve)
    expect(await workspace.told(USERS.ben)).toContain('nothing was counted')
    expect(await status(hold.id)).toBe('pending')
  })

  test('an approval of a statement that its card does not show whole, whatever button was clicked', async () => {
    const { message } = await workspace.posted()
    const { hold } = await workspace.posted({ statement: `SELECT ${'x'.repeat(9_000)}`, digest: 'ff' })
    const payload = workspace.slackApi.clickPayload(USERS.ben, message, holdAction.approve)
    const actions = (payload.actions as object[]).map((action) => ({ ...action, value: hold.id }))
    await workspace.slackApi.deliver({ ...payload, actions })
    expect(await workspace.told(USERS.ben)).toContain('does not show this statement whole')
    expect(await status(hold.id)).toBe('pending')
  })
})

describe('someone who is not linked', () => {
  test('gets a link of their own, signs in, and can answer', async () => {
    const { hold, message } = await workspace.posted()
    await workspace.pool.query('DELETE FROM slack_link WHERE user_id = $1', [USERS.ben])
    await workspace.slackApi.click(USERS.ben, message, holdAction.approve)
    const code =
      /https:\/\/holdpoint\.example\/slack\/link\?code=(\S+)$/.exec(await workspace.told(USERS.ben))?.[1] ?? ''
    expect(await status(hold.id)).toBe('pending')
    expect(await workspace.slack.links.find(code)).toEqual({
      teamId: workspace.slackApi.teamId,
      userId: USERS.ben,
      userName: 'ben',
    })
    expect(await workspace.slack.links.confirm(code, { issuer: ISSUER, subject: 'ben-1' })).toBe(true)
    expect(await workspace.slack.links.confirm(code, { issuer: ISSUER, subject: 'cleo-1' })).toBe(false)
    await workspace.slackApi.click(USERS.ben, message, holdAction.approve)
    await workspace.slack.settled()
    expect(await status(hold.id)).toBe('approved')
  })

  test('has a link that works for a quarter of an hour, and only the newest', async () => {
    const user = { teamId: workspace.slackApi.teamId, userId: USERS.dan }
    const first = await workspace.slack.links.create(user)
    const second = await workspace.slack.links.create(user)
    expect(await workspace.slack.links.find(first)).toBeNull()
    workspace.clock.ms += 15 * 60_000 + 1
    expect(await workspace.slack.links.find(second)).toBeNull()
    expect(await workspace.slack.links.confirm(second, { issuer: ISSUER, subject: 'dan-1' })).toBe(false)
  })
})

describe('/holdpoint', () => {
  test('lists what waits, in private', async () => {
    const { hold } = await workspace.posted()
    await workspace.slackApi.command(USERS.ben, CHANNEL, '/holdpoint', '')
    expect(await workspace.told(USERS.ben)).toBe(
      `DELETE on prod/shop for report-bot: https://holdpoint.example/holds/${hold.id}`,
    )
  })

  test('says nothing of it to a guest', async () => {
    await workspace.posted()
    workspace.slackApi.addUser({ id: USERS.ben, name: 'ben', is_restricted: true })
    await workspace.slackApi.command(USERS.ben, CHANNEL, '/holdpoint', '')
    expect(await workspace.told(USERS.ben)).toContain('Guests of the workspace cannot answer.')
  })
})
