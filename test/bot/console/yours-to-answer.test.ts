import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import type { HoldSummary, HoldView } from '../../../bot/console/schemas.ts'
import type { Answering } from '../../../policies/answering.ts'
import type { Hold } from '../../../workflows/holds/hold.ts'
import { answering } from '../../workflows/stage.ts'
import { BrowserSession } from './browser-session.ts'
import { type ConsoleUnderTest, startConsole } from './console-under-test.ts'
import { sampleOf } from './sample-hold.ts'

const HOUR = 3_600_000
/** Shorter than holds wait. */
const SHIFT = 300_000
let site: ConsoleUnderTest
const browsers = { ana: null, ben: null } as unknown as Record<'ana' | 'ben', BrowserSession>

beforeAll(async () => {
  site = await startConsole()
  for (const name of ['ana', 'ben'] as const) {
    browsers[name] = new BrowserSession(site)
    await browsers[name].signIn(name)
  }
})
afterAll(() => site[Symbol.asyncDispose]())
beforeEach(() => site.pool.query('TRUNCATE hold, delegation CASCADE'))

/** Asked by somebody else, for a group that has ben in it and not ana. */
function held(changes: Partial<Answering>, group = 'dba'): Promise<Hold> {
  const { decision } = sampleOf('zoe', site.issuer)
  return site.holds.create(
    sampleOf('zoe', site.issuer, {
      decision: {
        ...decision,
        reviewers: [{ group, count: 1 }],
        answering: { ...answering, ...changes },
      },
    }),
  )
}

const key = (subject: string) => ({ issuer: site.issuer, subject })
const shifts = (...names: readonly string[]) => ({
  group: 'dba',
  startsAt: new Date(site.parts.now()).toISOString(),
  shiftMs: SHIFT,
  shifts: names.map((name) => [key(name)]),
})

async function yours(name: 'ana' | 'ben', query = 'status=pending&which=to_answer'): Promise<readonly string[]> {
  const { holds } = (await (await browsers[name].get(`/api/holds?${query}`)).json()) as { holds: HoldSummary[] }
  return holds.map(({ id }) => id)
}

async function opens(name: 'ana' | 'ben', id: string): Promise<Pick<HoldView['you'], 'mayVote'> | number> {
  const response = await browsers[name].get(`/api/holds/${id}`)
  const view = (await response.json()) as HoldView
  return response.status === 200 ? { mayVote: view.you.mayVote } : response.status
}

async function answers(name: 'ana' | 'ben', id: string): Promise<number> {
  return (await browsers[name].post(`/api/holds/${id}/votes`, { choice: 'approve' })).status
}

async function benIsAway(): Promise<string> {
  const until = new Date(site.parts.now() + HOUR).toISOString()
  const response = await browsers.ben.post('/api/delegations', { to: 'ana', until })
  expect(response.status).toBe(200)
  return ((await response.json()) as { id: string }).id
}

test('what is on call is in the list of whoever is on duty, from the shift’s first moment to its last', async () => {
  const { id } = await held({ onCall: [shifts('ben', 'ana')] })
  expect([await yours('ben'), await yours('ana')]).toEqual([[id], []])
  expect([await opens('ben', id), await opens('ana', id)]).toEqual([{ mayVote: true }, { mayVote: false }])
  site.pass(SHIFT)
  expect([await yours('ben'), await yours('ana')]).toEqual([[], [id]])
  expect(await answers('ben', id)).toBe(403)
  expect(await opens('ana', id)).toEqual({ mayVote: true })
  expect(await answers('ana', id)).toBe(200)
})

test.each([
  ['by a group', () => ({})],
  ['by a shift', () => ({ onCall: [shifts('ben')] })],
])('what waits for somebody who is away %s is in their delegate’s list, for so long', async (_how, more) => {
  const [first, second] = [
    await held({ delegates: { dba: ['engineers'] }, ...more() }),
    await held({ delegates: { dba: ['engineers'] }, ...more() }),
  ]
  expect([await yours('ana'), await opens('ana', first.id)]).toEqual([[], { mayVote: false }])
  const delegation = await benIsAway()
  expect(new Set(await yours('ana'))).toEqual(new Set([first.id, second.id]))
  expect(await opens('ana', first.id)).toEqual({ mayVote: true })
  expect(await answers('ana', first.id)).toBe(200)
  await browsers.ana.post(`/api/delegations/${delegation}/revoke`, {})
  expect([await yours('ana'), await answers('ana', second.id)]).toEqual([[], 403])
})

