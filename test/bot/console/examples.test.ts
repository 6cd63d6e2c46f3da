import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { ExamplesView } from '../../../bot/console/consequences-schema.ts'
import { loadPolicy, type Policy } from '../../../policies/evaluate.ts'
import type { Hold, HoldRequest } from '../../../workflows/holds/hold.ts'
import { defaultPolicies } from '../../policies/default-policy.ts'
import { ana, type GateStand } from '../../proxy/gate-stand.ts'
import { at, openShop, wholeAskedFor } from '../asked-of-reviewers.ts'
import { type RightsOfReaders, rightsOfReaders } from '../rights-of-readers.ts'
import { BrowserSession } from './browser-session.ts'
import { type ConsoleUnderTest, startConsole } from './console-under-test.ts'

/** Rows of data as each reviewer may see them: taken by what ships from a real shop, judged by the gate for whoever looks. */
let shop: GateStand
let rights: RightsOfReaders
let site: ConsoleUnderTest
const browsers = {} as Record<'ana' | 'ben' | 'cleo', BrowserSession>
beforeAll(async () => {
  shop = await openShop()
  rights = rightsOfReaders(shop)
  site = await startConsole({ examplesFor: (asked) => rights.examplesFor(asked) })
  for (const name of ['ana', 'ben', 'cleo'] as const) {
    browsers[name] = new BrowserSession(site)
    await browsers[name].signIn(name)
  }
}, 360_000)
afterAll(async () => {
  await site?.[Symbol.asyncDispose]()
  await shop?.[Symbol.asyncDispose]()
})
/** As they were: a test may have moved them. */
beforeEach(async () => {
  rights.judgeBy(shop.policy)
  await inGroups('cleo', ['dba', 'security', 'pii-readers'])
})

const UPDATE = "UPDATE customers SET name = 'Nobody' WHERE id = 1"

async function held(sql = UPDATE, changes: Partial<HoldRequest> = {}): Promise<Hold> {
  const { request, examples } = await wholeAskedFor(shop, sql, { identity: at(site.issuer, ana) })
  expect(examples).not.toBeNull()
  const decision = { ...request.decision, reviewers: [{ group: 'dba', count: 1 }], expiryMs: 60_000, grantMs: 60_000 }
  return site.holds.create({ ...request, decision, ...changes }, examples)
}

const looked = (name: 'ana' | 'ben' | 'cleo', { id }: Hold) => browsers[name].get(`/api/holds/${id}/examples`)
const seenBy = async (name: 'ben' | 'cleo', hold: Hold): Promise<ExamplesView> => {
  const answer = await looked(name, hold)
  expect(answer.status).toBe(200)
  return (await answer.json()) as ExamplesView
}
const cellOf = ({ columns, rows }: ExamplesView, column: string): string | null | undefined =>
  rows[0]?.before?.[columns.findIndex(({ name }) => name === column)]
const inGroups = (subject: string, groups: readonly string[]) =>
  site.directory.upsert({ issuer: site.issuer, subject, name: subject, kind: 'human', groups })

/** The policies of this checkout with other words on who sees labels clear. */
async function policyThat(clearTo: readonly string[]): Promise<Policy> {
  const compiled = await defaultPolicies()
  const data = JSON.parse(compiled.data.toString('utf8')) as { labels: Record<string, { clear_to: readonly string[] }> }
  for (const label of Object.values(data.labels)) label.clear_to = clearTo
  return loadPolicy({ ...compiled, data: Buffer.from(JSON.stringify(data)), digest: `clear to ${clearTo.join()}` })
}

