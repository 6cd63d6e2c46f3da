import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { canariesIn } from '../../adversary/canaries.ts'
import { type DoorsStand, openDoorsStand } from './doors-stand.ts'

let stand: DoorsStand
beforeAll(async () => {
  stand = await openDoorsStand({ 'doors.rowsMax': 4, 'doors.resultBytesMax': 2_000 })
}, 60_000)
afterAll(() => stand[Symbol.asyncDispose]())

describe('a statement over HTTP', () => {
  test('runs, and its values keep their kind', async () => {
    const { status, body, headers } = await stand.statement(
      'ana',
      `SELECT id, name, price_cents > $1 AS dear, to_jsonb(in_stock) AS stock, NULL AS nothing, 9007199254740993 AS big
       FROM products ORDER BY id`,
      { parameters: [2000] },
    )
    expect({ status, rows: body.rows, tag: body.tag, truncated: body.truncated }).toEqual({
      status: 200,
      rows: [
        [1, 'Lamp', false, 3, null, '9007199254740993'],
        [2, 'Chair', true, 9, null, '9007199254740993'],
      ],
      tag: 'SELECT 2',
      truncated: null,
    })
    expect(headers.get('cache-control')).toBe('no-store')
    expect(headers.get('access-control-allow-origin')).toBeNull()
  })

  test('comes back masked, and says which columns are', async () => {
    const { body, text } = await stand.statement('ana', 'SELECT name, email, card FROM customers ORDER BY id LIMIT 2')
    expect(body.columns.map(({ masked }: { masked: string | null }) => masked)).toEqual([null, 'email', 'last4'])
    expect(body.rows).toHaveLength(2)
    expect(canariesIn(Buffer.from(text))).toEqual([])
  })

  test('gives no more rows, and no more bytes, than it may, and says so', async () => {
    const many = await stand.statement('ana', 'SELECT id FROM orders ORDER BY id')
    expect(many.body).toMatchObject({ truncated: 'rows', rowsTotal: null, rows: [[1], [2], [3], [4]] })
    const few = await stand.statement('ana', 'SELECT id FROM orders ORDER BY id', { maxRows: 2 })
    expect(few.body).toMatchObject({ truncated: 'rows', rows: [[1], [2]] })
    const all = await stand.statement('ana', 'SELECT id FROM orders ORDER BY id LIMIT 4')
    expect(all.body).toMatchObject({ truncated: null, rowsTotal: 4, rows: [[1], [2], [3], [4]] })
    const long = await stand.statement('ana', "SELECT repeat('x', 1500) FROM orders")
    expect(long.body.truncated).toBe('bytes')
    expect(long.body.rows).toHaveLength(1)
    const counted = await stand.statement('ana', "SELECT repeat('x', 1500) FROM orders LIMIT 3")
    expect(counted.body).toMatchObject({ truncated: 'bytes', rowsTotal: 3, tag: 'SELECT 3', rows: [{}] })
  })

  test('that was deferred and returns more than may be kept is cut, and says so and how much there was', async () => {
    const sql = "UPDATE customers SET name = name RETURNING repeat('x', 900)"
    const { body } = await stand.statement('ana', sql, { maxRows: 4 })
    await stand.answer(body.hold.id, 'approve')
    const path = `/v1/holds/${body.hold.id}`
    const state = async () => (await stand.call('ana', 'GET', path)).body.result.state
    await expect.poll(state, { timeout: 20_000 }).toBe('ready')
    const kept = await stand.call('ana', 'GET', `${path}/result`)
    expect(kept.body).toMatchObject({ status: 'completed', truncated: 'bytes' })
    expect(kept.body.rows).toHaveLength(2)
  })

  test('that is wrong is answered with the server’s error', async () => {
    const missing = await stand.statement('ana', 'SELECT nothing FROM products')
    expect(missing.headers.get('content-type')).toMatch('application/problem+json')
    expect({ status: missing.status, ...missing.body }).toMatchObject({
      status: 422,
      sqlstate: '42703',
      code: 'sql_error',
    })
    const zero = await stand.statement('ana', 'SELECT 1 / (in_stock - 3) FROM products')
    expect(zero.body).toMatchObject({ status: 422, sqlstate: '22012' })
    const two = await stand.statement('ana', 'SELECT 1; SELECT 2')
    expect(two.body).toMatchObject({ status: 422, sqlstate: '42601' })
    const bare = await stand.statement('ana', 'SELECT $1::int')
    // The request's fault: nobody should try it again.
    expect(bare.body).toMatchObject({ status: 422, sqlstate: '08P01' })
    expect((await stand.statement('ana', 'SELECT 1', { nonsense: true })).body.code).toBe('invalid_request')
    const cut = await stand.statement('ana', 'SELECT 1\0; DROP TABLE staff')
    expect([cut.status, cut.body.code]).toEqual([400, 'invalid_request'])
  })

  test('that is too large is refused, whole', async () => {
    const { status, body } = await stand.statement('ana', `SELECT '${'x'.repeat(1_100_000)}'`)
    expect({ status, code: body.code }).toEqual({ status: 413, code: 'invalid_request' })
  })

  test('that policy denies names the rules', async () => {
    const { status, body } = await stand.statement('ana', "SELECT pg_read_file('/etc/passwd')")
    expect(status).toBe(403)
    expect(body.code).toBe('denied')
    expect(body.rules.length).toBeGreaterThan(0)
  })

  test('that is held for what it reads is told what would be allowed instead, and that is', async () => {
    const sql = 'SELECT id, name, rank() OVER (ORDER BY email) AS long FROM customers WHERE id > $1 ORDER BY id LIMIT 2'
    const { status, body } = await stand.statement('report-bot', sql, { parameters: [0], onHold: 'error' })
    expect(status).toBe(202)
    expect(body.instead).toMatchObject({ without: ['long'] })
    expect(body.instead.sql).not.toContain('email')
    const instead = await stand.statement('report-bot', body.instead.sql, { parameters: [0] })
    expect(instead.body).toMatchObject({ status: 'completed', columns: [{ name: 'id' }, { name: 'name' }] })
  })

  test.each([
    'SELECT id FROM customers WHERE length(email) > 3',
    'SELECT id, rank() OVER (ORDER BY email) FROM customers ORDER BY 2',
    'SELECT DISTINCT id, rank() OVER (ORDER BY email) FROM customers',
    'SELECT rank() OVER (ORDER BY email) FROM customers',
    "UPDATE customers SET name = 'x'",
    'SELECT id, $1::int + rank() OVER (ORDER BY email) FROM customers',
  ])('%s has nothing that would be allowed instead', async (sql) => {
    const parameters = sql.includes('$1') ? [1] : []
    const { status, body } = await stand.statement('report-bot', sql, { parameters, onHold: 'error' })
    expect({ status, instead: body.instead }).toEqual({ status: 202, instead: null })
  })

  test('to a database that there is not is not found', async () => {
    const nowhere = '/v1/targets/prod/nowhere/statements'
    const { status, headers, body } = await stand.call('ana', 'POST', nowhere, { sql: 'SELECT 1' })
    expect({ status, code: body.code }).toEqual({ status: 404, code: 'unknown_target' })
    expect(headers.get('retry-after')).toBeNull()
  })

  test('takes nothing in, and leaves no transaction open', async () => {
    expect((await stand.statement('ana', 'BEGIN')).body.tag).toBe('BEGIN')
    const copied = await stand.statement('ana', 'COPY products FROM STDIN')
    expect(copied.status).toBeGreaterThanOrEqual(202)
    const { rows } = await stand.direct.query(
      "SELECT count(*)::int AS n FROM pg_stat_activity WHERE datname = current_database() AND state LIKE 'idle in%'",
    )
    expect(rows).toEqual([{ n: 0 }])
  })

  test('is cancelled when the client goes away', async () => {
    const gone = new AbortController()
    const asked = fetch(`${stand.base}/v1/targets/prod/shop/statements`, {
      method: 'POST',
      headers: { authorization: `Bearer ${await stand.token('ana')}`, 'content-type': 'application/json' },
      body: JSON.stringify({ sql: 'SELECT count(*) FROM generate_series(1, 5000000000) AS held_on' }),
      signal: gone.signal,
    })
    const running = async (): Promise<number> => {
      const { rows } = await stand.direct.query(
        "SELECT count(*)::int AS n FROM pg_stat_activity WHERE state = 'active' AND query LIKE '%held_on%' AND pid <> pg_backend_pid()",
      )
      return rows[0].n
    }
    await expect.poll(running, { timeout: 10_000 }).toBe(1)
    gone.abort()
    await expect(asked).rejects.toThrow()
    await expect.poll(running, { timeout: 10_000 }).toBe(0)
  })

  test('is on record with its door, its text and who asked', async () => {
    await stand.statement('ana', 'SELECT 4711 AS on_record')
    const lines = async (): Promise<string> => {
      const { rows } = await stand.workflows.pool.query('SELECT line FROM trail_record')
      return rows.map(({ line }) => line).join('\n')
    }
    await expect.poll(lines, { timeout: 20_000 }).toContain('SELECT 4711 AS on_record')
    expect(await lines()).toContain('"door":"http"')
  })
})

