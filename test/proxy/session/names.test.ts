import { serialize } from 'pg-protocol'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { RawClient, reportOf, transcript } from './raw-client.ts'
import { sessionServer, type TestServer } from './session-server.ts'

const { parse, bind, execute, query, sync, flush, close } = serialize

let at: TestServer
let client: RawClient
/** Stands for every change of a definition that others make. */
let version = 0
beforeAll(async () => {
  at = await sessionServer({
    dependencies: {
      catalogOf: () => ({
        version: () => version,
        labelsOf: () => [],
        changed: () => void version++,
        look: () => Promise.resolve(),
        runsCode: () => false,
      }),
    },
  })
  at.gate.say(/^CREATE TEMP TABLE/, { effects: { barrier: true, createsTemporary: ['t'] } })
  at.gate.say(/^DROP TABLE t/, { effects: { barrier: true, dropsTemporary: ['t'] } })
  at.gate.say(/^ROLLBACK/, { facts: { kind: 'transaction', effects: ['transaction'] }, effects: { barrier: true } })
  at.gate.say(/^SET search_path/, {
    facts: { kind: 'variable_set', settings: [{ name: 'search_path', value: null, scope: 'session' }] },
    effects: { barrier: true },
  })
  at.gate.say(/^SET ROLE/, {
    facts: { kind: 'variable_set', settings: [{ name: 'role', value: 'other', scope: 'session' }] },
    effects: { barrier: true },
  })
  at.gate.say(/^PREPARE p AS/, {
    facts: { kind: 'prepare' },
    effects: { prepares: { name: 'p', text: 'SELECT 11', ledTo: [] } },
  })
  at.gate.say(/^DEALLOCATE p/, { facts: { kind: 'deallocate' }, effects: { deallocates: 'p' } })
  at.gate.say(/^DECLARE c/, {
    facts: { kind: 'declare_cursor' },
    effects: { declares: { name: 'c', text: 'SELECT 12', ledTo: [] } },
  })
  const direct = await RawClient.open(at.direct)
  await direct.ask('CREATE TABLE t (id int); INSERT INTO t VALUES (1); CREATE SCHEMA other; CREATE ROLE other_role')
  await direct.ask('CREATE TABLE other.t (id int); INSERT INTO other.t VALUES (2)')
  direct.close()
})
afterAll(async () => {
  const direct = await RawClient.open(at.direct)
  await direct.ask('DROP ROLE IF EXISTS other_role')
  direct.close()
  await at[Symbol.asyncDispose]()
})
beforeEach(async () => {
  client = await RawClient.open(at.through)
})
afterEach(() => client.close())

const run = (text: string): Buffer[] => [parse({ text }), bind(), execute()]
const lastView = () => at.gate.judged.at(-1)?.view

