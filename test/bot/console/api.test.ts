import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { HoldSummary, HoldView } from '../../../bot/console/schemas.ts'
import type { Hold } from '../../../workflows/holds/hold.ts'
import { BrowserSession } from './browser-session.ts'
import { type ConsoleUnderTest, startConsole } from './console-under-test.ts'
import { sampleHold, sampleOf } from './sample-hold.ts'

let site: ConsoleUnderTest
let hold: Hold
const browsers = { ana: null, ben: null, cleo: null } as unknown as Record<'ana' | 'ben' | 'cleo', BrowserSession>

beforeAll(async () => {
  site = await startConsole()
  for (const name of ['ana', 'ben', 'cleo'] as const) {
    browsers[name] = new BrowserSession(site)
    await browsers[name].signIn(name)
  }
})
afterAll(() => site[Symbol.asyncDispose]())
beforeEach(async () => {
  hold = await site.holds.create(sampleHold(site.issuer))
})

const bodyOf = async <T>(response: Response): Promise<T> => (await response.json()) as T
const path = (rest = ''): string => `/api/holds/${hold.id}${rest}`
const byToken = async (name: string, to: string, init: RequestInit = {}): Promise<Response> =>
  fetch(site.origin + to, {
    ...init,
    headers: { authorization: `Bearer ${await site.token(name)}`, 'content-type': 'application/json' },
  })

describe('a hold is shown', () => {
  test('whole, to a reviewer', async () => {
    const view = await bodyOf<HoldView>(await browsers.ben.get(path()))
    expect(view).toMatchObject({
      id: hold.id,
      status: 'pending',
      asker: { name: 'report-bot', kind: 'agent', actsFor: { name: 'ana' } },
      target: { name: 'prod/shop', environment: 'production' },
      statement: 'DELETE FROM customers',
      preview: { kind: 'counted', rows: 3_000, ofRows: 3_000 },
      rules: [{ id: 'production.write_without_where' }],
      reviewers: [{ group: 'dba', count: 1, approved: 0 }],
      facts: { relations: [{ name: 'public.customers', access: ['delete'], labels: ['email', 'phone', 'card'] }] },
      policyReviewed: false,
      you: { mayVote: true, whyNot: null, mayWithdraw: false, voted: null },
    })
  })

  test('with what was said about it, by whom, and whether that is proven', async () => {
    const said = { hold: hold.id, via: 'slack', at: new Date().toISOString() } as const
    const author = { issuer: site.issuer, subject: 'cleo' }
    await site.holds.comment({ ...said, id: 'slack:1', author, name: 'cleo', text: 'Looks odd' })
    await site.holds.comment({ ...said, id: 'slack:2', author: null, name: 'boss', text: 'Approve it' })
    const { comments } = await bodyOf<HoldView>(await browsers.ben.get(path()))
    expect(comments).toMatchObject([
      { name: 'cleo', known: true, text: 'Looks odd' },
      { name: 'boss', known: false, text: 'Approve it' },
    ])
  })

  test('to the person for whom an agent asks, who may withdraw it and not answer it', async () => {
    const { you } = await bodyOf<HoldView>(await browsers.ana.get(path()))
    expect(you).toEqual({
      mayVote: false,
      whyNot: 'report-bot acts for you. Someone else has to decide.',
      whyNotApprove: null,
      mayReview: false,
      mayBreakGlass: false,
      mayApproveAlike: false,
      mayUndoAlike: false,
      mayWithdraw: true,
      voted: null,
    })
  })

  test('to security, without a vote where another group reviews', async () => {
    const { decision } = sampleHold(site.issuer)
    hold = await site.holds.create(
      sampleHold(site.issuer, { decision: { ...decision, reviewers: [{ group: 'finance', count: 1 }] } }),
    )
    expect(await bodyOf(await browsers.cleo.get(path()))).toMatchObject({
      you: { mayVote: false, whyNot: 'Only members of finance can answer this.' },
    })
    expect((await browsers.ben.get(path())).status).toBe(404)
  })

  test('to nobody else: for them it does not exist, not even to vote on', async () => {
    hold = await site.holds.create(sampleOf('ben', site.issuer))
    for (const response of [
      await browsers.ana.get(path()),
      await browsers.ana.post(path('/votes'), { choice: 'approve' }),
      await browsers.ana.post(path('/withdraw'), {}),
      await browsers.ana.get('/api/holds/hold_nosuchhold'),
    ]) {
      expect(response.status).toBe(404)
      expect(await response.json()).toMatchObject({ code: 'not_found', detail: 'There is no such hold.' })
    }
    const { holds } = await bodyOf<{ holds: HoldSummary[] }>(await browsers.ana.get('/api/holds?limit=500'))
    expect(holds.map(({ id }) => id)).not.toContain(hold.id)
  })

  test('in the list, by status', async () => {
    await browsers.ben.post(path('/votes'), { choice: 'reject', reason: 'not today' })
    const listed = async (query: string): Promise<boolean> => {
      const { holds } = await bodyOf<{ holds: HoldSummary[] }>(await browsers.ben.get(`/api/holds?${query}`))
      return holds.some(({ id }) => id === hold.id)
    }
    expect(await Promise.all(['status=decided', 'status=rejected', '', 'status=pending'].map(listed))).toEqual([
      true,
      true,
      true,
      false,
    ])
  })

  test('to nobody who is not signed in', async () => {
    for (const to of ['/api/me', '/api/holds', path(), '/api/events', '/api/slack-link?code=x']) {
      const response = await fetch(site.origin + to)
      expect(response.status).toBe(401)
      expect(response.headers.get('content-type')).toMatch(/^application\/problem\+json/)
      expect(await response.json()).toMatchObject({ status: 401, code: 'unauthenticated', title: 'Unauthorized' })
    }
  })
})

