import { serialize } from 'pg-protocol'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { RawClient, reportOf, transcript } from './raw-client.ts'
import { sessionServer, type TestServer } from './session-server.ts'

const { query, parse, bind, execute, sync } = serialize

let at: TestServer
beforeAll(async () => {
  at = await sessionServer()
  const direct = await RawClient.open(at.direct)
  await direct.ask('CREATE TABLE t (n int)')
  direct.close()
})
afterAll(() => at[Symbol.asyncDispose]())

const ROWS = 1_000_000

test('a million rows pass in bounded memory to a client that reads slowly', async () => {
  const client = await RawClient.open(at.through)
  let rows = 0
  const started = process.memoryUsage()
  let most = 0
  const done = new Promise<void>((resolve) => {
    client.socket.removeAllListeners('data')
    let pauses = 0
    client.socket.on('data', (chunk: Buffer) => {
      rows += chunk.length
      const { rss, external } = process.memoryUsage()
      most = Math.max(most, rss - started.rss, external - started.external)
      if (++pauses % 16 === 0) {
        client.socket.pause()
        setImmediate(() => client.socket.resume())
      }
      if (chunk.subarray(-6).equals(Buffer.from('Z\0\0\0\x05I', 'latin1'))) resolve()
    })
  })
  client.send(query(`SELECT n, repeat('x', 50) FROM generate_series(1, ${ROWS}) n`))
  await done
  expect(rows).toBeGreaterThan(ROWS * 65)
  expect(most).toBeLessThan(120 * 1024 * 1024)
  expect(at.trail.named('statement.completed').at(-1)).toMatchObject({ ok: true, rows: ROWS })
  client.close()
}, 60_000)

test('every byte is the same as directly, however the client cuts what it sends', async () => {
  const says = Buffer.concat([
    query('SELECT 1; SELECT 2'),
    parse({ name: 's', text: 'SELECT $1::text, generate_series(1, 3)' }),
    bind({ statement: 's', values: ['é'] }),
    execute({ rows: 2 }),
    execute({}),
    sync(),
    query(''),
    query('SELECT repeat($$x$$, 100000)'),
  ])
  const direct = await RawClient.open(at.direct)
  direct.send(says)
  const wanted = Buffer.concat((await direct.until('Z', 4)).map(({ bytes }) => bytes))
  for (const size of [1, 2, 7, 64, says.length]) {
    const client = await RawClient.open(at.through)
    for (let from = 0; from < says.length; from += size) {
      client.socket.write(says.subarray(from, from + size))
      if (from % 50 === 0) await new Promise((resolve) => setImmediate(resolve))
    }
    const got = Buffer.concat((await client.until('Z', 4)).map(({ bytes }) => bytes))
    expect(got.equals(wanted), `pieces of ${size}`).toBe(true)
    client.close()
  }
  direct.close()
})

test('a thousand messages in one segment are answered in order', async () => {
  const client = await RawClient.open(at.through)
  const one = [parse({ text: 'SELECT $1::int' }), bind({ values: ['7'] }), execute()]
  client.send(...Array.from({ length: 1_000 }, () => one).flat(), sync())
  const lines = transcript(await client.until('Z'))
  expect(lines.filter((line) => line === 'D 7')).toHaveLength(1_000)
  expect(lines.at(-1)).toBe('Z I')
  client.close()
})

test('notices, notifications and settings pass between any two messages', async () => {
  const [direct, through] = [await RawClient.open(at.direct), await RawClient.open(at.through)]
  for (const client of [direct, through]) {
    client.send(
      query('LISTEN news'),
      query("DO $$ BEGIN RAISE NOTICE 'a'; PERFORM pg_notify('news', 'b'); RAISE NOTICE 'c' END $$"),
    )
    client.send(query("SET application_name = 'renamed'"), query('SELECT 1'))
  }
  expect(transcript(await through.until('Z', 4))).toEqual(transcript(await direct.until('Z', 4)))
  await through.ask('SELECT 2')
  expect(at.gate.judged.at(-1)?.view.application).toBe('renamed')
  direct.close()
  through.close()
})

test('nothing is forwarded before the trail has it, and nothing behind it overtakes', async () => {
  const client = await RawClient.open(at.through)
  at.trail.stuck = true
  client.send(query('INSERT INTO t VALUES (1)'), sync())
  await expect.poll(() => at.trail.named('statement.intended').at(-1)?.text).toBe('INSERT INTO t VALUES (1)')
  const direct = await RawClient.open(at.direct)
  expect(transcript(await direct.ask('SELECT count(*) FROM t'))).toContain('D 0')
  at.trail.release()
  expect(transcript(await client.until('Z', 2))).toEqual(['C INSERT 0 1', 'Z I', 'Z I'])
  expect(transcript(await direct.ask('SELECT count(*) FROM t'))).toContain('D 1')
  direct.close()
  client.close()
})

