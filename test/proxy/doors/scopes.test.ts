import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openLog } from '../../../log.ts'
import { tokenVerifier } from '../../../proxy/identity/token-verifier.ts'
import { type DoorsStand, openDoorsStand } from './doors-stand.ts'
import { openMcp } from './mcp-client.ts'

/** F5: a token that is for less than its bearer may do opens no more than it says, at any door. */
let stand: DoorsStand
beforeAll(async () => {
  stand = await openDoorsStand()
}, 60_000)
afterAll(() => stand[Symbol.asyncDispose]())

let one = 0
const unbounded = (): string => `UPDATE customers SET name = name || '!' /* scopes ${++one} */`
const [READ, RUN, APPROVE] = ['holdpoint:read', 'holdpoint:run', 'holdpoint:approve']
const AT = '/v1/targets/prod/shop/statements'

describe('a token’s scopes over HTTP', () => {
  test.each([
    ['read', { scope: `openid ${READ}` }],
    ['approve', { scope: APPROVE }],
    ['approve, as an array', { scp: [APPROVE] }],
    ['something of ours that we do not know', { scope: 'holdpoint:admin' }],
  ])('for %s runs nothing, and is told what it lacks', async (_, claims) => {
    const { status, body, headers } = await stand.call('ana', 'POST', AT, { sql: 'SELECT 1' }, claims)
    expect({ status, code: body.code }).toEqual({ status: 403, code: 'insufficient_scope' })
    expect(headers.get('www-authenticate')).toContain(`error="insufficient_scope", scope="${RUN}"`)
  })

  test('for reading looks at holds, and takes none back and explains none', async () => {
    const { hold } = (await stand.statement('ana', unbounded())).body
    const claims = { scope: READ }
    expect((await stand.call('ana', 'GET', `/v1/holds/${hold.id}`, undefined, claims)).status).toBe(200)
    expect((await stand.call('ana', 'DELETE', `/v1/holds/${hold.id}`, undefined, claims)).status).toBe(403)
    expect((await stand.call('ana', 'POST', `/v1/holds/${hold.id}/reason`, { reason: 'x' }, claims)).status).toBe(403)
    expect(await stand.workflows.holds.find(hold.id)).toMatchObject({ status: 'pending', reason: null })
  })

  test('for nothing that is known here does not even read', async () => {
    expect((await stand.call('ana', 'GET', '/v1/holds', undefined, { scope: 'holdpoint:admin' })).status).toBe(403)
  })

  test('for running runs, reads, and breaks no glass', async () => {
    const claims = { scope: RUN }
    expect((await stand.call('gus', 'POST', AT, { sql: 'SELECT 1' }, claims)).status).toBe(200)
    const { status, body } = await stand.call('gus', 'POST', AT, { sql: unbounded(), breakGlass: 'now' }, claims)
    expect({ status, glass: body.glassWhole }).toMatchObject({
      status: 202,
      glass: expect.stringContaining(APPROVE as string),
    })
    const at = `/v1/holds/${body.hold.id}`
    expect((await stand.call('gus', 'POST', `${at}/break-glass`, { reason: 'now' }, claims)).status).toBe(403)
    expect((await stand.call('gus', 'GET', at, undefined, claims)).body).toMatchObject({ status: 'pending' })
    const both = { scope: `${RUN} ${APPROVE}` }
    expect((await stand.call('gus', 'POST', `${at}/break-glass`, { reason: 'now' }, both)).status).toBe(200)
  })

  test.each([{}, { scope: 'openid profile' }])(
    'without one of ours may do all that its bearer may: %o',
    async (claims) => {
      expect((await stand.call('ana', 'POST', AT, { sql: 'SELECT 1' }, claims)).status).toBe(200)
    },
  )
})

describe('a token’s scopes on the wire', () => {
  test('for reading or approving does not connect', async () => {
    for (const scope of [READ, APPROVE]) {
      await expect(stand.wire('ana', { scope })).rejects.toMatchObject({ code: '28000', message: /not for running/ })
    }
  })

  test('for running connects, and breaks no glass', async () => {
    const client = await stand.wire('gus', { scope: RUN })
    const notices: string[] = []
    client.on('notice', ({ message }) => void notices.push(message ?? ''))
    const refused = client.query(`/* holdpoint: break_glass=now */ ${unbounded()}`)
    await expect(refused).rejects.toMatchObject({ code: 'YH001' })
    expect(notices.join()).toContain(APPROVE)
    await client.end()
  })
})