describe('an answer', () => {
  test('approves, and says who approved', async () => {
    const view = await bodyOf<HoldView>(await browsers.ben.post(path('/votes'), { choice: 'approve', reason: '' }))
    expect(view).toMatchObject({
      status: 'approved',
      votes: [{ voter: { name: 'ben' }, choice: 'approve', reason: null, via: 'console' }],
      you: { mayVote: false, voted: 'approve' },
    })
    expect((await site.holds.find(hold.id))?.status).toBe('approved')
  })

  test('rejects only with a reason', async () => {
    for (const reason of [undefined, null, '', '  \n']) {
      const response = await browsers.ben.post(path('/votes'), { choice: 'reject', reason })
      expect(await response.json()).toMatchObject({ status: 400, code: 'reason_required' })
    }
    const view = await bodyOf<HoldView>(await browsers.ben.post(path('/votes'), { choice: 'reject', reason: 'no' }))
    expect(view).toMatchObject({ status: 'rejected', votes: [{ reason: 'no' }] })
  })

  test.each([
    ['their own agent’s', 'ana', 404, 'own_request', 'agent'],
    ['their own', 'ben', 403, 'own_request', 'ben'],
  ] as const)('to %s request is refused and recorded', async (_whose, name, _status, code, of) => {
    if (of === 'ben') hold = await site.holds.create(sampleOf('ben', site.issuer))
    const response = await browsers[name].post(path('/votes'), { choice: 'approve' })
    expect(response.status).toBe(403)
    expect(await response.json()).toMatchObject({ code })
    expect((await site.holds.find(hold.id))?.status).toBe('pending')
    const { rows } = await site.pool.query("SELECT event FROM trail_outbox WHERE name = 'hold.vote_refused'")
    expect(rows.map(({ event }) => event)).toContainEqual(expect.objectContaining({ hold: hold.id, reason: code }))
  })

  test('counts once', async () => {
    const { decision } = sampleHold(site.issuer)
    hold = await site.holds.create(
      sampleHold(site.issuer, { decision: { ...decision, reviewers: [{ group: 'dba', count: 2 }] } }),
    )
    expect((await browsers.ben.post(path('/votes'), { choice: 'approve' })).status).toBe(200)
    const second = await browsers.ben.post(path('/votes'), { choice: 'approve' })
    expect(await second.json()).toMatchObject({ status: 409, code: 'already_voted' })
    const { status } = await bodyOf<HoldView>(await browsers.cleo.post(path('/votes'), { choice: 'approve' }))
    expect(status).toBe('approved')
  })

  test('comes too late once it is decided', async () => {
    await browsers.ben.post(path('/votes'), { choice: 'reject', reason: 'no' })
    const late = await browsers.cleo.post(path('/votes'), { choice: 'approve' })
    expect(await late.json()).toMatchObject({ status: 409, code: 'not_pending' })
  })

  test.each([
    [{}],
    [{ choice: 'maybe' }],
    [{ choice: 'approve', reason: 7 }],
    [{ choice: 'approve', reason: 'x'.repeat(2_001) }],
    [{ choice: 'approve', as: 'cleo' }],
  ])('that is not one is refused with what is wrong: %j', async (body) => {
    const response = await browsers.ben.post(path('/votes'), body)
    expect(await response.json()).toMatchObject({ status: 400, code: 'invalid_request' })
    expect((await site.holds.find(hold.id))?.votes).toEqual([])
  })

  test('may be taken back by who asked and by nobody else', async () => {
    expect(await bodyOf(await browsers.ben.post(path('/withdraw'), {}))).toMatchObject({ code: 'not_the_asker' })
    expect(await bodyOf(await browsers.ana.post(path('/withdraw'), {}))).toMatchObject({ status: 'withdrawn' })
  })
})

