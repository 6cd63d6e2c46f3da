import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { pinAction } from '../../../bot/slack/cards/pin-actions.ts'
import { slackReleaseAnnouncer } from '../../../bot/slack/release-announcer.ts'
import { openLog } from '../../../log.ts'
import { deliverReleaseNotices } from '../../../workflows/releases/notices.ts'
import { keepRelease, releaseInForce } from '../../../workflows/releases/store.ts'
import { inTransaction } from '../../../workflows/state/transaction.ts'
import { CHANNEL, ISSUER, openWorkspace, USERS, type Workspace } from './workspace.ts'

/** Ben and Cleo are administrators; an earlier release is put back in force by both of them, and by neither alone. */
let workspace: Workspace
const [older, newer] = ['a'.repeat(40), 'b'.repeat(40)]
const log = openLog({ level: 'silent', process: 'test' })
beforeEach(async () => {
  workspace = await openWorkspace({ administrators: 'dba' })
  for (const [commit, follows] of [
    [older, null],
    [newer, older],
  ] as const) {
    const release = {
      ...{ commit, follows, repository: 'acme/policies', repositoryId: 700, branch: 'main', folder: 'policies' },
      ...{ digest: commit, package: Buffer.alloc(1), pulls: [], changes: [], files: {}, rules: null, answers: [] },
    }
    await inTransaction(workspace.pool, (client) => keepRelease(client, release, new Date(workspace.clock.ms)))
  }
  await workspace.pool.query('UPDATE followed_branch SET verified = $1', [newer])
})
afterEach(() => workspace[Symbol.asyncDispose]())

const inForce = async () => (await releaseInForce(workspace.pool, new Date(workspace.clock.ms)))?.commit
const announce = async () => {
  const announcer = slackReleaseAnnouncer(workspace.settings, log)
  if (announcer === null) throw new Error('Slack is configured')
  await deliverReleaseNotices({ pool: workspace.pool, announcers: [announcer], now: () => workspace.clock.ms, log })
}
const say = async (user: string, text: string) => {
  await workspace.slackApi.command(user, CHANNEL, '/holdpoint', text)
  await workspace.slack.settled()
}
const ask = async (user: string) => {
  await say(user, 'pin')
  await workspace.slackApi.submitView(user, {
    ...{ holdpoint_pin_release: older, holdpoint_pin_time: '3600000', holdpoint_pin_why: 'It denies everything' },
  })
  await workspace.slack.settled()
  await announce()
}
const last = () => {
  const message = workspace.slackApi.messages(CHANNEL).at(-1)
  if (message === undefined) throw new Error('nothing was said')
  return message
}
const refusals = async () => (await workspace.recorded('release.pin_refused')).map(({ reason }) => reason)

describe('a pin asked for in Slack', () => {
  test('is in force once another administrator confirms it, and can be ended there', async () => {
    await ask(USERS.ben)
    expect(await inForce()).toBe(newer)
    expect(last().text).toContain('ben asks to put aaaaaaaaaaaa back in force')
    const asked = last()
    await workspace.slackApi.click(USERS.cleo, asked, pinAction.confirm)
    expect(await workspace.told(USERS.cleo)).toBe('aaaaaaaaaaaa is back in force: asked for by ben, confirmed by cleo.')
    expect(await inForce()).toBe(older)
    expect(JSON.stringify(last().blocks)).not.toContain(pinAction.confirm)
    expect(JSON.stringify(last().blocks)).toContain('confirmed by cleo')
    expect(await workspace.recorded('release.pinned')).toMatchObject([{ release: older, by: 'cleo' }])
    await announce()
    await workspace.slackApi.click(USERS.ben, last(), pinAction.end)
    await workspace.slack.settled()
    expect(await inForce()).toBe(newer)
  })

  test('is never confirmed by who asked, whatever account they click with', async () => {
    await ask(USERS.ben)
    await workspace.slackApi.click(USERS.ben, last(), pinAction.confirm)
    expect(await workspace.told(USERS.ben)).toContain('nobody pins a release alone')
    workspace.slackApi.addUser({ id: 'U0BEN0002', name: 'ben at home' })
    const link = { teamId: workspace.slackApi.teamId, userId: 'U0BEN0002', issuer: ISSUER, subject: 'ben-1' }
    await workspace.directory.linkSlack(link)
    await workspace.slackApi.click('U0BEN0002', last(), pinAction.confirm)
    expect(await workspace.told('U0BEN0002')).toContain('nobody pins a release alone')
    expect(await inForce()).toBe(newer)
    expect(await refusals()).toEqual(['not_possible', 'not_possible'])
  })

  test('is never confirmed by another entry of the same person in the directory', async () => {
    for (const [subject, name] of [
      ['ben-1', 'ben'],
      ['ben-2', 'Ben B.'],
    ] as const) {
      const claims = { issuer: ISSUER, subject, name, email: subject === 'ben-1' ? 'Ben@x.org' : 'ben@x.org' }
      await workspace.directory.upsert({ ...claims, kind: 'human', groups: ['dba'] })
    }
    workspace.slackApi.addUser({ id: 'U0BEN0002', name: 'ben' })
    const link = { teamId: workspace.slackApi.teamId, userId: 'U0BEN0002', issuer: ISSUER, subject: 'ben-2' }
    await workspace.directory.linkSlack(link)
    await ask(USERS.ben)
    await workspace.slackApi.click('U0BEN0002', last(), pinAction.confirm)
    expect(await workspace.told('U0BEN0002')).toContain('nobody pins a release alone')
    expect(await inForce()).toBe(newer)
  })

  test('is not confirmed once who asked is no administrator any more', async () => {
    await ask(USERS.ben)
    await workspace.directory.setActive(ISSUER, 'ben-1', false)
    await workspace.slackApi.click(USERS.cleo, last(), pinAction.confirm)
    expect(await workspace.told(USERS.cleo)).toContain('no administrator any more')
    expect(await inForce()).toBe(newer)
  })

  test('is confirmed once by a double click', async () => {
    await ask(USERS.ben)
    const asked = last()
    await Promise.all([1, 2].map(() => workspace.slackApi.click(USERS.cleo, asked, pinAction.confirm)))
    await workspace.slack.settled()
    expect(await workspace.recorded('release.pinned')).toHaveLength(1)
    expect(await refusals()).toEqual(['not_possible'])
  })

  test('is nothing for others, guests and the unlinked: told in private, on record', async () => {
    await ask(USERS.ben)
    await workspace.slackApi.click(USERS.ana, last(), pinAction.confirm)
    expect(await workspace.told(USERS.ana)).toContain('Only members of dba')
    await workspace.slackApi.click(USERS.dan, last(), pinAction.confirm)
    expect(await workspace.told(USERS.dan)).toContain('/slack/link?code=')
    workspace.slackApi.addUser({ id: 'U0GUEST01', name: 'cleo', is_restricted: true })
    await workspace.slackApi.click('U0GUEST01', last(), pinAction.confirm)
    expect(await workspace.told('U0GUEST01')).toContain('Guests of the workspace cannot answer')
    expect(await refusals()).toEqual(['not_possible', 'not_linked', 'guest'])
    await say(USERS.ana, 'pin')
    expect(workspace.slackApi.openViews.filter(({ user }) => user === USERS.ana)).toEqual([])
    expect(await inForce()).toBe(newer)
  })
})