test('when the trail cannot be written, nothing runs and the session ends', async () => {
  await using broken = await sessionServer()
  const client = await RawClient.open(broken.through)
  broken.trail.failure = new Error('disk full')
  client.send(query('CREATE TABLE never (n int)'))
  const report = reportOf(await client.toTheEnd())
  expect(report).toMatchObject({ S: 'FATAL', C: '58030' })
  expect(JSON.stringify(report)).not.toContain('disk full')
  const direct = await RawClient.open(broken.direct)
  expect(transcript(await direct.ask("SELECT to_regclass('never')"))).toContain('D ')
  direct.close()
})

test('a client that vanishes takes its statement with it: cancelled and rolled back', async () => {
  const client = await RawClient.open(at.through)
  client.send(query('BEGIN'), query('INSERT INTO t VALUES (2)'), query('SELECT pg_sleep(61)'))
  await client.until('Z', 2)
  const direct = await RawClient.open(at.direct)
  const sleeping = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep(61%' AND state = 'active'"
  await expect.poll(async () => transcript(await direct.ask(sleeping))).toContain('D 1')
  client.close()
  await expect.poll(async () => transcript(await direct.ask(sleeping))).toContain('D 0')
  expect(transcript(await direct.ask('SELECT count(*) FROM t WHERE n = 2'))).toContain('D 0')
  direct.close()
})

test('a client that says goodbye lets its last statement finish', async () => {
  const client = await RawClient.open(at.through)
  // Longer than the server waits before it looks whether Holdpoint is still there.
  client.send(query('SELECT pg_sleep(1.5); INSERT INTO t VALUES (3)'), serialize.end())
  await client.toTheEnd()
  const direct = await RawClient.open(at.direct)
  expect(transcript(await direct.ask('SELECT count(*) FROM t WHERE n = 3'))).toContain('D 1')
  direct.close()
  expect(at.trail.named('session.closed').at(-1)).toMatchObject({ reason: 'client said goodbye' })
})

test('a database that ends the connection is heard', async () => {
  const client = await RawClient.open(at.through)
  client.send(query('SELECT pg_terminate_backend(pg_backend_pid())'))
  expect(reportOf(await client.toTheEnd())).toMatchObject({ S: 'FATAL', C: '57P01' })
})

test('a session ends when the credential does', async () => {
  const expiresAt = new Date(Date.now() + 300).toISOString()
  await using brief = await sessionServer({ identity: { expiresAt } })
  const client = await RawClient.open(brief.through)
  expect(reportOf(await client.toTheEnd())).toMatchObject({ S: 'FATAL', C: '57P05' })
})

test('closing the server ends its sessions, and says why', async () => {
  const closing = await sessionServer()
  const client = await RawClient.open(closing.through)
  await closing[Symbol.asyncDispose]()
  expect(reportOf(await client.toTheEnd())).toMatchObject({ S: 'FATAL', C: '57P01' })
})

test.each([
  [
    'text that is not UTF-8 is an error and not the end',
    Buffer.from('Q\0\0\0\x07\xff\xfe\0', 'latin1'),
    ['E 22021', 'Z I'],
  ],
  ['a text with a NUL inside', Buffer.from('Q\0\0\0\x08a\0b\0', 'latin1'), ['E 08P01', 'Z I']],
])('%s', async (_why, bytes, wanted) => {
  const client = await RawClient.open(at.through)
  client.send(bytes)
  expect(transcript(await client.until('Z'))).toEqual(wanted)
  expect(transcript(await client.ask('SELECT 1'))).toContain('D 1')
  client.close()
})

test.each([
  ['an unknown message type', Buffer.from('z\0\0\0\x04', 'latin1')],
  ['a password out of season', Buffer.from('p\0\0\0\x05\0', 'latin1')],
  ['a length that cannot be', Buffer.from('Q\0\0\0\x03', 'latin1')],
  ['a Bind that promises more than it has', Buffer.from('B\0\0\0\x08\0\0\xff\xff', 'latin1')],
])('%s ends the connection as PostgreSQL ends it', async (_why, bytes) => {
  const client = await RawClient.open(at.through)
  client.send(bytes)
  expect(reportOf(await client.toTheEnd())).toMatchObject({ S: 'FATAL', C: '08P01' })
})
