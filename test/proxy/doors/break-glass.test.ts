import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { canariesIn } from '../../adversary/canaries.ts'
import { type DoorsStand, openDoorsStand } from './doors-stand.ts'
import { openMcp } from './mcp-client.ts'

let stand: DoorsStand
beforeAll(async () => {
  stand = await openDoorsStand()
}, 60_000)
afterAll(() => stand[Symbol.asyncDispose]())

let one = 0
const unbounded = (returning = ''): string =>
  `UPDATE customers SET name = name || '!' ${returning} /* glass ${++one} */`
const DOWN = 'The shop is down'

async function lastHoldOf(name: string) {
  return (await stand.call(name, 'GET', '/v1/holds?limit=1')).body.holds[0]
}

async function noticesOf(hold: string): Promise<readonly string[]> {
  const { rows } = await stand.workflows.pool.query('SELECT reason FROM outbox WHERE hold = $1', [hold])
  return rows.map(({ reason }) => reason)
}

describe('breaking the glass over HTTP', () => {
  test('runs what is held at once, masked, tells reviewers, and wants a review', async () => {
    await stand.workflows.pool.query("INSERT INTO delivery (name, active) VALUES ('test', true)")
    const { status, body, text } = await stand.statement('gus', unbounded('RETURNING id, email'), { breakGlass: DOWN })
    expect({ status, tag: body.tag }).toEqual({ status: 200, tag: 'UPDATE 5' })
    expect(canariesIn(Buffer.from(text))).toEqual([])
    const hold = await lastHoldOf('gus')
    expect(hold).toMatchObject({
      status: 'executed',
      votes: [],
      brokenGlass: { reason: DOWN, reviewed: false, reviewDueAt: expect.any(String) },
    })
    expect(await stand.workflows.holds.find(hold.id)).toMatchObject({ brokenGlass: { via: 'http' } })
    expect(await noticesOf(hold.id)).toContain('glass_broken')
  })

  test('is not used up by, nor recorded for, what is allowed anyway', async () => {
    const before = await lastHoldOf('gus')
    expect((await stand.statement('gus', 'SELECT 1', { breakGlass: DOWN })).body).toMatchObject({ status: 'completed' })
    expect(await lastHoldOf('gus')).toEqual(before)
  })

  test('does nothing for what is denied', async () => {
    const { status, body } = await stand.statement('gus', "SELECT pg_read_file('x')", { breakGlass: DOWN })
    expect({ status, code: body.code }).toEqual({ status: 403, code: 'denied' })
  })

  test.each([
    ['somebody who is not in the group', 'ana', /Only members of break-glass/],
    ['an agent, whoever it acts for', 'report-bot', /Only people break the glass/],
  ])('%s is held like everybody, and told why', async (_, name, why) => {
    const { status, body } = await stand.statement(name, unbounded(), { breakGlass: DOWN })
    expect(status).toBe(202)
    expect(body).toMatchObject({ status: 'held', hold: { status: 'pending', mode: 'defer', brokenGlass: null } })
    expect(body.glassWhole).toMatch(why)
    await stand.answer(body.hold.id, 'approve')
    const ready = async () => (await stand.call(name, 'GET', `/v1/holds/${body.hold.id}`)).body.result.state
    await expect.poll(ready, { timeout: 20_000 }).toBe('ready')
  })

  test('an agent with the very subject of a person who could is held, too', async () => {
    const act = { sub: 'gus', preferred_username: 'gus', groups: ['engineers', 'break-glass'] }
    const at = '/v1/targets/prod/shop/statements'
    const { status, body } = await stand.call('ana', 'POST', at, { sql: unbounded(), breakGlass: DOWN }, { act })
    expect(status).toBe(202)
    expect(body).toMatchObject({ hold: { status: 'pending', brokenGlass: null } })
    expect(body.glassWhole).toMatch(/Only people break the glass/)
  })

  test('runs what was deferred before, once, and gives its result', async () => {
    const sql = unbounded('RETURNING id')
    const { hold } = (await stand.statement('gus', sql)).body
    const { status, body } = await stand.statement('gus', sql, { breakGlass: DOWN })
    expect({ status, tag: body.tag }).toEqual({ status: 200, tag: 'UPDATE 5' })
    expect((await stand.call('gus', 'GET', `/v1/holds/${hold.id}`)).body).toMatchObject({
      status: 'executed',
      brokenGlass: { reason: DOWN },
      result: { state: 'fetched' },
    })
    expect((await lastHoldOf('gus')).id).toBe(hold.id)
  })

  test('of a pending hold lets the deferred statement run; only its asker can, and with a reason', async () => {
    const { hold } = (await stand.statement('gus', unbounded())).body
    const at = `/v1/holds/${hold.id}/break-glass`
    expect((await stand.call('gus', 'POST', at, { reason: ' ' })).status).toBe(400)
    expect((await stand.call('ana', 'POST', at, { reason: DOWN })).status).toBe(404)
    expect((await stand.call('gus', 'POST', at, { reason: DOWN })).body).toMatchObject({
      brokenGlass: { reason: DOWN },
    })
    const state = async () => (await stand.call('gus', 'GET', `/v1/holds/${hold.id}`)).body.status
    await expect.poll(state, { timeout: 20_000 }).toBe('executed')
    expect((await stand.call('gus', 'POST', at, { reason: DOWN })).body).toMatchObject({ code: 'not_pending' })
    const own = (await stand.statement('ana', unbounded())).body.hold.id
    const refused = await stand.call('ana', 'POST', `/v1/holds/${own}/break-glass`, { reason: DOWN })
    expect({ status: refused.status, code: refused.body.code }).toEqual({ status: 403, code: 'no_break_glass' })
  })

  test('is described in the document of the API', async () => {
    const { paths } = (await stand.call('ana', 'GET', '/openapi.json')).body
    expect(paths).toHaveProperty(['/v1/holds/{id}/break-glass', 'post'])
    const statement = paths['/v1/targets/{environment}/{database}/statements'].post
    expect(JSON.stringify(statement.requestBody)).toContain('breakGlass')
  })
})

describe('breaking the glass over MCP', () => {
  test('runs what is held at once for a person of the group', async () => {
    await using mcp = await openMcp(stand, 'gus')
    expect(await mcp.call('query', { sql: unbounded(), breakGlass: DOWN })).toMatchObject({ tag: 'UPDATE 5' })
    expect(await stand.workflows.holds.find((await lastHoldOf('gus')).id)).toMatchObject({
      brokenGlass: { via: 'mcp' },
    })
  })

  test.each([false, true])('never for an agent, which is held (with Tasks: %s)', async (tasks) => {
    await using mcp = await openMcp(stand, 'report-bot', { tasks })
    const said = await mcp.call('query', { sql: unbounded(), breakGlass: DOWN })
    expect(said).toMatchObject(tasks ? { task: { status: 'working' } } : { status: 'held' })
    if (!tasks) expect(said.glassWhole).toMatch(/Only people/)
    expect(await lastHoldOf('report-bot')).toMatchObject({ status: 'pending', brokenGlass: null })
  })
})