describe('two reviewers of one hold', () => {
  test('see the same row each as they would if they read it themselves', async () => {
    const hold = await held()
    const [ben, cleo] = [await seenBy('ben', hold), await seenBy('cleo', hold)]
    expect([cellOf(ben, 'email'), cellOf(cleo, 'email')]).toEqual(['c***@***.org', 'canary1@x.org'])
    expect([cellOf(ben, 'birth_date'), cellOf(cleo, 'birth_date')]).toEqual(['1980-01-01', '1980-05-05'])
    expect(cellOf(ben, 'name')).toBe('Customer 1')
    expect(ben.columns.find(({ name }) => name === 'email')).toEqual({
      name: 'email',
      labels: ['email'],
      seen: 'masked',
    })
    expect(cleo.columns.every(({ seen }) => seen === 'clear')).toBe(true)
    expect(JSON.stringify(ben)).not.toMatch(/canary|0170|05-05|4111/)
  })

  test('and what is made of a protected value goes by the rights on that', async () => {
    const hold = await held("UPDATE customers SET name = upper(email), phone = 'x' || phone WHERE id = 1")
    const [ben, cleo] = [await seenBy('ben', hold), await seenBy('cleo', hold)]
    const then = ({ columns, rows }: ExamplesView, column: string) =>
      rows[0]?.after?.[columns.findIndex(({ name }) => name === column)]
    expect([then(ben, 'name'), then(cleo, 'name')]).toEqual(['[hidden]', 'CANARY1@X.ORG'])
    expect([then(ben, 'phone'), then(cleo, 'phone')]).toEqual(['[hidden]', 'x0170 555 001'])
    // That it stays what it is would say something, too.
    expect(ben.rows[0]?.changed[ben.columns.findIndex(({ name }) => name === 'phone')]).toBe(true)
    expect(JSON.stringify(ben)).not.toMatch(/canary/i)
  })

  test('nothing of it is anywhere else: not in the hold, the lists, the logs', async () => {
    const hold = await held()
    await seenBy('cleo', hold)
    for (const path of [`/api/holds/${hold.id}`, '/api/holds', `/holds/${hold.id}`])
      expect(await (await browsers.cleo.get(path)).text()).not.toContain('canary1')
    expect(site.logged.join('\n')).not.toContain('canary1')
  })
})

describe('who looks is judged as they are at that moment', () => {
  test('whose right was withdrawn while it waits sees it masked from then on', async () => {
    const hold = await held()
    expect(cellOf(await seenBy('cleo', hold), 'email')).toBe('canary1@x.org')
    await inGroups('cleo', ['dba', 'security'])
    expect(cellOf(await seenBy('cleo', hold), 'email')).toBe('c***@***.org')
  })

  test('by the policy in force, not by the one that held it', async () => {
    const hold = await held()
    rights.judgeBy(await policyThat([]))
    expect(cellOf(await seenBy('cleo', hold), 'email')).toBe('c***@***.org')
    rights.judgeBy(await policyThat(['dba']))
    expect(cellOf(await seenBy('ben', hold), 'email')).toBe('canary1@x.org')
  })

  test('who would be held when reading it sees nothing at all of it', async () => {
    const hold = await held()
    const rule = { id: 'test.hold', title: 'Reading is held', reason: 'The test says so.', outcome: 'hold' } as const
    rights.judgeBy({
      ...shop.policy,
      decide: (input) => ({ ...shop.policy.decide(input), outcome: 'hold', rules: [rule] }),
    })
    const view = await seenBy('cleo', hold)
    expect(view.whyHidden).toBe(
      'Reading this table yourself would be held (Reading is held), so nothing of it is shown.',
    )
    expect(view.rows[0]?.before?.every((value) => value === '[hidden]')).toBe(true)
    expect(JSON.stringify(view)).not.toMatch(/canary|Customer/)
  })

  test('an agent that is asked sees what an agent may see', async () => {
    const { decision } = await held()
    const hold = await held(UPDATE, {
      identity: at(site.issuer, { ...ana, subject: 'gus', name: 'gus' }),
      decision: { ...decision, reviewers: [{ group: 'agents', count: 1 }] },
      digest: crypto.randomUUID(),
    })
    const authorization = `Bearer ${await site.token('report-bot')}`
    const answer = await fetch(`${site.origin}/api/holds/${hold.id}/examples`, { headers: { authorization } })
    expect(cellOf((await answer.json()) as ExamplesView, 'email')).toBe('c***@***.org')
  })

  test('where there is no policy nothing of it is shown', async () => {
    const hold = await held()
    rights.judgeBy({
      ...shop.policy,
      decide: () => {
        throw new Error('trap')
      },
    })
    const view = await seenBy('cleo', hold)
    expect(view.whyHidden).toContain('would be denied')
    expect(JSON.stringify(view)).not.toMatch(/canary|Customer/)
  })
})