describe('what a statement means is known before it is judged', () => {
  test('the search path follows the server', async () => {
    await client.ask('SELECT 1')
    expect(lastView()?.searchPath).toBe('"$user", public')
    await client.ask('SET search_path = other')
    await client.ask('SELECT 2')
    expect(lastView()?.searchPath).toBe('other')
  })

  test('also in the middle of a pipeline, where the server reports it only at the end', async () => {
    client.send(...run('SET search_path = other'), ...run('SELECT id FROM t'), sync())
    const lines = transcript(await client.until('Z'))
    expect(lines).toEqual(['1', '2', 'C SET', '1', '2', 'D 2', 'C SELECT 1', 'S', 'Z I'])
    expect(at.gate.judged.at(-1)).toMatchObject({ text: 'SELECT id FROM t', view: { searchPath: 'other' } })
  })

  test('a rollback takes it back', async () => {
    await client.ask('BEGIN')
    await client.ask('SET search_path = other')
    await client.ask('ROLLBACK')
    await client.ask('SELECT 3')
    expect(lastView()?.searchPath).toBe('"$user", public')
  })

  test('the role is the one in force', async () => {
    await client.ask('SELECT 1')
    expect(lastView()?.role).toBe('postgres')
    await client.ask('SET ROLE other_role')
    await client.ask('SELECT 4')
    expect(lastView()?.role).toBe('other_role')
  })

  test('temporary relations are those that there are', async () => {
    await client.ask('BEGIN')
    await client.ask('CREATE TEMP TABLE t (id int)')
    await client.ask('SELECT 5')
    expect(at.gate.judged.at(-1)?.view.temporaryRelations).toEqual(new Set(['t']))
    await client.ask('ROLLBACK')
    await client.ask('SELECT 6')
    expect(at.gate.judged.at(-1)?.view.temporaryRelations).toEqual(new Set())
  })

  test('a batch that fails takes back what it had made, though it was asked about in between', async () => {
    client.send(...run('CREATE TEMP TABLE t (id int)'), ...run('SELECT 7'), ...run('SELECT 1/0'), sync())
    await client.until('Z')
    expect(at.gate.judged.at(-1)?.view.temporaryRelations).toEqual(new Set(['t']))
    await client.ask('SELECT 8')
    expect(at.gate.judged.at(-1)?.view.temporaryRelations).toEqual(new Set())
  })

  test('a statement behind the end of a transaction that had changed names is refused', async () => {
    await client.ask('BEGIN')
    await client.ask('SET search_path = other')
    const messages = await client.ask('ROLLBACK; SELECT id FROM t')
    expect(reportOf(messages)).toMatchObject({ C: '42501', D: 'Rule session.order' })
    expect(transcript(await client.ask('ROLLBACK'))).toContain('C ROLLBACK')
    expect(transcript(await client.ask('ROLLBACK; SELECT 1'))).toContain('D 1')
  })

  test('so is one behind the drop of a temporary relation, whose name may mean another then', async () => {
    await client.ask('CREATE TEMP TABLE t AS SELECT 99 AS id')
    const messages = await client.ask('DROP TABLE t; SELECT id FROM t')
    expect(reportOf(messages)).toMatchObject({ C: '42501', D: 'Rule session.order' })
    expect(transcript(await client.ask('SELECT id FROM t'))).toContain('D 99')
  })

  test('what a transaction has changed is told to the gate until it ends, and then read anew', async () => {
    const changes = [{ kind: 'created' as const, schema: 'public', name: 'fresh' }]
    at.gate.say(/^CREATE TABLE fresh/, { effects: { barrier: true, changesCatalog: true, changes } })
    await client.ask('BEGIN')
    await client.ask('CREATE TABLE fresh (id int)')
    await client.ask('SELECT 51')
    expect(lastView()?.uncommitted).toEqual(changes)
    const before = version
    await client.ask('ROLLBACK')
    expect(version).toBe(before + 1)
    await client.ask('SELECT 52')
    expect(lastView()?.uncommitted).toEqual([])
  })

  test('an error in front of the question is skipped to Sync like any other', async () => {
    at.gate.say(/^SELECT 1\/0/, { effects: { barrier: true } })
    client.send(
      ...run('SELECT 1/0'),
      ...run('SELECT 1'),
      flush(),
      ...run('SELECT 2'),
      sync(),
      ...run('SELECT 3'),
      sync(),
    )
    const lines = transcript(await client.until('Z', 2))
    expect(lines).toEqual(['1', 'E 22012', 'Z I', '1', '2', 'D 3', 'C SELECT 1', 'Z I'])
  })
})

