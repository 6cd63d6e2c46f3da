import { App } from '@slack/bolt'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { shownId } from '../../../bot/slack/cards/gathered-cards.ts'
import { holdAction } from '../../../bot/slack/cards/hold-actions.ts'
import { DELEGATION, DELEGATION_VIEW } from '../../../bot/slack/home-tab/delegation-view.ts'
import type { Hold } from '../../../workflows/holds/hold.ts'
import { sampleHold } from './sample-hold.ts'
import { CHANNEL, ISSUER, openWorkspace, USERS, type Workspace } from './workspace.ts'

/**
 * ADVERSARY F3 for all that anybody can do in Slack. What there is to do is heard from the app itself while it is made,
 * so that no button and no view can be added without being tried here by everybody who may not.
 */
const heard = { actions: new Set<string>(), views: new Set<string>() }
/** A link that Slack opens by itself; the click is acknowledged and nothing else. */
const LINKS = new Set<string>([holdAction.console, holdAction.seeProposal])
/** The value behind these is the id of what a card showed. */
const OF_SEVERAL = new Set<string>([holdAction.approveShown, holdAction.rejectShown, 'holdpoint_reject_many_view'])

let workspace: Workspace
let lead: Hold
let several: string
const proposed = vi.fn(async () => ({ url: 'https://example.org/pull/1' }))

beforeAll(async () => {
  const constraint = (found: Set<string>, key: string) => (of: unknown) => {
    const id = (of as Record<string, unknown>)[key]
    if (typeof id !== 'string') throw new Error(`Something is listened for that has no ${key}: ${JSON.stringify(of)}`)
    found.add(id)
  }
  const listens = [
    vi.spyOn(App.prototype, 'action').mockName('action'),
    vi.spyOn(App.prototype, 'view').mockName('view'),
  ] as const
  workspace = await openWorkspace({ administrators: 'dba', proposeException: proposed })
  for (const [of] of listens[0].mock.calls) constraint(heard.actions, 'action_id')(of)
  for (const [of] of listens[1].mock.calls) constraint(heard.views, 'callback_id')(of)
  vi.restoreAllMocks()
  const answering = { reasonRequired: false, remindMs: null, escalate: null, onCall: [], delegates: {} }
  const decision = {
    ...sampleHold().decision,
    answering: {
      ...answering,
      breakGlass: { group: 'engineers', reviewMs: 60_000 },
      sameShape: { runs: 5, ms: 60_000 },
    },
  }
  const ask = (digest: string) =>
    workspace.holds.create(sampleHold({ shape: 'alike', mode: 'error', digest, decision, expiryMs: 900_000 }))
  const first = await ask('one')
  workspace.clock.ms += 10 // the older one leads
  const holds = [first, await ask('two')]
  for (const hold of holds) await workspace.slack.delivery.deliver(hold)
  lead = first
  several = shownId(holds)
})
afterAll(() => workspace[Symbol.asyncDispose]())

let users = 0
interface Stranger {
  readonly flags: object
  /** Where Slack says the click comes from. */
  readonly team?: string
  readonly linked: boolean
  /** Slack takes no message for them; they hear it only where a click can be answered. */
  readonly mute?: true
  readonly reason: string
}

/** Each is linked to a person who could answer all of it, where anybody can be linked at all. */
const STRANGERS: Readonly<Record<string, Stranger>> = {
  'a guest': { flags: { is_restricted: true }, linked: true, reason: 'guest' },
  'a guest of one channel': { flags: { is_ultra_restricted: true }, linked: true, reason: 'guest' },
  'a bot': { flags: { is_bot: true }, linked: true, mute: true, reason: 'bot' },
  'somebody deactivated in Slack': { flags: { deleted: true }, linked: true, mute: true, reason: 'deactivated' },
  'a stranger of Slack Connect': { flags: { team_id: 'T0OTHER01' }, linked: true, reason: 'other_workspace' },
  'somebody whom Slack marks as a stranger': { flags: { is_stranger: true }, linked: true, reason: 'other_workspace' },
  'somebody with the same address in another workspace': {
    flags: { team_id: 'T0OTHER01', name: 'ben', profile: { email: 'ben@example.org' } },
    team: 'T0OTHER01',
    linked: false,
    reason: 'other_workspace',
  },
  'somebody with the same name and address who is not linked': {
    flags: { name: 'ben', profile: { email: 'ben@example.org' } },
    linked: false,
    reason: 'not_linked',
  },
}

/** Slack's own id of a new user, who is that stranger. */
async function become({ flags, linked }: Stranger): Promise<string> {
  const id = `U0STRANGE${String(++users).padStart(4, '0')}`
  workspace.slackApi.addUser({ id, name: `user-${users}`, ...flags })
  const { teamId } = workspace.slackApi
  if (linked) await workspace.directory.linkSlack({ issuer: ISSUER, subject: 'ben-1', teamId, userId: id })
  return id
}

function teamOf({ team, flags }: Stranger): string {
  return team ?? ('team_id' in flags ? String(flags.team_id) : workspace.slackApi.teamId)
}

function clicked(user: string, team: string, actionId: string): Record<string, unknown> {
  const payload = workspace.slackApi.clickPayload(user, workspace.card(), holdAction.console)
  const value = OF_SEVERAL.has(actionId) ? several : lead.id
  const [action] = payload.actions as object[]
  return {
    ...payload,
    user: { id: user, team_id: team },
    actions: [{ ...action, action_id: actionId, value }],
  }
}

