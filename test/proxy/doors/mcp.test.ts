import { request as httpRequest } from 'node:http'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { canariesIn } from '../../adversary/canaries.ts'
import { copyHold } from '../../harness/many-holds.ts'
import { type DoorsStand, openDoorsStand } from './doors-stand.ts'
import { openMcp } from './mcp-client.ts'

let stand: DoorsStand
beforeAll(async () => {
  stand = await openDoorsStand()
}, 60_000)
afterAll(() => stand[Symbol.asyncDispose]())

let one = 0
const unbounded = (returning = ''): string => `UPDATE customers SET name = name || '!' ${returning} /* mcp ${++one} */`

describe.each(['modern', 'legacy'] as const)('a %s client without Tasks', (era) => {
  test('finds tools, none of which answers a hold or changes a policy', async () => {
    await using mcp = await openMcp(stand, 'report-bot', { era })
    const { tools } = await mcp.client.listTools()
    expect(tools.map(({ name }) => name).sort()).toEqual([
      'describe_table',
      'give_reason',
      'list_relations',
      'my_holds',
      'query',
      'wait_for_hold',
      'withdraw_hold',
    ])
  })

  test('reads, masked', async () => {
    await using mcp = await openMcp(stand, 'report-bot', { era })
    const said = await mcp.call('query', {
      sql: 'SELECT id, email FROM customers ORDER BY id LIMIT $1',
      parameters: [2],
    })
    expect(said).toMatchObject({
      status: 'completed',
      columns: [{}, { name: 'email', masked: 'email' }],
      isError: false,
    })
    expect(said.rows).toHaveLength(2)
    expect(canariesIn(Buffer.from(JSON.stringify(said)))).toEqual([])
  })

  test('sees what there is, and a few rows as it may see them', async () => {
    await using mcp = await openMcp(stand, 'report-bot', { era })
    const { relations } = await mcp.call('list_relations')
    expect(relations).toContainEqual({ schema: 'public', name: 'customer_contacts', kind: 'view' })
    const described = await mcp.call('describe_table', { relation: 'customers' })
    expect(described.columns).toContainEqual({ name: 'email', type: 'text', not_null: true })
    expect(described.masked).toEqual(expect.arrayContaining(['email', 'card', 'phone']))
    expect(described.sample).toHaveLength(3)
    expect(canariesIn(Buffer.from(JSON.stringify(described)))).toEqual([])
    expect(await mcp.call('describe_table', { relation: 'x"; DROP TABLE orders' })).toMatchObject({ isError: true })
  })

  test('is told what is held and by whom, waits, and gets the masked result, once', async () => {
    await using mcp = await openMcp(stand, 'report-bot', { era })
    const said = await mcp.call('query', { sql: unbounded('RETURNING id, email'), reason: 'A test' })
    expect(said).toMatchObject({ status: 'held', isError: false, hold: { status: 'pending', reason: 'A test' } })
    expect(said.message).toMatch(/1 of dba/)
    const hold = said.hold.id
    expect(await mcp.call('wait_for_hold', { hold, seconds: 0 })).toMatchObject({ status: 'held' })
    const waiting = mcp.call('wait_for_hold', { hold, seconds: 30 })
    await stand.answer(hold, 'approve')
    const result = await waiting
    expect(result).toMatchObject({ status: 'completed', tag: 'UPDATE 5', columns: [{}, { masked: 'email' }] })
    expect(canariesIn(Buffer.from(JSON.stringify(result)))).toEqual([])
    expect(await mcp.call('wait_for_hold', { hold, seconds: 1 })).toMatchObject({ status: 'no_result', isError: true })
    expect((await mcp.call('my_holds', { status: 'executed' })).holds[0]).toMatchObject({
      id: hold,
      result: { state: 'fetched' },
    })
  })

  test('lists what it asked for in pages', async () => {
    await using mcp = await openMcp(stand, 'report-bot', { era })
    const { hold } = await mcp.call('query', { sql: unbounded() })
    await copyHold(stand.workflows.pool, hold.id, 60)
    const first = await mcp.call('my_holds', { status: 'pending' })
    const second = await mcp.call('my_holds', { status: 'pending', after: first.next })
    const ids = [...first.holds, ...second.holds].map(({ id }: { id: string }) => id)
    expect([first.holds.length, new Set(ids).size > 60, second.next]).toEqual([50, true, null])
    await stand.workflows.pool.query("UPDATE hold SET status = 'withdrawn' WHERE status = 'pending'")
  })

  test('is told of a rejection and its reason, and can take back what it asked for', async () => {
    await using mcp = await openMcp(stand, 'report-bot', { era })
    const rejected = (await mcp.call('query', { sql: unbounded() })).hold.id
    await stand.answer(rejected, 'reject')
    expect(await mcp.call('wait_for_hold', { hold: rejected })).toMatchObject({
      isError: true,
      message: 'It was rejected by cleo: because',
    })
    const withdrawn = (await mcp.call('query', { sql: unbounded() })).hold.id
    expect(await mcp.call('withdraw_hold', { hold: withdrawn })).toMatchObject({ hold: { status: 'withdrawn' } })
    expect(await mcp.call('withdraw_hold', { hold: rejected })).toMatchObject({ isError: true, code: 'not_pending' })
  })

  test('is denied with the rules, and told of errors by their code', async () => {
    await using mcp = await openMcp(stand, 'report-bot', { era })
    expect(await mcp.call('query', { sql: "SELECT pg_read_file('x')" })).toMatchObject({
      status: 'denied',
      isError: true,
    })
    expect(await mcp.call('query', { sql: 'SELECT nothing FROM orders' })).toMatchObject({
      sqlstate: '42703',
      isError: true,
    })
    expect(await mcp.call('query', { sql: 'SELECT 1', target: 'x/y' })).toMatchObject({ code: 'unknown_target' })
  })

  test('has no way to another’s hold', async () => {
    const held = await stand.statement('ana', unbounded(), { onHold: 'error' })
    await using mcp = await openMcp(stand, 'report-bot', { era })
    for (const tool of ['wait_for_hold', 'withdraw_hold', 'give_reason']) {
      const args = { hold: held.body.hold.id, ...(tool === 'give_reason' ? { reason: 'x' } : {}) }
      expect(await mcp.call(tool, args)).toMatchObject({ isError: true, code: 'not_found' })
    }
  })
})