describe('a name stands for what the server has under it', () => {
  test('PREPARE and Parse share one namespace', async () => {
    await client.ask('PREPARE p AS SELECT 11')
    client.send(bind({ statement: 'p' }), execute(), sync())
    expect(transcript(await client.until('Z'))).toContain('D 11')
    expect(at.gate.judged.at(-1)?.text).toBe('SELECT 11')
    await client.ask('DEALLOCATE p')
    client.send(bind({ statement: 'p' }), sync())
    expect(transcript(await client.until('Z'))).toEqual(['E 26000', 'Z I'])
  })

  test('DECLARE and Bind share one namespace, until the transaction ends', async () => {
    await client.ask('BEGIN')
    await client.ask('DECLARE c CURSOR FOR SELECT 12')
    client.send(execute({ portal: 'c' }), sync())
    expect(transcript(await client.until('Z'))).toEqual(['D 12', 'C SELECT 1', 'Z T'])
    await client.ask('COMMIT')
    client.send(execute({ portal: 'c' }), sync())
    expect(transcript(await client.until('Z'))).toEqual(['E 34000', 'Z I'])
  })

  test('a name that is closed and made again in one pipeline is the new one', async () => {
    client.send(parse({ name: 's', text: 'SELECT 1' }), sync())
    client.send(
      close({ type: 'S', name: 's' }),
      parse({ name: 's', text: 'SELECT 2' }),
      bind({ statement: 's' }),
      execute(),
      sync(),
    )
    expect(transcript(await client.until('Z', 2))).toContain('D 2')
    expect(at.gate.judged.at(-1)?.text).toBe('SELECT 2')
  })

  test('a Parse that failed has not taken the name', async () => {
    client.send(parse({ name: 's', text: 'SELECT 1' }), sync())
    client.send(parse({ name: 's', text: 'SELECT 2' }), sync(), bind({ statement: 's' }), execute(), sync())
    expect(transcript(await client.until('Z', 3))).toEqual([
      '1',
      'Z I',
      'E 42P05',
      'Z I',
      '2',
      'D 1',
      'C SELECT 1',
      'Z I',
    ])
    expect(at.gate.judged.at(-1)?.text).toBe('SELECT 1')
  })

  test('a name that SQL says is what it is by the time it runs', async () => {
    at.gate.say(/held/, { outcome: 'hold', onHold: 'error' })
    client.send(parse({ name: 'foo', text: 'SELECT 1' }), sync())
    await client.until('Z')
    const replaced = [close({ type: 'S', name: 'foo' }), parse({ name: 'foo', text: 'SELECT 9 AS held' })]
    client.send(parse({ text: 'EXECUTE foo' }), ...replaced, bind(), execute(), sync())
    expect(transcript(await client.until('Z'))).toEqual(['1', '3', '1', 'E YH001', 'Z I'])
    client.send(parse({ name: 'bar', text: 'SELECT 1' }), sync())
    await client.until('Z')
    client.send(parse({ text: 'EXECUTE bar' }), close({ type: 'S', name: 'bar' }), bind(), execute(), sync())
    expect(transcript(await client.until('Z'))).toEqual(['1', '3', 'E 42501', 'Z I'])
  })

  test('a cursor is gone with its transaction, for SQL too', async () => {
    await client.ask('BEGIN')
    await client.ask('DECLARE c CURSOR FOR SELECT 12')
    expect(transcript(await client.ask('FETCH c'))).toContain('D 12')
    await client.ask('COMMIT')
    expect(transcript(await client.ask('FETCH c'))).toEqual(['E 42501', 'Z I'])
  })

  test.each([
    ['a name made in the batch before', [parse({ text: 'SELECT 1' }), sync(), bind(), execute(), sync()], 2],
    ['a name made twice', [...run('SELECT 1'), sync(), ...run('SELECT 2'), sync(), bind(), execute(), sync()], 3],
    [
      'a name made in the batch before, behind an error',
      [parse({ text: 'SELECT 1' }), sync(), parse({ text: 'SELEKT', name: 'x' }), bind(), execute(), sync()],
      2,
    ],
  ] as const)('%s is what it is directly, though nothing was waited for', async (_why, says, z) => {
    const direct = await RawClient.open(at.direct)
    for (const one of [direct, client]) one.send(...says)
    expect(transcript(await client.until('Z', z))).toEqual(transcript(await direct.until('Z', z)))
    direct.close()
  })

  test('an error before the Sync does not make the server forget what comes behind it', async () => {
    client.send(...run('SELECT 2/0'), sync(), parse({ name: 'behind', text: 'SELECT 81' }))
    await client.until('Z')
    client.send(bind({ statement: 'behind' }), execute(), sync())
    expect(transcript(await client.until('Z'))).toEqual(['1', '2', 'D 81', 'C SELECT 1', 'Z I'])
  })

  test('what was sent behind a failed batch is expected again', async () => {
    client.send(
      ...run('SELECT 1/0'),
      sync(),
      parse({ name: 'after', text: 'SELECT 21' }),
      bind({ statement: 'after' }),
      execute(),
      sync(),
    )
    expect(transcript(await client.until('Z', 2))).toContain('D 21')
  })

  test('a portal runs what was bound, although the unnamed statement was overwritten', async () => {
    client.send(
      parse({ text: 'SELECT 31' }),
      bind({ portal: 'q' }),
      parse({ text: 'SELECT 32' }),
      execute({ portal: 'q' }),
      sync(),
    )
    expect(transcript(await client.until('Z'))).toContain('D 31')
    expect(at.trail.named('statement.intended').at(-1)?.text).toBe('SELECT 31')
  })

  test.each([false, true])('an error that comes while a message waits skips it (a slow gate: %s)', async (slow) => {
    at.gate.say(/^SELECT 1\/0/, {})
    const direct = await RawClient.open(at.direct)
    for (const one of [direct, client]) one.send(parse({ name: 's', text: 'SELECT 1' }), sync())
    await Promise.all([direct.until('Z'), client.until('Z')])
    at.gate.slow = slow
    const says = [
      parse({ name: 's', text: 'SELECT 2' }),
      sync(),
      ...run('SELECT 1/0'),
      bind({ statement: 's' }),
      execute(),
      sync(),
      bind({ statement: 's' }),
      execute(),
      sync(),
    ]
    for (const one of [direct, client]) one.send(...says)
    expect(transcript(await client.until('Z', 3))).toEqual(transcript(await direct.until('Z', 3)))
    at.gate.slow = false
    direct.close()
  })

  test('a simple query does away with the unnamed statement', async () => {
    client.send(parse({ text: 'SELECT 1' }), sync(), query('SELECT 2'), bind(), sync())
    expect(transcript(await client.until('Z', 3)).slice(-2)).toEqual(['E 26000', 'Z I'])
  })
})

