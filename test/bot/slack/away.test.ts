import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { holdAction } from '../../../bot/slack/cards/hold-actions.ts'
import { createPace } from '../../../bot/slack/cards/pace.ts'
import type { Identity } from '../../../policies/input.ts'
import type { Hold } from '../../../workflows/holds/hold.ts'
import { startWorkers, type Workers } from '../../../workflows/queues/workers.ts'
import type { Workflows } from '../../../workflows/workflows.ts'
import { LOGIN, type MailServer, startMailServer } from '../../stand-ins/mail-server.ts'
import type { PostedMessage, SlackStandIn } from '../../stand-ins/slack.ts'
import { openRunningBot, type RunningBot } from './running-bot.ts'
import { sampleHold } from './sample-hold.ts'
import { CHANNEL, ISSUER } from './workspace.ts'

/**
 * An hour without Slack, in every way in which it can be away: the bot, its workers, the outbox, mail and the queue are
 * the real ones. The clock of everything but BullMQ is moved; its rounds come every tenth of a second.
 */
const PATIENCE = { timeout: 30_000, interval: 20 }
const MINUTE = 60_000
let ahead = 0
const now = (): number => Date.now() + ahead
let running: RunningBot
let slack: SlackStandIn
let mail: MailServer
let workflows: Workflows
let workers: Workers
let digests = 0

const BEN = { issuer: ISSUER, subject: 'ben-1' }
const ben: Identity = {
  ...BEN,
  ...{ name: 'ben', kind: 'human', groups: ['dba'], actsFor: null, provenBy: 'oidc' },
  expiresAt: '2100-01-01T00:00:00.000Z',
}

beforeAll(async () => {
  mail = await startMailServer()
  const login = { host: '127.0.0.1', port: mail.port, user: LOGIN.user, password: LOGIN.password, ca: mail.ca }
  const email = { ...login, from: 'Holdpoint <holds@example.org>' }
  const slackCalls = { pace: createPace(now), timeoutMs: 2_000 }
  running = await openRunningBot({ now, email, slackCalls, authenticateToken: async () => ben })
  slack = running.slack
  slack.limitsRates = true
  workflows = running.workflows
  const { pool, queues, holds } = workflows
  const { log } = running.common
  workers = await startWorkers({
    pool,
    queues,
    holds,
    log,
    now,
    deliver: running.bot.deliveries,
    reconcileEveryMs: 100,
  })
  const address = 'ben@example.org'
  await workflows.directory.upsert({ ...BEN, name: 'ben', email: address, kind: 'human', groups: ['dba'] })
}, 60_000)

afterAll(async () => {
  await workers?.close()
  await running?.[Symbol.asyncDispose]()
  await mail[Symbol.asyncDispose]()
})

/** One after the other, so that there is an order. */
function asked(expiryMs = 24 * 60 * MINUTE): Promise<Hold> {
  const sample = sampleHold({ mode: 'error', expiryMs, digest: `${++digests}` })
  // An hour passes in a moment, and nothing else is to run out with it.
  const decision = { ...sample.decision, expiryMs: 24 * 60 * MINUTE, grantMs: 24 * 60 * MINUTE }
  return workflows.holds.create({ ...sample, decision })
}

async function answered(hold: Hold, choice: 'approve' | 'reject'): Promise<void> {
  const headers = { authorization: 'Bearer x', 'content-type': 'application/json' }
  const body = JSON.stringify({ choice, ...(choice === 'reject' ? { reason: 'not today' } : {}) })
  const { status } = await fetch(`${running.bot.url}/api/holds/${hold.id}/votes`, { method: 'POST', headers, body })
  expect(status).toBe(200)
}

const cardsOf = ({ id }: Hold): readonly PostedMessage[] =>
  slack.messages(CHANNEL).filter(({ metadata }) => metadata?.event_payload.hold === id)
const mailsAbout = ({ id }: Hold) => mail.mails.filter(({ mail: one }) => one.text?.includes(id))

/** How many holds wait for the last of their notices. */
async function unsent(): Promise<number> {
  const { rows } = await workflows.pool.query(`
    SELECT count(*)::int AS count FROM (
      SELECT DISTINCT ON (hold) sent_at FROM outbox WHERE delivery = 'slack' ORDER BY hold, id DESC) AS last
    WHERE sent_at IS NULL`)
  return rows[0].count
}

/**
 * Lets time pass, in steps that are shorter than a lease and only while nothing is being delivered: what is under way
 * takes no more time than it would.
 */
async function pass(ms: number): Promise<void> {
  for (const until = ahead + ms; ahead < until; ahead += STEP_MS) {
    await workers.reconcile()
    await vi.waitFor(async () => expect(await leased()).toBe(0), PATIENCE)
  }
}
const STEP_MS = 50_000

async function leased(): Promise<number> {
  const sql = 'SELECT count(*)::int AS count FROM outbox WHERE leased_until > $1'
  return (await workflows.pool.query(sql, [new Date(now())])).rows[0].count
}

/** Goes on until nothing waits for Slack. */
async function untilTold(): Promise<void> {
  for (let steps = 0; (await unsent()) > 0; steps++) {
    expect(steps).toBeLessThan(100)
    await pass(STEP_MS)
  }
}