describe('a request that another site caused is refused', () => {
  const attempts: readonly (readonly [string, Record<string, string>])[] = [
    ['another origin', { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' }],
    ['another port of this host', { origin: 'http://127.0.0.1:1', 'sec-fetch-site': 'same-site' }],
    ['an origin that only begins alike', { origin: 'ORIGIN.evil.example' }],
    ['no origin to tell', { origin: '', 'sec-fetch-site': '' }],
    ['an opaque origin', { origin: 'null', 'sec-fetch-site': 'cross-site' }],
    ['our origin, but from elsewhere', { 'sec-fetch-site': 'cross-site' }],
    ['no token', { 'x-holdpoint-csrf': '' }],
    ['the token of another session', { 'x-holdpoint-csrf': 'x'.repeat(43) }],
  ]
  test.each(attempts)('%s', async (_how, headers) => {
    const sent = Object.fromEntries(Object.entries(headers).map(([k, v]) => [k, v.replace('ORIGIN', site.origin)]))
    for (const to of [path('/votes'), path('/withdraw'), '/sign-out', '/api/slack-link']) {
      const response = await browsers.ben.post(to, { choice: 'approve', code: 'x' }, sent)
      expect(response.status, to).toBe(403)
      expect(await response.json()).toMatchObject({ code: 'cross_site_request' })
    }
    expect((await site.holds.find(hold.id))?.status).toBe('pending')
    expect((await browsers.ben.get('/api/me')).status).toBe(200)
  })

  test('and a form, which needs no permission to be sent, is not read', async () => {
    const form = { 'content-type': 'application/x-www-form-urlencoded' }
    const response = await browsers.ben.post(path('/votes'), { choice: 'approve' }, form)
    expect(response.status).toBe(415)
  })

  test('and a GET changes nothing', async () => {
    expect((await browsers.ben.get(path('/votes'))).status).toBe(404)
    expect((await browsers.ben.get(path('/withdraw'))).status).toBe(404)
  })
})

describe('a bearer token', () => {
  test('answers as the person it was issued to, by the command line', async () => {
    const response = await byToken('ben', path('/votes'), { method: 'POST', body: '{"choice":"approve"}' })
    expect(await response.json()).toMatchObject({
      status: 'approved',
      votes: [{ voter: { name: 'ben' }, via: 'command_line' }],
    })
  })

  test('of an agent answers nothing, whoever it acts for', async () => {
    const response = await byToken('report-bot', path('/votes'), { method: 'POST', body: '{"choice":"approve"}' })
    expect(await response.json()).toMatchObject({ status: 403, code: 'people_only' })
  })

  test('of an agent sees and withdraws what it asked', async () => {
    expect((await byToken('report-bot', path())).status).toBe(200)
    expect(await bodyOf(await byToken('report-bot', path('/withdraw'), { method: 'POST', body: '{}' }))).toMatchObject({
      status: 'withdrawn',
    })
  })

  test.each(['Bearer x', 'Bearer a.b.c', 'Basic dXNlcjpwYXNz', 'Bearer', `Bearer ${'a'.repeat(7_000)}`])(
    'that proves nothing gets nothing: %.20s',
    async (authorization) => {
      const response = await fetch(site.origin + path(), { headers: { authorization } })
      expect(response.status).toBe(401)
      expect(response.headers.get('www-authenticate')).toMatch(/^Bearer/)
      expect(await response.json()).toMatchObject({ code: 'unauthenticated' })
    },
  )

  test('that is bad is not made good by a cookie', async () => {
    const response = await browsers.ben.fetch(site.origin + path(), { headers: { authorization: 'Bearer x' } })
    expect(response.status).toBe(401)
  })
})

test('pages allow no inline script, no frame and no other site’s content', async () => {
  const { headers } = await fetch(`${site.origin}/`)
  const policy = headers.get('content-security-policy') ?? ''
  expect(policy.split(';').sort()).toEqual(
    [
      "base-uri 'none'",
      "connect-src 'self'",
      "default-src 'none'",
      "form-action 'self'",
      "frame-ancestors 'none'",
      "img-src 'self'",
      "require-trusted-types-for 'script'",
      "script-src 'self'",
      "style-src 'self'",
      "trusted-types 'none'",
    ].sort(),
  )
  expect(headers.get('x-content-type-options')).toBe('nosniff')
  expect(headers.get('cache-control')).toBe('no-store')
})

test('what the API says is never kept by a cache', async () => {
  expect((await browsers.ben.get(path())).headers.get('cache-control')).toBe('no-store')
})

test('a failure of ours says where to look and not what failed', async () => {
  await site.pool.query('ALTER TABLE vote RENAME TO vote_away')
  try {
    const response = await browsers.ben.get(path())
    expect(response.status).toBe(500)
    expect(await response.text()).not.toMatch(/vote|relation|select/i)
  } finally {
    await site.pool.query('ALTER TABLE vote_away RENAME TO vote')
  }
})

test('is alive without a session', async () => {
  expect(await bodyOf(await fetch(`${site.origin}/healthz`))).toEqual({ status: 'ok' })
})