test('what is escalated is in the second group’s list by the clock, whether the job came or not', async () => {
  const { id } = await held({ escalate: { group: 'engineers', afterMs: 60_000 } }, 'finance')
  expect([await yours('ana'), await opens('ana', id)]).toEqual([[], { mayVote: false }])
  site.pass(60_000)
  expect([await yours('ana'), await opens('ana', id)]).toEqual([[id], { mayVote: true }])
  expect(await answers('ana', id)).toBe(200)
})

test('a stranger finds none of them, and somebody else’s delegate no more', async () => {
  await benIsAway()
  const strange = [
    await held({ onCall: [shifts('ben')] }),
    await held({ delegates: { dba: ['sre'] } }),
    await held({ escalate: { group: 'leads', afterMs: 60_000 } }),
  ]
  site.pass(60_000)
  for (const { id } of strange) expect([await opens('ana', id), await answers('ana', id)]).toEqual([404, 404])
  for (const which of ['all', 'to_answer', 'to_review', 'asked'])
    expect(await yours('ana', `which=${which}`)).toEqual([])
})

test('a list of one finds it behind many that only look like theirs', async () => {
  const { id } = await held({ onCall: [shifts('ana')] })
  await held({ escalate: { group: 'engineers', afterMs: HOUR } }, 'finance')
  await site.pool.query(
    `INSERT INTO hold (id, status, mode, identity, digest, waiting_session, request, created_at, expires_at)
     SELECT 'hold_other' || i, 'pending', 'error', 'other', 'd' || i, '', request, created_at + interval '1 second',
       expires_at
     FROM hold, generate_series(1, 450) i WHERE id <> $1`,
    [id],
  )
  expect(await yours('ana', 'status=pending&which=to_answer&limit=1')).toEqual([id])
})

test('what was run by breaking the glass is in the list of who may review it now', async () => {
  await site.directory.upsert({ ...key('zoe'), name: 'zoe', kind: 'human', groups: ['operators'] })
  const breakGlass = { group: 'operators', reviewMs: 5 * HOUR }
  const { id } = await held({ onCall: [shifts('ben', 'ana')], breakGlass })
  await site.holds.breakGlass(id, key('zoe'), { reason: 'fire', via: 'console' })
  expect([await yours('ben', 'which=to_review'), await yours('ana', 'which=to_review')]).toEqual([[id], []])
  site.pass(SHIFT)
  expect([await yours('ben', 'which=to_review'), await yours('ana', 'which=to_review')]).toEqual([[], [id]])
})

test('people of a schedule find holds from before lists knew of schedules', async () => {
  const { id } = await held({ onCall: [shifts('ana', 'cleo "the" née')] })
  const shown = async () => (await site.pool.query('SELECT shown_to FROM hold WHERE id = $1', [id])).rows[0].shown_to
  const now = await shown()
  await site.pool.query("UPDATE hold SET shown_to = '{dba}'")
  expect(await yours('ana')).toEqual([])
  const migration = '../../../workflows/state/migrations/0026-hold-shown-to-scheduled.sql'
  await site.pool.query(readFileSync(new URL(migration, import.meta.url), 'utf8'))
  expect(await yours('ana')).toEqual([id])
  expect(new Set(await shown())).toEqual(new Set(now))
})

test('what an agent asks is its owner’s to see, to explain and to take back, and never to answer', async () => {
  const owner = key('ben')
  await site.directory.upsert({ ...key('lone'), name: 'lone-bot', kind: 'agent', groups: ['agents'], owner })
  const sample = sampleOf('lone', site.issuer)
  const identity = { ...sample.identity, ...key('lone'), name: 'lone-bot', kind: 'agent', actsFor: null } as const
  const reviewers = [{ group: 'nobody-here', count: 1 }]
  const alone = await site.holds.create({ ...sample, identity, decision: { ...sample.decision, reviewers } })
  expect(await yours('ben', 'status=pending&which=asked')).toEqual([alone.id])
  expect(await opens('ben', alone.id)).toEqual({ mayVote: false })
  expect(await opens('ana', alone.id)).toBe(404)
  const dba = { ...sample.decision, reviewers: [{ group: 'dba', count: 1 }] }
  const his = await site.holds.create({ ...sample, digest: 'of the dba', identity, decision: dba })
  expect(await yours('ben')).toEqual([])
  expect(await answers('ben', his.id)).toBe(403)
  await benIsAway()
  expect(await yours('ana')).toEqual([])
  expect((await browsers.ben.post(`/api/holds/${alone.id}/withdraw`, {})).status).toBe(200)
  expect((await site.holds.find(alone.id))?.status).toBe('withdrawn')
})