describe('names that changed since a statement was prepared', () => {
  test('it is prepared anew, for the server would not look again', async () => {
    client.send(parse({ name: 's', text: 'SELECT id FROM t' }), bind({ statement: 's' }), execute(), sync())
    expect(transcript(await client.until('Z'))).toContain('D 1')
    await client.ask('CREATE TEMP TABLE t AS SELECT 99 AS id')
    client.send(bind({ statement: 's' }), execute(), sync())
    expect(transcript(await client.until('Z'))).toEqual(['2', 'D 99', 'C SELECT 1', 'Z I'])
  })

  test('also when others changed them', async () => {
    client.send(parse({ name: 's', text: 'SELECT id FROM t' }), sync())
    await client.until('Z')
    version++
    client.send(bind({ statement: 's' }), execute(), sync())
    expect(transcript(await client.until('Z'))).toEqual(['2', 'D 1', 'C SELECT 1', 'Z I'])
  })

  test('a portal made before is run while it leads to what it led to', async () => {
    at.gate.say(/^SELECT id FROM t$/, { definitions: [{ oid: 1, hash: 'a' }] })
    await client.ask('BEGIN')
    client.send(parse({ text: 'SELECT id FROM t' }), bind({ portal: 'q' }), sync())
    await client.until('Z')
    version++
    client.send(execute({ portal: 'q', rows: 1 }), sync())
    expect(transcript(await client.until('Z'))).toEqual(['D 1', 's', 'Z T'])
    version++
    at.gate.say(/^SELECT id FROM t$/, { definitions: [{ oid: 1, hash: 'b' }] })
    client.send(execute({ portal: 'q' }), sync())
    expect(transcript(await client.until('Z'))).toEqual(['E 40001', 'Z E'])
  })

  test('what SQL prepared is bound while it leads to what it led to, whatever has become of that', async () => {
    await client.ask('PREPARE p AS SELECT 11')
    version++
    client.send(bind({ statement: 'p' }), execute(), sync())
    expect(transcript(await client.until('Z'))).toEqual(['2', 'D 11', 'C SELECT 1', 'Z I'])
    version++
    at.gate.say(/^SELECT 11$/, { definitions: [{ oid: 1, hash: 'a' }] })
    client.send(bind({ statement: 'p' }), sync())
    expect(reportOf(await client.until('Z'))).toMatchObject({
      C: '26000',
      M: expect.stringContaining('PREPARE it again'),
    })
  })
})

describe('settings on which reading the text rests', () => {
  test.each([
    ['standard_conforming_strings', 'off'],
    ['client_encoding', 'LATIN1'],
  ])('were %s ever %s, the session ends', async (name, value) => {
    client.send(query(`SELECT set_config('${name}', '${value}', false)`), query('SELECT 2'))
    const messages = await client.toTheEnd()
    expect(reportOf(messages)).toMatchObject({
      S: 'FATAL',
      C: '42501',
      M: `${name} must stay ${name === 'client_encoding' ? 'UTF8' : 'on'}`,
    })
    expect(transcript(messages)).not.toContain('D 2')
  })

  test('also in the middle of a pipeline, before a later statement is read', async () => {
    at.gate.say(/^SELECT set_config/, { effects: { barrier: true }, facts: { functions: [] } })
    client.send(
      ...run("SELECT set_config('standard_conforming_strings', 'off', false)"),
      ...run("SELECT '\\'', 5 --'"),
      sync(),
    )
    const messages = await client.toTheEnd()
    expect(reportOf(messages)).toMatchObject({ S: 'FATAL', C: '42501' })
    expect(at.trail.named('statement.intended').at(-1)?.text).toContain('set_config')
  })
})
