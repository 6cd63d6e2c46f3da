import { execFileSync, spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { type RunningHoldpoint, startHoldpoint } from '../harness/holdpoint.ts'

/** As mktemp -d makes them, and as a checkout under /root is: closed to everyone else. */
function closedFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'holdpoint-closed-'))
  chmodSync(folder, 0o700)
  return folder
}

async function rowsOf(url: string, sql: string): Promise<readonly Record<string, unknown>[]> {
  const client = new pg.Client(url)
  await client.connect()
  try {
    return (await client.query(sql)).rows
  } finally {
    await client.end()
  }
}

/** Every process of the tree: they all carry the data folder in their arguments or their working folder. */
function processesOn(data: string): readonly string[] {
  return execFileSync('ps', ['-eo', 'pid=,args='], { encoding: 'utf8' })
    .split('\n')
    .filter((line) => line.includes(data) && !line.includes(' ps '))
}

/** `holdpoint start` where it is expected to fail, to its end. */
function failedStart(...args: readonly string[]) {
  const { status, stderr, stdout } = spawnSync(process.execPath, ['holdpoint.ts', 'start', '--json', ...args], {
    encoding: 'utf8',
    timeout: 60_000,
  })
  return { status, stderr, stdout }
}

describe('a running tree', () => {
  const parent = closedFolder()
  const data = join(parent, 'data')
  let holdpoint: RunningHoldpoint
  beforeAll(async () => {
    holdpoint = await startHoldpoint({ data })
  }, 120_000)
  afterAll(async () => {
    await holdpoint.stop()
    rmSync(parent, { recursive: true, force: true })
  })

  test('tells scripts all they need in one line', () => {
    expect(holdpoint.ready).toMatchObject({
      ready: true,
      pid: holdpoint.child.pid,
      console: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/),
      api: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+\/api$/),
      http: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+\/v1$/),
      mcp: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+\/mcp$/),
    })
    const known = holdpoint.ready.identities.map(({ name, kind, groups, actsFor }) => ({ name, kind, groups, actsFor }))
    expect(known).toEqual([
      { name: 'ana', kind: 'human', groups: ['engineers'], actsFor: null },
      { name: 'ben', kind: 'human', groups: ['engineers', 'dba', 'data-owners'], actsFor: null },
      { name: 'cleo', kind: 'human', groups: ['dba', 'data-owners', 'security', 'pii-readers'], actsFor: null },
      { name: 'report-bot', kind: 'agent', groups: ['agents'], actsFor: 'ana' },
      { name: 'etl', kind: 'service', groups: ['services'], actsFor: null },
    ])
  })

  test('lets programs in by HTTP and MCP, and runs what was deferred when a person approves it', async () => {
    const ask = async (name: string, url: string, body?: object) => {
      const response = await fetch(url, {
        method: body === undefined ? 'GET' : 'POST',
        headers: {
          authorization: `Bearer ${holdpoint.identity(name).token}`,
          ...(body === undefined
            ? {}
            : { 'content-type': 'application/json', accept: 'application/json, text/event-stream' }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      })
      return { status: response.status, text: await response.text() }
    }
    const { http, mcp, api } = holdpoint.ready
    const held = await ask('report-bot', `${http}/targets/prod/shop/statements`, {
      sql: 'UPDATE products SET in_stock = 0',
    })
    expect(held.status).toBe(202)
    const { id } = JSON.parse(held.text).hold
    expect((await ask('ben', `${api}/holds/${id}/votes`, { choice: 'approve', reason: 'fine' })).status).toBe(200)
    const result = () => ask('report-bot', `${http}/holds/${id}/result`)
    await expect.poll(async () => (await result()).text, { timeout: 20_000 }).toMatch(/"tag":"UPDATE \d+"/)
    const tools = await ask('report-bot', mcp, { jsonrpc: '2.0', id: 1, method: 'tools/list', params: {} })
    expect(tools.text).toContain('wait_for_hold')
  }, 60_000)

  test('has a believable shop, whose owner is no superuser', async () => {
    const [row] = await rowsOf(
      holdpoint.ready.upstream,
      `SELECT (SELECT count(*) FROM customers)::int AS customers, (SELECT count(*) FROM orders)::int AS orders,
              (SELECT count(*) FROM payments)::int AS payments, (SELECT min(salary)::int FROM staff) > 0 AS paid,
              rolsuper, current_setting('server_version_num')::int / 10000 AS major
       FROM pg_roles WHERE rolname = current_user`,
    )
    expect(row).toMatchObject({ customers: 1500, orders: 4000, paid: true, rolsuper: false, major: 18 })
  })

  test('keeps the state database from the sample’s role', async () => {
    const url = new URL(holdpoint.ready.upstream)
    url.pathname = '/holdpoint'
    await expect(rowsOf(url.href, 'SELECT 1')).rejects.toMatchObject({ code: '42501' })
  })

  test.each(['ana', 'report-bot', 'etl'])('lets %s in with the printed URL', async (name) => {
    const rows = await rowsOf(holdpoint.identity(name).postgres, 'SELECT count(*)::int AS orders FROM orders')
    expect(rows).toEqual([{ orders: 4000 }])
  })

  test('answers the API with the printed token', async () => {
    const response = await fetch(`${holdpoint.ready.api}/me`, {
      headers: { authorization: `Bearer ${holdpoint.identity('ben').token}` },
    })
    expect(response.status).toBe(200)
    expect(JSON.stringify(await response.json())).toContain('ben')
  })

  test('lets nobody else read its secrets', () => {
    for (const name of ['secrets.json', 'config.json', 'pgpass', 'identity', 'tls', 'token-etl'])
      expect.soft(statSync(join(data, name)).mode & 0o077, name).toBe(0)
  })

  test('logs no token and no password', () => {
    const secrets = Object.values(
      JSON.parse(readFileSync(join(data, 'secrets.json'), 'utf8')) as Record<string, string>,
    )
    const tokens = holdpoint.ready.identities.map(({ token }) => token)
    for (const file of readdirSync(data).filter((name) => name.endsWith('.log'))) {
      const text = readFileSync(join(data, file), 'utf8')
      for (const secret of [...secrets, ...tokens]) expect(text.includes(secret), file).toBe(false)
    }
  })

  test('is not started twice on the same data, and says who runs', () => {
    const { status, stderr, stdout } = failedStart('--data', data, '--port', '0')
    expect(status).toBe(1)
    expect(stdout).toBe('')
    expect(stderr).toContain(`already runs on ${data} (process ${holdpoint.child.pid})`)
    expect(stderr).not.toContain('    at ')
  })

  test('does not mind another one beside it', async () => {
    const folder = closedFolder()
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
    await using other = await startHoldpoint({ data: folder })
    expect(other.ready.console).not.toBe(holdpoint.ready.console)
  }, 120_000)

  test('doctor finds it well', () => {
    const { status, stdout } = spawnSync(process.execPath, ['holdpoint.ts', 'doctor', '--data', data], {
      encoding: 'utf8',
    })
    expect(stdout).not.toContain('WRONG')
    expect(status).toBe(0)
    const { holdpoint: password } = JSON.parse(readFileSync(join(data, 'secrets.json'), 'utf8'))
    expect(stdout).not.toContain(password)
  })
})

