import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { HoldSummary, HoldView } from '../../../bot/console/schemas.ts'
import type { Consequences } from '../../../workflows/holds/consequences.ts'
import type { HoldRequest } from '../../../workflows/holds/hold.ts'
import { BrowserSession } from './browser-session.ts'
import { type ConsoleUnderTest, startConsole } from './console-under-test.ts'
import { sampleHold, sampleOf } from './sample-hold.ts'

/** What reviewers are given to judge by, and what of it is for whom. */
let site: ConsoleUnderTest
const browsers = {} as Record<'ana' | 'ben' | 'cleo', BrowserSession>

beforeAll(async () => {
  site = await startConsole()
  for (const name of ['ana', 'ben', 'cleo'] as const) {
    browsers[name] = new BrowserSession(site)
    await browsers[name].signIn(name)
  }
})
afterAll(() => site[Symbol.asyncDispose]())

const consequences: Consequences = {
  locks: [{ table: 'public.customers', mode: 'ROW EXCLUSIVE' }],
  cascades: [{ table: 'public.orders', constraint: 'fk', does: 'delete', from: 'public.customers', rows: 7 }],
  triggers: [],
  undo: { how: 'impossible', sentence: 'Not after it commits.' },
  examples: 1,
}

/** Asked by ana’s agent, reviewed by dba (ben, cleo); cleo alone is in pii-readers. */
function compared(changes: Partial<HoldRequest> = {}): HoldRequest {
  const { facts } = sampleHold(site.issuer)
  return sampleHold(site.issuer, {
    statement: "DELETE FROM customers WHERE email = 'canary@x.org' -- canary",
    parameters: ['canary'],
    consequences,
    labelsClearTo: { email: ['pii-readers'] },
    facts: {
      ...facts,
      columns: [{ schema: 'public', relation: 'customers', column: 'email', uses: ['filtered'], labels: ['email'] }],
    },
    ...changes,
  })
}

const viewOf = async (name: 'ana' | 'ben' | 'cleo', id: string): Promise<HoldView> =>
  (await (await browsers[name].get(`/api/holds/${id}`)).json()) as HoldView
const approve = async (name: 'ben' | 'cleo', id: string): Promise<Response> =>
  browsers[name].post(`/api/holds/${id}/votes`, { choice: 'approve' })

describe('values compared with protected columns', () => {
  test('are hidden from a reviewer who sees the column masked, and cannot be approved by them', async () => {
    const { id } = await site.holds.create(compared())
    const view = await viewOf('ben', id)
    expect(JSON.stringify(view)).not.toContain('canary')
    expect(view).toMatchObject({ hidden: true, parameters: ['‹hidden›'] })
    expect(view.statement).toContain('DELETE FROM customers WHERE email = ‹hidden›')
    expect(view.you.mayVote).toBe(true)
    expect(view.you.whyNotApprove).toContain('pii-readers')
    const refused = await approve('ben', id)
    expect(refused.status).toBe(403)
    expect(await refused.json()).toMatchObject({ code: 'not_shown_whole' })
    expect((await site.holds.find(id))?.status).toBe('pending')
    const list = JSON.stringify(await (await browsers.ben.get('/api/holds')).json())
    expect(list).not.toContain('canary')
    expect((await browsers.ben.post(`/api/holds/${id}/votes`, { choice: 'reject', reason: 'no' })).status).toBe(200)
  })

  test('are shown to a reviewer who sees it clear, and to whoever wrote them', async () => {
    const { id } = await site.holds.create(compared())
    expect(await viewOf('cleo', id)).toMatchObject({ hidden: false, parameters: ['canary'] })
    expect((await viewOf('ana', id)).statement).toContain('canary@x.org')
    expect((await approve('cleo', id)).status).toBe(200)
  })

  test.each([[{}], [{ labelsClearTo: {} }], [{ labelsClearTo: { email: [] } }]])(
    'are hidden from every reviewer when nobody is said to see the label clear: %j',
    async (changes) => {
      const { labelsClearTo: _, ...without } = compared()
      const { id } = await site.holds.create({ ...without, ...changes, digest: crypto.randomUUID() })
      expect((await viewOf('cleo', id)).hidden).toBe(true)
      expect((await approve('cleo', id)).status).toBe(403)
    },
  )

  test('the count of the rows they meet is not told to who asked: it would be the answer', async () => {
    const { id } = await site.holds.create(compared())
    expect(await viewOf('ana', id)).toMatchObject({
      preview: { kind: 'unknown' },
      consequences: { cascades: [{ rows: null }] },
    })
    expect(await viewOf('ben', id)).toMatchObject({
      preview: { rows: 3_000 },
      consequences: { cascades: [{ rows: 7 }] },
    })
  })
})