describe('a table that is not what it was', () => {
  test.each([
    [
      'two columns change their names',
      'ALTER TABLE customers RENAME name TO n; ALTER TABLE customers RENAME phone TO name; ALTER TABLE customers RENAME n TO phone',
    ],
    ['another table takes the name', 'ALTER TABLE customers RENAME TO former; CREATE TABLE customers (LIKE former)'],
    ['a column gets another type', 'ALTER TABLE customers ALTER address TYPE varchar(90)'],
    ['a column is gone', 'ALTER TABLE customers DROP COLUMN phone CASCADE'],
  ])('is shown to nobody: %s', async (_, change) => {
    await using own = await openShop()
    const theirs = rightsOfReaders(own)
    const { request, examples } = await wholeAskedFor(own, "UPDATE customers SET phone = '1' WHERE id = 1")
    if (examples === null) throw new Error('there are no examples')
    const identity = { ...ana, groups: ['pii-readers'] }
    const ask = () => theirs.examplesFor({ identity, target: request.target, examples })
    expect(JSON.stringify(await ask())).toContain('canary1@x.org')
    await own.client.query(change)
    const shown = await ask()
    expect(shown.whyHidden).not.toBeNull()
    expect(JSON.stringify(shown)).not.toMatch(/canary|Customer|0170/)
  })

  test('nor what was read with another role than theirs would be', async () => {
    const { request, examples } = await wholeAskedFor(shop, UPDATE)
    if (examples === null) throw new Error('there are no examples')
    const identity = { ...ana, groups: ['pii-readers'] }
    const asked = { identity, target: request.target, examples: { ...examples, role: 'payroll' } }
    expect((await rights.examplesFor(asked)).whyHidden).toContain('a role that is not yours')
  })
})

describe('for nobody but reviewers of this hold', () => {
  test('not for who asked, nor their agent, nor somebody who was not asked', async () => {
    const hold = await held()
    expect((await looked('ana', hold)).status).toBe(404)
    const authorization = `Bearer ${await site.token('report-bot')}`
    expect((await fetch(`${site.origin}/api/holds/${hold.id}/examples`, { headers: { authorization } })).status).toBe(
      404,
    )
    const { decision } = hold
    const others = {
      decision: { ...decision, reviewers: [{ group: 'finance', count: 1 }] },
      digest: crypto.randomUUID(),
    }
    expect((await looked('ben', await held(UPDATE, others))).status).toBe(404)
    expect((await fetch(`${site.origin}/api/holds/${hold.id}/examples`)).status).toBe(401)
  })

  test('each look is on record before it is answered, with the columns that were clear', async () => {
    const hold = await held()
    await seenBy('ben', hold)
    await seenBy('cleo', hold)
    const { rows } = await site.pool.query<{ event: Record<string, unknown> }>(
      "SELECT event FROM trail_outbox WHERE name = 'hold.examples_seen' AND event ->> 'hold' = $1 ORDER BY id",
      [hold.id],
    )
    const policy = shop.policy.digest
    expect(rows.map(({ event }) => event)).toMatchObject([
      { by: { subject: 'ben' }, rows: 1, clear: expect.arrayContaining(['public.customers.name']), policy },
      { by: { subject: 'cleo' }, via: 'console', masked: [], hidden: [], policy },
    ])
    expect(rows[0]?.event.masked).toContain('public.customers.email')
    expect(rows[1]?.event.clear).toContain('public.customers.email')
    expect(JSON.stringify(rows)).not.toContain('canary')
  })

  test('a page that is loaded again is no other look, and one by other rights is', async () => {
    const hold = await held()
    for (let loads = 0; loads < 3; loads++) await seenBy('cleo', hold)
    await inGroups('cleo', ['dba', 'security'])
    await seenBy('cleo', hold)
    await seenBy('cleo', hold)
    const { rows } = await site.pool.query<{ clear: boolean }>(
      `SELECT event -> 'masked' #>> '{}' = '[]' AS clear FROM trail_outbox
       WHERE name = 'hold.examples_seen' AND event ->> 'hold' = $1 ORDER BY id`,
      [hold.id],
    )
    expect(rows).toEqual([{ clear: true }, { clear: false }])
  })

  test('a look that cannot be put on record is not answered', async () => {
    const hold = await held()
    await site.pool.query('ALTER TABLE trail_outbox RENAME TO away')
    const answer = await looked('cleo', hold)
    await site.pool.query('ALTER TABLE away RENAME TO trail_outbox')
    expect(answer.status).toBeGreaterThanOrEqual(500)
    expect(await answer.text()).not.toContain('canary')
  })

  test('what another key sealed is not opened, and says so', async () => {
    const hold = await held()
    await site.pool.query("UPDATE hold_example SET key_id = 'another' WHERE hold = $1", [hold.id])
    const answer = await looked('cleo', hold)
    expect(answer.status).toBe(503)
    expect(await answer.json()).toMatchObject({ code: 'other_key', hint: expect.stringContaining('doors.resultKey') })
  })
})
