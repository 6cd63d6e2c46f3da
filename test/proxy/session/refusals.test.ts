import { serialize } from 'pg-protocol'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { RawClient, reportOf, transcript } from './raw-client.ts'
import { sessionServer, type TestServer } from './session-server.ts'

const { parse, bind, describe: describeMessage, execute, query, sync, flush, close } = serialize

let at: TestServer
beforeAll(async () => {
  at = await sessionServer()
  at.gate.say(/^DROP/, { outcome: 'deny' })
  at.gate.say(/^begin|^commit|^rollback/i, { facts: { kind: 'transaction', effects: ['transaction'] } })
  const direct = await RawClient.open(at.direct)
  await direct.ask('CREATE TABLE t (id int); CREATE TABLE u (id int)')
  direct.close()
})
afterAll(() => at[Symbol.asyncDispose]())

/** On the server itself, a syntax error takes the refused statement's place; ours must look like that. */
const REFUSED = 'DROP TABLE t'
const WRONG = 'DORP TABLE t'

const run = (text: string): Buffer[] => [parse({ text }), bind(), describeMessage({ type: 'P' }), execute()]
const pipelines: readonly {
  readonly why: string
  readonly of: (bad: string) => readonly Buffer[]
  readonly z: number
}[] = [
  { why: 'a simple query', of: (bad) => [query(bad)], z: 1 },
  { why: 'the first of two simple queries', of: (bad) => [query(bad), query('SELECT 1')], z: 2 },
  { why: 'a simple query in a transaction', of: (bad) => [query('BEGIN'), query(bad), query('SELECT 1')], z: 3 },
  { why: 'a statement and its rest of the batch', of: (bad) => [...run(bad), sync()], z: 1 },
  {
    why: 'the middle of a pipeline',
    of: (bad) => [...run('SELECT 1'), ...run(bad), ...run('SELECT 2'), sync(), ...run('SELECT 3'), sync()],
    z: 2,
  },
  {
    why: 'a pipeline whose error is asked for with Flush',
    of: (bad) => [...run('SELECT 1'), ...run(bad), flush(), ...run('SELECT 2'), flush(), sync()],
    z: 1,
  },
  {
    why: 'a batch behind one that had failed of itself',
    of: (bad) => [...run('SELECT 1/0'), ...run(bad), sync(), ...run('SELECT 3'), sync()],
    z: 2,
  },
  {
    why: 'a named statement, then its use',
    of: (bad) => [parse({ name: 's', text: bad }), sync(), bind({ statement: 's' }), execute(), sync()],
    z: 2,
  },
  {
    why: 'a query inside a batch that was not ended',
    of: (bad) => [...run('SELECT 1'), query(bad), ...run('SELECT 2'), sync()],
    z: 2,
  },
  {
    why: 'a query behind a failed statement of the same batch, which is skipped',
    of: (bad) => [...run(bad), query('SELECT 1'), sync()],
    z: 1,
  },
  {
    why: 'a batch inside an open transaction',
    of: (bad) => [query('BEGIN'), ...run('SELECT 1'), ...run(bad), sync(), query('ROLLBACK')],
    z: 3,
  },
]

describe('a refusal looks as the server’s own error would in its place', () => {
  for (const { why, of, z } of pipelines) {
    test(why, async () => {
      const [direct, through] = [await RawClient.open(at.direct), await RawClient.open(at.through)]
      direct.send(...of(WRONG))
      through.send(...of(REFUSED))
      const wanted = transcript(await direct.until('Z', z)).map((line) => line.replace('E 42601', 'E 42501'))
      expect(transcript(await through.until('Z', z))).toEqual(wanted)
      // and the stream is not off by one afterwards
      expect(transcript(await through.ask('SELECT 7'))).toEqual(transcript(await direct.ask('SELECT 7')))
      direct.close()
      through.close()
    })
  }
})

test('nothing of a refused statement reaches the server, and the trail has it', async () => {
  const client = await RawClient.open(at.through)
  const before = at.trail.named('statement.denied').length
  const messages = await client.ask('DROP TABLE t')
  expect(reportOf(messages)).toMatchObject({
    S: 'ERROR',
    C: '42501',
    M: expect.stringContaining('The test says deny.'),
  })
  expect(reportOf(messages).D).toBe('Rule test.deny')
  expect(at.trail.named('statement.denied').slice(before)).toMatchObject([{ text: 'DROP TABLE t', outcome: 'deny' }])
  expect(transcript(await client.ask("SELECT to_regclass('t')"))).toContain('D t')
  client.close()
})

describe('a statement that the server would refuse itself', () => {
  const missing = { sqlstate: '42703', message: 'column "nope" does not exist', position: 8 } as const
  const answered = { S: 'ERROR', C: '42703', M: missing.message, P: '8', D: expect.stringContaining('Holdpoint') }
  const unread = { sqlstate: '42601', message: 'syntax error at or near "SELEC"', position: 1 } as const
  beforeAll(() => {
    at.gate.say(/^SELECT nope/, { outcome: 'deny', nativeError: missing })
    at.gate.say(/^SELEC /, { outcome: 'deny', nativeError: unread })
  })

  test('is answered in its words and recorded as denied, and does not reach it', async () => {
    const client = await RawClient.open(at.through)
    const before = at.trail.named('statement.denied').length
    expect(reportOf(await client.ask('SELECT nope'))).toMatchObject(answered)
    client.send(...run('SELECT nope'), sync())
    expect(reportOf(await client.until('Z'))).toMatchObject(answered)
    const denied = at.trail.named('statement.denied').slice(before)
    expect(denied).toMatchObject([{ text: 'SELECT nope' }, { text: 'SELECT nope' }])
    expect(JSON.stringify(denied)).not.toContain(missing.message)
    client.close()
  })

  test('is answered by the rule when a rule denies another of the same query', async () => {
    const client = await RawClient.open(at.through)
    expect(transcript(await client.ask('SELECT nope; DROP TABLE t'))).toEqual(['E 42501', 'Z I'])
    client.close()
  })

  test('is not looked into in a failed transaction, but read', async () => {
    const client = await RawClient.open(at.through)
    await client.ask('BEGIN')
    expect(transcript(await client.ask('SELECT nope'))).toEqual(['E 42703', 'Z E'])
    expect(transcript(await client.ask('SELECT nope'))).toEqual(['E 25P02', 'Z E'])
    expect(transcript(await client.ask('SELEC 1'))).toEqual(['E 42601', 'Z E'])
    client.close()
  })
})

