import { afterEach, beforeEach, expect, test } from 'vitest'
import { releaseAnnouncers } from '../../../bot/bot.ts'
import { loadConfig } from '../../../config.ts'
import { openLog } from '../../../log.ts'
import type { ReleaseAnnouncer, ReleaseNotice } from '../../../workflows/releases/notices.ts'
import { LOGIN, type MailServer, startMailServer } from '../../stand-ins/mail-server.ts'
import { openStage, person, type Stage } from '../../workflows/stage.ts'
import { CHANNEL, openWorkspace, type Workspace } from '../slack/workspace.ts'

let stage: Stage
let server: MailServer
let workspace: Workspace
beforeEach(async () => {
  stage = await openStage()
  server = await startMailServer()
  workspace = await openWorkspace()
  for (const name of ['ada', 'eve'])
    await stage.directory.upsert({
      ...{ ...person(name), name, email: `${name}@example.org` },
      ...{ kind: 'human', groups: ['admins'] },
    })
})
afterEach(async () => {
  await workspace[Symbol.asyncDispose]()
  await server[Symbol.asyncDispose]()
  await stage[Symbol.asyncDispose]()
})

const notice: ReleaseNotice = {
  kind: 'refused',
  title: 'Commit 0123456789ab of acme/policies does not become the policy. aa stays in force.',
  lines: ['approvals: Pull request #3 <img src=x> has 0 approvals\u202E that count and needs 1.'],
  commit: '0'.repeat(40),
  url: 'https://hp.example.org/releases/0',
}

function announcers(changes: { readonly slack?: boolean; readonly mail?: boolean } = {}): readonly ReleaseAnnouncer[] {
  const { slack = false, mail = true } = changes
  const whole = loadConfig(
    {},
    mail
      ? {
          ...{ 'email.host': '127.0.0.1', 'email.port': server.port, 'email.ca': server.ca },
          ...{ 'email.user': LOGIN.user, 'email.password': LOGIN.password },
          'email.from': 'Holdpoint <holds@example.org>',
        }
      : {},
  )
  const config = slack ? { ...whole, slack: workspace.settings } : whole
  return releaseAnnouncers({ config, pool: stage.pool, log: openLog({ level: 'silent', process: 'test' }) })
}

async function announce(to: readonly ReleaseAnnouncer[]): Promise<void> {
  expect(to).toHaveLength(1)
  await to[0]?.announce(notice, 'release-7')
}

test('where Slack is not set, each administrator is told by mail, by themselves, and nothing in it is markup', async () => {
  await announce(announcers())
  expect(server.mails.map(({ to }) => to).sort()).toEqual([['ada@example.org'], ['eve@example.org']])
  const [mail] = server.mails
  const raw = JSON.stringify(mail)
  expect(raw).toContain('Policies: Commit 0123456789ab of acme/policies')
  expect(raw).toContain('https://hp.example.org/releases/0')
  expect(raw).toContain('&lt;img')
  expect(raw).not.toContain('\u202E')
})

test('where Slack answers, nobody is told by mail', async () => {
  await announce(announcers({ slack: true }))
  expect(workspace.slackApi.messages(CHANNEL)).toHaveLength(1)
  expect(server.mails).toEqual([])
})

test('where Slack does not take it, they are told by mail', async () => {
  workspace.slackApi.revokeToken()
  await announce(announcers({ slack: true }))
  expect(server.mails).toHaveLength(2)
})

test('when nobody can be told at all, it is tried again', async () => {
  await stage.pool.query("UPDATE person SET active = false WHERE 'admins' = ANY (groups)")
  await expect(announce(announcers())).rejects.toMatchObject({ code: 'email_deferred' })
  expect(announcers({ mail: false })).toEqual([])
})