interface Away {
  readonly how: string
  /** Left out: an hour. */
  readonly minutes?: number
  /** It says that it will never work: each notice is given up, and tried again in the order of the last changes. */
  readonly final?: true
  begin(): Promise<() => Promise<void>>
}
const misbehaving = (fault: Parameters<SlackStandIn['misbehave']>[0]['fault']) => async () => {
  slack.misbehave({ times: Number.POSITIVE_INFINITY, fault })
  return async () => slack.behave()
}
const WAYS: readonly Away[] = [
  { how: 'ends every connection', begin: misbehaving({ kind: 'down' }) },
  { how: 'takes what is posted and loses the answer', begin: misbehaving({ kind: 'answer_lost' }) },
  { how: 'answers 500', begin: misbehaving({ kind: 'server_error', status: 500 }) },
  { how: 'answers 503', begin: misbehaving({ kind: 'server_error', status: 503 }) },
  { how: 'refuses connections', begin: () => slack.refuseConnections() },
  { how: 'asks everybody to wait', begin: misbehaving({ kind: 'rate_limited', retryAfterSeconds: 120 }) },
  {
    how: 'has revoked the token',
    final: true,
    begin: async () => {
      slack.revokeToken()
      return async () => slack.restoreToken()
    },
  },
  {
    how: 'has lost the channel',
    final: true,
    begin: async () => {
      slack.setMember(CHANNEL, false)
      return async () => slack.setMember(CHANNEL, true)
    },
  },
  {
    // Two seconds of everybody's time for each try.
    how: 'does not answer in time',
    minutes: 2,
    begin: async () => {
      const { promise, resolve } = Promise.withResolvers<void>()
      slack.misbehave({ times: Number.POSITIVE_INFINITY, fault: { kind: 'slow', until: promise } })
      return async () => {
        slack.behave()
        resolve()
      }
    },
  },
]

test.each(WAYS)(
  'Slack $how for a while: no card is missing, stale or doubled',
  { timeout: 120_000 },
  async ({ begin, minutes = 60, final }) => {
    const before = await asked()
    const forGood = await asked()
    await vi.waitFor(() => expect([before, forGood].flatMap(cardsOf)).toHaveLength(2), PATIENCE)
    await untilTold()

    const end = await begin()
    await answered(before, 'approve')
    const holds = [
      await asked(),
      await asked(),
      await asked((minutes * MINUTE) / 2),
      await asked(),
      await asked(),
    ] as const
    const [approved, rejected, expired, withdrawn, pending] = holds
    await answered(approved, 'approve')
    await answered(rejected, 'reject')
    await workflows.holds.withdraw(withdrawn.id)
    await pass(minutes * MINUTE)
    const statusOf = async ({ id }: Hold) => (await workflows.holds.find(id))?.status
    // Its job waits by BullMQ's own clock.
    await workflows.holds.due(expired.id)
    // Meanwhile they are told by mail, where it says so, too.
    await vi.waitFor(() => expect(holds.every((hold) => mailsAbout(hold).length > 0)).toBe(true), PATIENCE)
    expect([await statusOf(approved), await statusOf(rejected), await statusOf(pending)]).toEqual([
      ...['approved', 'rejected', 'pending'],
    ])
    await end()
    const calls = slack.calls.length
    await untilTold()

    const shown = (hold: Hold): string =>
      cardsOf(hold)
        .map(({ blocks }) => JSON.stringify(blocks))
        .join('')
    expect(shown(before)).toContain('Approved by ben')
    expect(shown(approved)).toContain('Approved by ben')
    expect(shown(rejected)).toContain('not today')
    expect(shown(expired)).toContain('Expired')
    expect(shown(pending)).toContain(holdAction.approve)
    expect(shown(forGood)).toContain(holdAction.approve)
    expect([before, forGood, approved, rejected, expired, pending].map((hold) => cardsOf(hold).length)).toEqual([
      ...[1, 1, 1, 1, 1, 1],
    ])
    for (const stale of [before, approved, rejected, expired, withdrawn])
      expect(shown(stale)).not.toContain(holdAction.approve)
    const order = slack.messages(CHANNEL).map(({ metadata }) => metadata?.event_payload.hold)
    // As it came, and who is still to be asked before them. Where it was tried meanwhile nobody can say when one comes that
    // ran out later: it was still to be asked then.
    const placeOf = ({ id }: Hold) => order.indexOf(id)
    const ended = [approved, rejected, withdrawn].filter((hold) => cardsOf(hold).length > 0).map(placeOf)
    if (final === undefined) expect(ended).toEqual(ended.toSorted((a, b) => a - b))
    if (final === undefined) expect(placeOf(pending)).toBeLessThan(placeOf(rejected))
    expect(slack.calls.slice(calls).filter(({ error }) => error === 'ratelimited')).toEqual([])
  },
)

test('while Slack asks to wait nothing is asked of it, and during an outage one thing at a time', async () => {
  const holds: Hold[] = []
  slack.misbehave({ times: 1, fault: { kind: 'rate_limited', retryAfterSeconds: 1_800 } })
  holds.push(await asked())
  await vi.waitFor(() => expect(slack.calls.at(-1)?.error).toBe('ratelimited'), PATIENCE)
  const calls = slack.calls.length
  for (let n = 0; n < 8; n++) holds.push(await asked())
  await pass(29 * MINUTE)
  expect(slack.calls).toHaveLength(calls)
  await untilTold()
  expect(holds.map((hold) => cardsOf(hold).length)).toEqual(holds.map(() => 1))
}, 60_000)
