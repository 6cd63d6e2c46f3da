import { afterEach, beforeEach, expect, test } from 'vitest'
import { SlackError } from '../../../bot/slack/errors.ts'
import { slackReleaseAnnouncer } from '../../../bot/slack/release-announcer.ts'
import { openLog } from '../../../log.ts'
import type { ReleaseAnnouncer, ReleaseNotice } from '../../../workflows/releases/notices.ts'
import { CHANNEL, openWorkspace, type Workspace } from './workspace.ts'

let workspace: Workspace
let announcer: ReleaseAnnouncer
beforeEach(async () => {
  workspace = await openWorkspace()
  const made = slackReleaseAnnouncer(workspace.settings, openLog({ level: 'silent', process: 'test' }))
  if (made === null) throw new Error('Slack is configured')
  announcer = made
})
afterEach(() => workspace[Symbol.asyncDispose]())

const notice: ReleaseNotice = {
  kind: 'activated',
  title: 'A new policy is in force <!channel>',
  lines: ['#3 Hold <!channel> *large* deletes (reviewed by ben)', 'Rule a.b\u202E added.'],
  commit: null,
  url: 'https://console.example/releases/x',
}

test('says what changed in the channel, and nothing in it is markup or hides', async () => {
  await announcer.announce(notice, 'release-1')
  const [message] = workspace.slackApi.messages(CHANNEL)
  expect(message?.text).toBe('A new policy is in force &lt;!channel&gt;')
  const blocks = JSON.stringify(message?.blocks)
  expect(blocks).toContain('#3 Hold <!channel> *large* deletes (reviewed by ben)')
  expect(blocks).not.toContain('mrkdwn')
  expect(blocks).not.toContain('\u202E')
})

test('is taken by Slack, however much changed', async () => {
  const lines = Array.from({ length: 300 }, () => 'y'.repeat(900))
  await announcer.announce({ ...notice, title: 'x'.repeat(9_000), lines, url: null }, 'release-2')
  expect(JSON.stringify(workspace.slackApi.messages(CHANNEL)[0]?.blocks)).toContain('and 275 more')
})

test('says so when Slack does not take it', async () => {
  workspace.slackApi.revokeToken()
  await expect(announcer.announce(notice, 'release-3')).rejects.toThrow(SlackError)
})

test('does nothing where Slack is not configured', () => {
  const log = openLog({ level: 'silent', process: 'test' })
  expect(slackReleaseAnnouncer({ ...workspace.settings, botToken: undefined }, log)).toBeNull()
})