test('Ctrl-C leaves nothing running, and a second start finds the same data, identity and ports', async () => {
  const data = closedFolder()
  onTestFinished(() => rmSync(data, { recursive: true, force: true }))
  const first = await startHoldpoint({ data })
  await rowsOf(first.ready.upstream, "UPDATE customers SET name = 'Changed Here' WHERE id = 7")
  await first.stop()
  expect(first.child.exitCode).toBe(0)
  expect(processesOn(data)).toEqual([])

  const second = await startHoldpoint({ data })
  onTestFinished(() => second.stop())
  expect(await rowsOf(second.ready.upstream, 'SELECT name FROM customers WHERE id = 7')).toEqual([
    { name: 'Changed Here' },
  ])
  expect(second.ready.console).toBe(first.ready.console)
  // A token of the first start is still good: same issuer, same keys, same service token.
  expect(await rowsOf(first.identity('ana').postgres, 'SELECT 1 AS one')).toEqual([{ one: 1 }])
  expect(second.identity('etl').token).toBe(first.identity('etl').token)
}, 180_000)

test('kill -9 leaves nothing that keeps the next start from working', async () => {
  const data = closedFolder()
  onTestFinished(() => rmSync(data, { recursive: true, force: true }))
  const first = await startHoldpoint({ data })
  await first.kill()
  const second = await startHoldpoint({ data })
  // The dying processes still had the ports a moment ago; they are waited for, not fled from.
  expect(second.ready.identities.map(({ postgres }) => new URL(postgres).port)).toEqual(
    first.ready.identities.map(({ postgres }) => new URL(postgres).port),
  )
  expect(await rowsOf(second.identity('ana').postgres, 'SELECT count(*)::int AS n FROM orders')).toEqual([{ n: 4000 }])
  await second.stop()
  expect(processesOn(data)).toEqual([])
}, 180_000)