describe('a token’s scopes over MCP', () => {
  test('are published', async () => {
    const { body: metadata } = await stand.call('ana', 'GET', '/.well-known/oauth-protected-resource/mcp')
    expect(metadata.scopes_supported).toEqual([READ, RUN, APPROVE])
  })

  test.each(['modern', 'legacy'] as const)('for reading look at holds and run nothing (%s)', async (era) => {
    const token = await stand.token('report-bot', { scope: READ })
    await using mcp = await openMcp(stand, 'report-bot', { era, token })
    expect(await mcp.call('my_holds')).toMatchObject({ isError: false })
    await expect(mcp.call('query', { sql: 'SELECT 1' })).rejects.toThrow()
    const body = JSON.stringify({
      jsonrpc: '2.0',
      id: 1,
      method: 'tools/call',
      params: { name: 'query', arguments: {} },
    })
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
    const accept = 'application/json, text/event-stream'
    const response = await fetch(`${stand.base}/mcp`, { method: 'POST', body, headers: { ...headers, accept } })
    expect(response.status).toBe(403)
    expect(response.headers.get('www-authenticate')).toMatch(/insufficient_scope.*holdpoint:run/)
  })

  test('for reading withdraw no task', async () => {
    const { hold } = (await stand.statement('report-bot', unbounded())).body
    const token = await stand.token('report-bot', { scope: READ })
    await using mcp = await openMcp(stand, 'report-bot', { tasks: true, token })
    await expect(mcp.task('tasks/cancel', { taskId: hold.id })).rejects.toThrow(/not for that/)
    expect(await stand.workflows.holds.find(hold.id)).toMatchObject({ status: 'pending' })
  })

  test('for nothing known open nothing', async () => {
    const token = await stand.token('report-bot', { scope: 'holdpoint:admin' })
    await expect(openMcp(stand, 'report-bot', { token })).rejects.toThrow()
  })
})

test('a service token is for what it was made for', async () => {
  const { serviceTokens } = stand.workflows
  const expiresAt = new Date(Date.now() + 3_600_000)
  const made = { name: 'reader', kind: 'service' as const, groups: ['services'], actsFor: null, expiresAt }
  const { token } = await serviceTokens.create({ ...made, scopes: ['holdpoint:read'] })
  const ask = (method: string, path: string, body?: string) =>
    fetch(`${stand.base}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body }),
    })
  expect((await ask('GET', '/v1/holds')).status).toBe(200)
  expect((await ask('POST', AT, JSON.stringify({ sql: 'SELECT 1' }))).status).toBe(403)
  expect((await serviceTokens.list()).find(({ name }) => name === 'reader')?.scopes).toEqual(['holdpoint:read'])
})

describe('where tokens have to name a scope', () => {
  let strict: DoorsStand
  beforeAll(async () => {
    strict = await openDoorsStand({ 'identity.scopesRequired': true })
  }, 60_000)
  afterAll(() => strict[Symbol.asyncDispose]())

  test.each([{}, { scope: 'openid profile' }, { scp: [] }])(
    'one that names none is for nothing: %o',
    async (claims) => {
      for (const [method, path, body] of [
        ['GET', '/v1/holds'],
        ['POST', AT, { sql: 'SELECT 1' }],
        ['POST', '/mcp', { jsonrpc: '2.0', id: 1, method: 'tools/list', params: {} }],
      ] as const) {
        const refused = await strict.call('ana', method, path, body, claims)
        expect({ status: refused.status, code: refused.body.code }).toEqual({ status: 403, code: 'insufficient_scope' })
        expect(refused.headers.get('www-authenticate')).toContain('error="insufficient_scope"')
      }
      await expect(strict.wire('ana', claims)).rejects.toMatchObject({ code: '28000' })
    },
  )

  test('the console’s bearer tokens are looked at in the same way', async () => {
    const { config, workflows } = strict
    const log = openLog({ level: 'silent', process: 'test' })
    const verify = tokenVerifier({ config, workflows, log, now: Date.now })
    expect((await verify(await strict.token('ana'), '127.0.0.1')).scopes).toEqual([])
    expect((await verify(await strict.token('ana', { scope: APPROVE }), '127.0.0.1')).scopes).toEqual([APPROVE])
  })

  test('a service token that names none is for nothing, too', async () => {
    const expiresAt = new Date(Date.now() + 3_600_000)
    const made = { kind: 'service' as const, groups: ['services'], actsFor: null, expiresAt }
    for (const [name, scopes, status] of [
      ['bare', [], 403],
      ['runner', ['holdpoint:run' as const], 200],
    ] as const) {
      const { token } = await strict.workflows.serviceTokens.create({ ...made, name, scopes })
      const asked = await fetch(`${strict.base}/v1/holds`, { headers: { authorization: `Bearer ${token}` } })
      expect(asked.status).toBe(status)
    }
  })

  test('one that names some is for those, to the end of what was deferred with it', async () => {
    const { body } = await strict.call('ana', 'POST', AT, { sql: unbounded() }, { scope: RUN })
    await strict.answer(body.hold.id, 'approve')
    const state = async () =>
      (await strict.call('ana', 'GET', `/v1/holds/${body.hold.id}`, undefined, { scope: READ })).body.result.state
    await expect.poll(state, { timeout: 20_000 }).toBe('ready')
    const psql = await strict.wire('ana', { scope: RUN })
    expect((await psql.query('SELECT 1')).rowCount).toBe(1)
    await psql.end()
  })
})