describe('who asks', () => {
  const ask = async (authorization: string | null) => {
    const headers = { 'content-type': 'application/json', ...(authorization === null ? {} : { authorization }) }
    const body = JSON.stringify({ sql: 'SELECT 1' })
    const response = await fetch(`${stand.base}/v1/targets/prod/shop/statements`, { method: 'POST', headers, body })
    return { status: response.status, challenge: response.headers.get('www-authenticate') ?? '' }
  }

  test('is told where to get a token', async () => {
    const { status, challenge } = await ask(null)
    expect(status).toBe(401)
    expect(challenge).toContain(`resource_metadata="${stand.base}/.well-known/oauth-protected-resource/mcp"`)
    expect(challenge).not.toContain('invalid_token')
  })

  test.each([
    ['for another audience', { aud: 'somebody-else' }],
    ['that has expired', { exp: Math.floor(Date.now() / 1000) - 5 }],
    ['that is not valid yet', { nbf: Math.floor(Date.now() / 1000) + 600 }],
    ['of another issuer', { iss: 'https://elsewhere.test' }],
  ])('is refused with a token %s', async (_, more) => {
    const { status, challenge } = await ask(`Bearer ${await stand.token('ana', more)}`)
    expect(status).toBe(401)
    expect(challenge).toContain('error="invalid_token"')
  })

  test('is refused with a token that nobody signed, that is cut, huge, or none', async () => {
    const [, payload] = (await stand.token('ana')).split('.')
    const none = `${Buffer.from('{"alg":"none","typ":"at+jwt"}').toString('base64url')}.${payload}.`
    for (const token of [none, (await stand.token('ana')).slice(0, -4), 'x'.repeat(12_000), 'hp_nothing', '']) {
      expect((await ask(`Bearer ${token}`)).status, token.slice(0, 20)).toBe(401)
    }
    expect((await ask('Basic YW5hOmFuYQ==')).status).toBe(401)
  })
})