test('--reset begins anew', async () => {
  const data = closedFolder()
  onTestFinished(() => rmSync(data, { recursive: true, force: true }))
  const first = await startHoldpoint({ data })
  await rowsOf(first.ready.upstream, 'DELETE FROM payments')
  await first.stop()
  const second = await startHoldpoint({ data, args: ['--reset'] })
  onTestFinished(() => second.stop())
  const [row] = await rowsOf(second.ready.upstream, 'SELECT count(*)::int AS payments FROM payments')
  expect(row?.payments).toBeGreaterThan(1000)
  expect(second.identity('etl').token).not.toBe(first.identity('etl').token)
}, 180_000)

describe('says what to do when it cannot start:', () => {
  const folder = (): string => {
    const made = closedFolder()
    onTestFinished(() => rmSync(made, { recursive: true, force: true }))
    return made
  }

  test.each(['--port', '--console-port', '--doors-port', '--idp-port', '--postgres-port'])(
    '%s is taken',
    async (flag) => {
      const server = createServer()
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
      onTestFinished(() => void server.close())
      const { port } = server.address() as { port: number }
      const args = flag === '--port' ? [] : ['--port', '0']
      const { status, stderr } = failedStart('--data', folder(), ...args, flag, `${port}`)
      expect(status).toBe(1)
      expect(stderr).toMatch(new RegExp(`Port ${port} \\(${flag}\\) is taken.*\\n.*choose another port with ${flag} N`))
    },
  )

  test('a folder that is not ours, which stays as it is', () => {
    const data = folder()
    writeFileSync(join(data, 'thesis.txt'), 'precious')
    const { status, stderr } = failedStart('--data', data, '--port', '0', '--reset')
    expect(status).toBe(1)
    expect(stderr).toMatch(/was not made by Holdpoint/)
    expect(readFileSync(join(data, 'thesis.txt'), 'utf8')).toBe('precious')
  })

  test.each([
    ['unreadable secrets', 'secrets.json', '{"half":'],
    ['an unreadable key', 'identity/keys.json', 'x'],
  ])('%s', (_name, file, content) => {
    const data = folder()
    writeFileSync(join(data, 'holdpoint.json'), '{}')
    mkdirSync(join(data, 'identity'))
    writeFileSync(join(data, file), content)
    const { status, stderr } = failedStart('--data', data, '--port', '0')
    expect(status).toBe(1)
    expect(stderr).toMatch(/is damaged: .* is not readable\.\n.*--reset/)
  })

  test('a cluster without its secrets, or of another version', () => {
    const data = folder()
    writeFileSync(join(data, 'holdpoint.json'), '{}')
    mkdirSync(join(data, 'postgres'))
    expect(failedStart('--data', data, '--port', '0').stderr).toMatch(/damaged: secrets\.json is missing/)
    const secret = { postgres: 'a', holdpoint: 'b', shop: 'c', consoleSession: 'd'.repeat(40) }
    writeFileSync(join(data, 'secrets.json'), JSON.stringify(secret))
    expect(failedStart('--data', data, '--port', '0').stderr).toMatch(
      /damaged: the PostgreSQL cluster has no PG_VERSION/,
    )
    writeFileSync(join(data, 'postgres', 'PG_VERSION'), '15\n')
    expect(failedStart('--data', data, '--port', '0').stderr).toMatch(/of PostgreSQL 15, not 18/)
  })

  test('a port that is no port', () => {
    const { status, stderr } = failedStart('--data', folder(), '--port', '70000')
    expect(status).toBe(2)
    expect(stderr).toMatch(/from 0 to 65535/)
  })
})