test('rows of data are for who is asked, not for who asked', async () => {
  const { id } = await site.holds.create(sampleHold(site.issuer, { consequences }))
  expect((await viewOf('ben', id)).consequences?.examples).toBe(1)
  expect((await viewOf('ana', id)).consequences?.examples).toBeNull()
  const token = await site.token('report-bot')
  const byAgent = await fetch(`${site.origin}/api/holds/${id}`, { headers: { authorization: `Bearer ${token}` } })
  expect(byAgent.status).toBe(200)
  expect(((await byAgent.json()) as HoldView).consequences?.examples).toBeNull()
})

describe('who asks', () => {
  test('since when they are known and in their groups, and not before it was recorded', async () => {
    const { id } = await site.holds.create(sampleOf('ana', site.issuer, { client: '10.0.0.7:5000' }))
    const recorded = {
      since: expect.stringMatching(/^20/),
      groups: [{ name: 'engineers', since: expect.stringMatching(/^20/) }],
    }
    expect(await viewOf('ben', id)).toMatchObject({
      client: '10.0.0.7:5000',
      known: { asker: recorded, actsFor: null },
    })
    await site.pool.query("UPDATE person SET first_seen_at = NULL WHERE subject = 'ana'")
    expect((await viewOf('ben', id)).known.asker?.since).toBeNull()
  })

  test('who leaves a group and comes back is in it since then', async () => {
    const dora = { issuer: site.issuer, subject: 'dora', name: 'dora', kind: 'human' as const }
    await site.directory.upsert({ ...dora, groups: ['a', 'b'] })
    await site.pool.query("UPDATE person_group SET since = '2020-01-01' WHERE subject = 'dora'")
    await site.directory.upsert({ ...dora, groups: ['b'] })
    await site.directory.upsert({ ...dora, groups: ['a', 'b'] })
    const { rows } = await site.pool.query(
      "SELECT name, since < '2021-01-01' AS old FROM person_group WHERE subject = 'dora' ORDER BY name",
    )
    expect(rows).toEqual([
      { name: 'a', old: false },
      { name: 'b', old: true },
    ])
  })

  test('what they were held for before, and how it was answered', async () => {
    const of = (statement: string) =>
      site.holds.create(sampleOf('gus', site.issuer, { statement, digest: crypto.randomUUID() }))
    const cleo = { issuer: site.issuer, subject: 'cleo' }
    const first = await of('DELETE FROM a WHERE id = 1')
    await site.holds.vote(first.id, cleo, { choice: 'approve', reason: null, via: 'console' })
    await site.holds.vote((await of('DELETE FROM b')).id, cleo, { choice: 'reject', reason: 'no', via: 'console' })
    const view = await viewOf('ben', (await of('DELETE FROM a WHERE id = 2')).id)
    expect(view.lately.map(({ status }) => status)).toEqual(['rejected', 'approved'])
    expect(view.latelyCounts).toEqual({ approved: 1, rejected: 1 })
    expect(view.sameShape?.id).toBe(first.id)
    expect(view.sameShape?.parts).toContainEqual({ kind: 'removed', text: '1' })
    expect(view.sameShape?.parts).toContainEqual({ kind: 'added', text: '2' })
  })

  test('is not compared with values that the reviewer may not read', async () => {
    const one = await site.holds.create(compared({ digest: crypto.randomUUID() }))
    await site.holds.vote(
      one.id,
      { issuer: site.issuer, subject: 'cleo' },
      { choice: 'approve', reason: null, via: 'console' },
    )
    const other = await site.holds.create(compared({ digest: crypto.randomUUID(), parameters: ['canary two'] }))
    const view = await viewOf('ben', other.id)
    expect(view.sameShape?.parts).toEqual([expect.objectContaining({ kind: 'same' })])
    expect(JSON.stringify(view)).not.toContain('canary')
  })
})

describe('the rule', () => {
  const rulePlaces = { 'production.write_without_where': { file: 'rules/production/x y.rego', line: 12 } }

  test('is linked to its line at the commit of the release that decided', async () => {
    const policyDigest = 'd1'.repeat(32)
    const commit = 'ab'.repeat(20)
    await releaseOf(policyDigest, commit, 'acme/policies')
    const { id } = await site.holds.create(sampleHold(site.issuer, { policyDigest, rulePlaces }))
    const view = await viewOf('ben', id)
    expect(view.policyReviewed).toBe(true)
    expect(view.rulePlaces['production.write_without_where']?.url).toBe(
      `https://github.com/acme/policies/blob/${commit}/policies/rules/production/x%20y.rego#L12`,
    )
  })

  test('of local files is named by file and line', async () => {
    const { id } = await site.holds.create(sampleHold(site.issuer, { rulePlaces }))
    expect((await viewOf('ben', id)).rulePlaces).toEqual({
      'production.write_without_where': { file: 'rules/production/x y.rego', line: 12, url: null },
    })
  })
})