/** Filled in as well as anybody could. */
function submitted(user: string, team: string, callbackId: string): Record<string, unknown> {
  const text = { value: 'because', selected_option: { value: '7' } }
  const inputs = ['reject_reason', 'question', 'why', 'feedback_why', 'review', 'break_glass_reason', 'pin_why']
  const values: Record<string, Record<string, unknown>> = {
    text: Object.fromEntries(inputs.map((name) => [`holdpoint_${name}`, text])),
    until: { holdpoint_feedback_until: text, [DELEGATION.until.input]: { selected_date_time: 4_000_000_000 } },
    to: { [DELEGATION.to.input]: { selected_user: USERS.cleo } },
    from: { [DELEGATION.from.input]: { selected_date_time: Math.floor(workspace.clock.ms / 1_000) } },
  }
  const { channel, ts } = workspace.card()
  const hold = OF_SEVERAL.has(callbackId) ? several : lead.id
  const base = clicked(user, team, callbackId)
  return {
    ...{ type: 'view_submission', user: base.user, team: base.team, trigger_id: base.trigger_id },
    view: {
      ...{ id: `V${String(base.trigger_id)}`, type: 'modal', callback_id: callbackId, state: { values } },
      private_metadata: JSON.stringify({ hold, on: { channel, ts } }),
    },
  }
}

const tables = [
  'vote',
  'delegation',
  'alike_approval',
  'broken_glass',
  'hold_comment',
  'proposed_exception',
  'release_pin',
]
/** All that could have changed by it. */
async function state(): Promise<object> {
  const { rows: known } = await workspace.pool.query(
    'SELECT table_name FROM information_schema.tables WHERE table_name = ANY($1)',
    [tables],
  )
  expect(known).toHaveLength(tables.length)
  const counts = await Promise.all(
    tables.map(async (table) => [table, (await workspace.pool.query(`SELECT count(*) FROM ${table}`)).rows[0].count]),
  )
  const { rows: holds } = await workspace.pool.query('SELECT id, status, reason FROM hold ORDER BY id')
  const { rows: told } = await workspace.pool.query('SELECT count(*) FROM slack_link WHERE private_messages')
  return { counts, holds, told, views: workspace.slackApi.openViews.length, proposed: proposed.mock.calls.length }
}

/** What was said to them alone since, in a message or beside the card. */
const saidTo = (user: string): readonly string[] =>
  workspace.slackApi.privateMessages.filter((said) => said.user === user).map(({ text }) => text)
const directlyTo = (user: string): readonly string[] =>
  workspace.slackApi.messages(workspace.slackApi.directChannel(user)).map(({ text }) => text)

const refusals = async (user: string): Promise<readonly unknown[]> => {
  const { rows } = await workspace.pool.query(
    "SELECT event->>'reason' AS reason FROM trail_outbox WHERE name LIKE '%refused' AND event::text LIKE $1 ORDER BY id",
    [`%/${user}"%`],
  )
  return rows.map(({ reason }) => reason)
}

test('every button and every view is heard of', () => {
  for (const id of Object.values(holdAction)) expect(heard.actions).toContain(id)
  expect(heard.actions.size).toBeGreaterThan(20)
  expect(heard.views).toContain(DELEGATION_VIEW)
  expect(heard.views.size).toBeGreaterThan(9)
})

describe.each(Object.entries(STRANGERS))('%s', (_, stranger) => {
  const tried = async (user: string, what: string, request: Record<string, unknown>): Promise<void> => {
    const before = await state()
    expect((await workspace.slackApi.deliver(request)).status).toBe(200)
    await workspace.slack.settled()
    expect({ what, state: await state() }).toEqual({ what, state: before })
    const words = [...saidTo(user), ...directlyTo(user)].join('\n')
    const recorded = await refusals(user)
    if (LINKS.has(what)) expect({ what, words, recorded }).toEqual({ what, words: '', recorded: [] })
    else {
      expect({ what, recorded }).toEqual({ what, recorded: [stranger.reason] })
      expect({ what, words }).toEqual({
        what,
        words: expect.stringMatching(stranger.mute ? /Nothing was counted|^$/ : /Nothing was counted/),
      })
    }
  }

  test('clicks on every button there is, and nothing happens but that it is said and on record', async () => {
    for (const id of heard.actions) {
      const user = await become(stranger)
      await tried(user, id, clicked(user, teamOf(stranger), id))
    }
  })

  test('submits every view there is, and nothing happens but that it is said and on record', async () => {
    for (const id of heard.views) {
      const user = await become(stranger)
      await tried(user, id, submitted(user, teamOf(stranger), id))
    }
  })

  test('is told nothing by /holdpoint', async () => {
    for (const words of ['', 'list', `show ${lead.id}`, `who-may ${lead.id}`, `break-glass ${lead.id} now`, 'pin']) {
      const user = await become(stranger)
      const before = await state()
      await workspace.slackApi.command(user, CHANNEL, '/holdpoint', words)
      await workspace.slack.settled()
      expect(await state()).toEqual(before)
      expect(saidTo(user).join()).toMatch(/Nothing was counted/)
      expect(saidTo(user).join()).not.toContain(lead.id)
      expect(await refusals(user)).toEqual([stranger.reason])
    }
  })
})

test('somebody who may is refused none of it as a stranger', async () => {
  for (const id of [...heard.actions, ...heard.views]) {
    const make = heard.actions.has(id) ? clicked : submitted
    await workspace.slackApi.deliver(make(USERS.ana, workspace.slackApi.teamId, id))
    await workspace.slack.settled()
  }
  for (const stranger of Object.values(STRANGERS)) expect(await refusals(USERS.ana)).not.toContain(stranger.reason)
  expect(workspace.slackApi.openViews.length).toBeGreaterThan(0)
})