test('one denied statement of a query decides for all, and none has run', async () => {
  const client = await RawClient.open(at.through)
  expect(transcript(await client.ask('INSERT INTO t VALUES (1); DROP TABLE t'))).toEqual(['E 42501', 'Z I'])
  expect(transcript(await client.ask('SELECT count(*) FROM t'))).toContain('D 0')
  client.close()
})

test('a refused unnamed Parse leaves no unnamed statement, so the one before it never runs again', async () => {
  const client = await RawClient.open(at.through)
  client.send(parse({ text: 'INSERT INTO u VALUES (1)' }), bind(), execute(), sync())
  await client.until('Z')
  client.send(parse({ text: 'DROP TABLE t' }), sync(), bind(), execute(), sync())
  expect(transcript(await client.until('Z', 2))).toEqual(['E 42501', 'Z I', 'E 26000', 'Z I'])
  expect(transcript(await client.ask('SELECT count(*) FROM u'))).toContain('D 1')
  client.close()
})

test('a statement that is refused only when it runs leaves the unnamed one as it was', async () => {
  const client = await RawClient.open(at.through)
  client.send(parse({ name: 'later', text: 'SELECT later' }), parse({ text: 'SELECT 5' }), sync())
  const parsed = transcript(await client.until('Z'))
  expect(parsed.at(0)).toBe('E 42703')
  client.send(parse({ name: 'later', text: 'SELECT 4 AS later' }), parse({ text: 'SELECT 5' }), sync())
  await client.until('Z')
  at.gate.say(/^SELECT 4 AS later/, { outcome: 'deny' })
  client.send(bind({ statement: 'later' }), execute(), sync(), bind(), execute(), sync())
  expect(transcript(await client.until('Z', 2))).toEqual(['E 42501', 'Z I', '2', 'D 5', 'C SELECT 1', 'Z I'])
  client.close()
})

test('the function call protocol is closed', async () => {
  const client = await RawClient.open(at.through)
  const functionCall = Buffer.from([0x46, 0, 0, 0, 14, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0])
  client.send(functionCall)
  expect(transcript(await client.until('Z'))).toEqual(['E 42501', 'Z I'])
  expect(at.trail.named('statement.denied').at(-1)).toMatchObject({ rules: ['session.function_call'] })
  client.close()
})

test('an unknown statement or portal is refused, not looked for', async () => {
  const client = await RawClient.open(at.through)
  client.send(
    bind({ statement: 'nobody' }),
    sync(),
    execute({ portal: 'nobody' }),
    sync(),
    close({ type: 'S', name: 'x' }),
    sync(),
  )
  expect(transcript(await client.until('Z', 3))).toEqual(['E 26000', 'Z I', 'E 34000', 'Z I', '3', 'Z I'])
  client.close()
})

test('what the server will skip is neither judged nor recorded', async () => {
  const client = await RawClient.open(at.through)
  client.send(...run('DROP TABLE t'), ...run('SELECT 61'), query('SELECT 62'), sync(), query('SELECT 63'))
  await client.until('Z', 2)
  const texts = at.trail.named('statement.intended').map(({ text }) => text)
  expect(texts).not.toContain('SELECT 61')
  expect(texts).not.toContain('SELECT 62')
  expect(texts.at(-1)).toBe('SELECT 63')
  client.close()
})

test('an error that comes while a message is being judged skips it', async () => {
  const client = await RawClient.open(at.through)
  const failed = client.until('E')
  at.gate.before = (text) => (text === 'SELECT 71' ? failed.then(() => undefined) : null)
  client.send(...run('SELECT 1/0'), ...run('SELECT 71'), sync(), query('SELECT 72'))
  await failed
  expect(transcript(await client.until('Z', 2))).toEqual(['Z I', 'T', 'D 72', 'C SELECT 1', 'Z I'])
  at.gate.before = null
  client.close()
})

describe('a text in which the gate and the server do not see the same statements', () => {
  // The gate of these tests cuts at every semicolon.
  const text = "SELECT ';'"

  test('is not bound', async () => {
    const client = await RawClient.open(at.through)
    client.send(...run(text), sync())
    expect(transcript(await client.until('Z'))).toEqual(['1', 'E 42601', 'Z I'])
    client.close()
  })

  test('ends the session when its answers do not fit', async () => {
    const client = await RawClient.open(at.through)
    client.send(query(text))
    expect(reportOf(await client.toTheEnd())).toMatchObject({ S: 'FATAL', C: '08P01' })
  })
})

test('a promise from the gate keeps the order', async () => {
  at.gate.slow = true
  const client = await RawClient.open(at.through)
  client.send(query('SELECT 1'), ...run('SELECT 2'), ...run('DROP TABLE t'), sync(), query('SELECT 3'))
  const lines = transcript(await client.until('Z', 3)).filter((line) => /^[DEZ]/.test(line))
  expect(lines).toEqual(['D 1', 'Z I', 'D 2', 'E 42501', 'Z I', 'D 3', 'Z I'])
  at.gate.slow = false
  client.close()
})