test('a hold made in psql can be waited for by its id', async () => {
  const psql = await stand.wire('report-bot')
  const sql = unbounded()
  const refused = await psql.query(sql).catch((error: { detail: string }) => error)
  const { hold } = JSON.parse((refused as { detail: string }).detail)
  await using mcp = await openMcp(stand, 'report-bot')
  const waiting = mcp.call('wait_for_hold', { hold, seconds: 30 })
  await stand.answer(hold, 'approve')
  expect(await waiting).toMatchObject({
    status: 'no_result',
    message: expect.stringMatching(/Send the same statement again/),
  })
  expect((await psql.query(sql)).rowCount).toBe(5)
  await psql.end()
})

describe('the resource server', () => {
  test('says who gives tokens for it', async () => {
    const response = await fetch(`${stand.base}/.well-known/oauth-protected-resource/mcp`)
    expect(await response.json()).toMatchObject({
      resource: `${stand.base}/mcp`,
      authorization_servers: [stand.keys.issuer],
    })
  })

  test('lets nobody in without a good token, and says where to get one', async () => {
    const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list', params: {} })
    const ask = async (authorization: string | null, more: Record<string, string> = {}) =>
      fetch(`${stand.base}/mcp`, {
        method: 'POST',
        body,
        headers: {
          'content-type': 'application/json',
          accept: 'application/json, text/event-stream',
          ...more,
          ...(authorization === null ? {} : { authorization }),
        },
      })
    const [, payload] = (await stand.token('ana')).split('.')
    const none = `${Buffer.from('{"alg":"none"}').toString('base64url')}.${payload}.`
    const audience = await stand.token('ana', { aud: 'another' })
    const expired = await stand.token('ana', { exp: Math.floor(Date.now() / 1000) - 10 })
    for (const token of [null, 'x', none, audience, expired]) {
      const response = await ask(token === null ? null : `Bearer ${token}`)
      expect(response.status).toBe(401)
      expect(response.headers.get('www-authenticate')).toContain('/.well-known/oauth-protected-resource/mcp')
    }
    const good = `Bearer ${await stand.token('ana')}`
    expect((await ask(good)).status).toBe(200)
    expect((await ask(good, { origin: 'https://evil.example' })).status).toBe(403)
  })

  test('answers under its own name only, whatever name a page found it by', async () => {
    const { hostname, port } = new URL(stand.base)
    const statusUnder = (host: string, authorization: string): Promise<number | undefined> =>
      new Promise((resolve, reject) => {
        const headers = { host, authorization, 'content-type': 'application/json', accept: ACCEPT }
        const asked = httpRequest({ hostname, port, path: '/mcp', method: 'POST', headers }, (response) => {
          response.resume()
          resolve(response.statusCode)
        })
        asked.once('error', reject).end(JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list', params: {} }))
      })
    const good = `Bearer ${await stand.token('ana')}`
    expect(await statusUnder(`${hostname}:${port}`, good)).toBe(200)
    expect(await statusUnder(`rebound.example:${port}`, good)).toBe(403)
  })
})

const ACCEPT = 'application/json, text/event-stream'
