import { connect } from 'node:net'
import pg from 'pg'
import { serialize } from 'pg-protocol'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { hasProgram, psql, run } from '../../harness/psql.ts'
import { RawClient, transcript } from './raw-client.ts'
import { sessionServer, type TestServer } from './session-server.ts'

let at: TestServer
beforeAll(async () => {
  at = await sessionServer()
})
afterAll(() => at[Symbol.asyncDispose]())

describe('node-postgres', () => {
  test('runs simple, parameterised and named statements', async () => {
    const client = new pg.Client(at.through)
    await client.connect()
    expect((await client.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }])
    expect((await client.query('SELECT $1::text AS said', ['hello'])).rows).toEqual([{ said: 'hello' }])
    for (const n of [1, 2, 3]) {
      const { rows } = await client.query({ name: 'twice', text: 'SELECT $1::int * 2 AS twice', values: [n] })
      expect(rows).toEqual([{ twice: n * 2 }])
    }
    await client.end()
  })

  test('hears of an error and goes on', async () => {
    at.gate.say(/^DROP/, { outcome: 'deny' })
    const client = new pg.Client(at.through)
    await client.connect()
    await expect(client.query('DROP TABLE t')).rejects.toMatchObject({ code: '42501', severity: 'ERROR' })
    await expect(client.query('DROP TABLE t WHERE $1', [1])).rejects.toMatchObject({ code: '42501' })
    expect((await client.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }])
    await client.end()
  })

  test('cancels', async () => {
    const client = new pg.Client({ connectionString: at.through, query_timeout: 0 })
    await client.connect()
    const asleep = client.query('SELECT pg_sleep(62)')
    const refused = expect(asleep).rejects.toMatchObject({ code: '57014' })
    const direct = await RawClient.open(at.direct)
    const sleeping = "SELECT count(*) FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(62)' AND state = 'active'"
    await expect.poll(async () => transcript(await direct.ask(sleeping))).toContain('D 1')
    direct.close()
    const { processID, secretKey } = client as unknown as { readonly processID: number; readonly secretKey: number }
    const canceller = connect({ port: at.port, host: '127.0.0.1' })
    canceller.write(serialize.cancel(processID, secretKey))
    await refused
    await client.end()
  })
})

describe.skipIf(!hasProgram('psql'))('psql', () => {
  test('runs statements, meta-commands, COPY and files', async () => {
    const ran = await psql(
      at.through,
      'CREATE TABLE shelf (id int PRIMARY KEY, name text)',
      "\\copy shelf FROM PROGRAM 'printf ''1\\tbook\\n2\\tlamp\\n'''",
      '\\dt',
      '\\d shelf',
      '\\df nothing',
      'SELECT * FROM shelf ORDER BY id',
      '\\copy shelf TO STDOUT',
    )
    expect(ran.stderr).toBe('')
    expect(ran.stdout).toContain('public|shelf|table')
    expect(ran.stdout.match(/book/g)).toHaveLength(2)
    expect(ran.stdout).toContain('id|integer||not null|')
  })

  test('shows what is denied, and on what ground', async () => {
    at.gate.say(/^DROP/, { outcome: 'deny' })
    const ran = await psql(at.through, 'DROP TABLE shelf', 'SELECT 42')
    expect(ran.stderr).toContain('ERROR:  Holdpoint denied this statement: The test says deny.')
    expect(ran.stderr).toContain('DETAIL:  Rule test.deny')
  })

  test('is told why it may not come in', async () => {
    const ran = await psql(at.through.replace('open%20sesame', 'guess'), 'SELECT 1')
    expect(ran.status).toBe(2)
    expect(ran.stderr).toContain('FATAL:  The token is not valid')
  })
})

describe.skipIf(!hasProgram('pgbench'))('pgbench', () => {
  test.each(['simple', 'extended', 'prepared'])('runs its transactions (%s)', async (mode) => {
    const prepared = await run('pgbench', ['-i', '-q', '-s', '1', at.through])
    expect(prepared.status).toBe(0)
    const ran = await run('pgbench', ['-n', '-M', mode, '-c', '4', '-t', '25', at.through])
    expect(ran.stdout).toContain('number of transactions actually processed: 100/100')
    expect(ran.stdout).toContain('number of failed transactions: 0')
  })
})

test('a client that waits for nothing is served all the same', async () => {
  const client = new RawClient(connect({ port: at.port, host: '127.0.0.1' }))
  client.send(
    serialize.startup({ user: 'ana', database: 'shop' }),
    serialize.password('open sesame'),
    serialize.query('SELECT 1'),
    serialize.query('SELECT 2'),
  )
  const lines = transcript(await client.until('Z', 3))
  expect(lines.filter((line) => line.startsWith('D '))).toEqual(['D 1', 'D 2'])
  client.close()
})