async function releaseOf(digest: string, commit: string, repository: string): Promise<void> {
  await site.pool.query(
    `INSERT INTO release (commit, repository, repository_name, branch, folder, digest, package, pulls, changes, files, evidence, verified_at)
     VALUES ($1, 7, $2, 'main', 'policies', $3, '', '[]', '[]', '[]', '', now())`,
    [commit, repository, digest],
  )
}

describe('a list', () => {
  const listOf = async (name: 'ana' | 'ben' | 'cleo', query: string): Promise<readonly HoldSummary[]> =>
    ((await (await browsers[name].get(`/api/holds?${query}`)).json()) as { holds: HoldSummary[] }).holds

  test('reaches behind a thousand holds that are for others', async () => {
    const { decision } = sampleHold(site.issuer)
    const mine = await site.holds.create(sampleHold(site.issuer, { statement: 'DELETE FROM behind' }))
    await site.pool.query(
      `INSERT INTO hold (id, status, mode, identity, digest, waiting_session, request, created_at, expires_at)
       SELECT 'hold_other' || i, 'pending', 'error', 'other', 'd' || i, '', $1::json, now() + interval '1 minute', now() + interval '1 hour'
       FROM generate_series(1, 1200) i`,
      [
        JSON.stringify(
          sampleOf('zoe', site.issuer, { decision: { ...decision, reviewers: [{ group: 'finance', count: 1 }] } }),
        ),
      ],
    )
    const shown = await listOf('ben', 'status=pending&limit=500')
    expect(shown.map(({ id }) => id)).toContain(mine.id)
    expect(shown.some(({ id }) => id.startsWith('hold_other'))).toBe(false)
    await site.pool.query("DELETE FROM hold WHERE id LIKE 'hold_other%'")
  })

  test('of what I asked, of what my groups are asked, and of all that I may see', async () => {
    const own = await site.holds.create(sampleOf('ben', site.issuer))
    const ids = async (name: 'ana' | 'ben' | 'cleo', which: string) =>
      (await listOf(name, `status=pending&which=${which}&limit=500`)).map(({ id }) => id)
    expect(await ids('ben', 'asked')).toEqual([own.id])
    expect(await ids('ben', 'to_answer')).not.toContain(own.id)
    expect(await ids('ben', 'all')).toContain(own.id)
    expect(await ids('cleo', 'to_answer')).toContain(own.id)
    expect(await ids('ana', 'all')).not.toContain(own.id)
    await site.holds.vote(
      own.id,
      { issuer: site.issuer, subject: 'cleo' },
      { choice: 'reject', reason: 'no', via: 'console' },
    )
    expect(await ids('cleo', 'to_answer')).not.toContain(own.id)
  })

  test('finds what has a NUL in it, and takes it for no other name', async () => {
    const named = (subject: string) =>
      sampleOf(subject, site.issuer, { digest: crypto.randomUUID(), parameters: ['a\0b', String.raw`c\u0000d`] })
    const { id } = await site.holds.create(named('ana\0'))
    const own = await site.holds.create(named('ana'))
    expect((await listOf('ben', 'status=pending&which=to_answer&limit=500')).map((hold) => hold.id)).toContain(id)
    const asked = (await listOf('ana', 'status=pending&which=asked&limit=500')).map((hold) => hold.id)
    expect(asked).toContain(own.id)
    expect(asked).not.toContain(id)
  })

  test('of what was decided has the latest decision first', async () => {
    const earlier = await site.holds.create(sampleHold(site.issuer))
    const later = await site.holds.create(sampleHold(site.issuer))
    const no = { choice: 'reject', reason: 'no', via: 'console' } as const
    await site.holds.vote(later.id, { issuer: site.issuer, subject: 'cleo' }, no)
    await site.holds.vote(earlier.id, { issuer: site.issuer, subject: 'cleo' }, no)
    expect((await listOf('ben', 'status=decided&limit=2')).map(({ id }) => id)).toEqual([earlier.id, later.id])
  })
})

test('who asked may say why, once it is wanted', async () => {
  const { id } = await site.holds.create(sampleOf('ana', site.issuer))
  expect((await browsers.ben.post(`/api/holds/${id}/reason`, { reason: 'not mine' })).status).toBe(403)
  const said = await browsers.ana.post(`/api/holds/${id}/reason`, { reason: 'ticket 7' })
  expect(await said.json()).toMatchObject({ reason: 'ticket 7' })
})
