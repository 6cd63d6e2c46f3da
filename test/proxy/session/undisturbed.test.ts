import { serialize } from 'pg-protocol'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { serverOfPgDump } from '../../harness/server-of-pg-dump.ts'
import { RawClient, transcript } from './raw-client.ts'
import type { ScriptedGate } from './scripted-gate.ts'
import { sessionServer, type TestServer } from './session-server.ts'

const { parse, bind, execute, query, sync, flush } = serialize

/** The newest server reports its search path; the one that belongs to the machine's pg_dump has to be asked. */
const older = await serverOfPgDump()
const servers = [
  { which: 'the newest server', url: null },
  ...(older === null ? [] : [{ which: `PostgreSQL ${older.version}`, url: older.url }]),
]
afterAll(() => older?.[Symbol.asyncDispose]())

const settings = (name: string) => ({
  facts: { kind: 'variable_set', settings: [{ name, value: null, scope: 'session' as const }] },
  effects: { barrier: true },
})

function teach(gate: ScriptedGate): void {
  gate.say(/^SET (LOCAL )?search_path/, settings('search_path'))
  gate.say(/^SET (LOCAL )?ROLE|^RESET ROLE/, settings('role'))
  gate.say(/^RESET ALL/, settings('all'))
  gate.say(/^SELECT set_config/, {
    facts: {
      functions: [{ schema: 'pg_catalog', name: 'set_config', volatility: 'volatile', known: true, builtin: true }],
    },
    effects: { barrier: true },
  })
  gate.say(/^CREATE TEMP/, { effects: { barrier: true, createsTemporary: ['passing'] } })
  for (const end of [/^COMMIT/, /^ROLLBACK/])
    gate.say(end, { facts: { kind: 'transaction', effects: ['transaction'] }, effects: { barrier: true } })
}

const run = (text: string): Buffer[] => [parse({ text }), bind(), execute()]
const SERIALIZABLE = 'SET TRANSACTION ISOLATION LEVEL SERIALIZABLE'

/** Each line is sent when the one before it is answered. */
const conversations: Readonly<Record<string, readonly (readonly Buffer[])[]>> = {
  'SET LOCAL first': [
    [query('BEGIN')],
    [query("SET LOCAL search_path = ''")],
    [query(SERIALIZABLE)],
    [query('COMMIT')],
  ],
  'a role first': [[query('BEGIN')], [query('SET LOCAL ROLE pg_monitor')], [query(SERIALIZABLE)], [query('COMMIT')]],
  'RESET ALL first': [[query('BEGIN')], [query('RESET ALL')], [query(SERIALIZABLE)], [query('ROLLBACK')]],
  'in one message': [[query("BEGIN; SET LOCAL search_path = ''")], [query(SERIALIZABLE)], [query('COMMIT')]],
  'read only and deferrable': [
    [query('BEGIN')],
    [query('SET LOCAL search_path = public')],
    [query('SET TRANSACTION ISOLATION LEVEL SERIALIZABLE, READ ONLY, DEFERRABLE')],
    [query('SET CONSTRAINTS ALL DEFERRED')],
    [query('COMMIT')],
  ],
  'a snapshot that is not there': [
    [query('BEGIN ISOLATION LEVEL REPEATABLE READ')],
    [query('SET LOCAL search_path = public')],
    [query("SET TRANSACTION SNAPSHOT '00000003-0000001B-1'")],
    [query('ROLLBACK')],
  ],
  'behind a savepoint that was rolled back': [
    [query('BEGIN')],
    [query('SAVEPOINT a')],
    [query('SET LOCAL search_path = public')],
    [query('ROLLBACK TO a')],
    [query('RELEASE a')],
    [query(SERIALIZABLE)],
    [query('COMMIT')],
  ],
  'a transaction that follows at once': [
    [query('BEGIN')],
    [query('CREATE TEMP TABLE passing (id int) ON COMMIT DROP')],
    [query('SELECT * FROM passing')],
    [query('COMMIT AND CHAIN')],
    [query(SERIALIZABLE)],
    [query('COMMIT')],
    [query('SELECT 1 AS one')],
  ],
  'a function of the server’s takes a snapshot itself': [
    [query('BEGIN')],
    [query("SELECT set_config('search_path', 'public', true)")],
    [query(SERIALIZABLE)],
    [query('ROLLBACK')],
  ],
  'the begin of a driver in the batch of its first statement': [
    [...run('BEGIN'), ...run('SET LOCAL search_path = public'), sync()],
    [...run(SERIALIZABLE), sync()],
    [...run('SELECT 1 AS one'), sync()],
    [...run('COMMIT'), sync()],
  ],
  'one batch for it all': [
    [
      ...run('BEGIN'),
      ...run('SET LOCAL search_path = public'),
      ...run(SERIALIZABLE),
      ...run('SELECT 1 AS one'),
      ...run('COMMIT'),
      sync(),
    ],
  ],
  'a failed change of path': [
    [query('BEGIN')],
    [query('SET LOCAL search_path = public; SELECT 1/0')],
    [query('SELECT 1 AS one')],
    [query('ROLLBACK')],
    [query('SELECT 1 AS one')],
  ],
}

describe.each(servers)('no question of ours is noticed in a transaction of $which', ({ url }) => {
  let at: TestServer
  let client: RawClient
  let direct: RawClient
  beforeAll(async () => {
    const { hostname, port } = new URL(url ?? 'postgres://nowhere')
    const target = { host: hostname, port: Number(port), database: 'postgres', user: 'postgres', password: '' }
    at = await sessionServer(url === null ? {} : { target })
    teach(at.gate)
  })
  afterAll(() => at?.[Symbol.asyncDispose]())
  beforeEach(async () => {
    client = await RawClient.open(at.through)
    direct = await RawClient.open(url ?? at.direct)
  })
  afterEach(() => {
    client.close()
    direct.close()
  })

  test.each(Object.entries(conversations))('%s', async (_name, conversation) => {
    const [ours, theirs] = [client, direct].map(async (one) => {
      const lines: string[] = []
      for (const messages of conversation) {
        one.send(...messages)
        lines.push(...transcript(await one.until('Z')))
      }
      return lines
    })
    expect(await ours).toEqual(await theirs)
  })

  test('what is judged next is judged by the path and the role that are in force', async () => {
    await client.ask('BEGIN')
    await client.ask('SET LOCAL search_path = pg_temp, public')
    await client.ask('SET LOCAL ROLE pg_monitor')
    await client.ask('SELECT 1')
    expect(at.gate.judged.at(-1)?.view).toMatchObject({ searchPath: 'pg_temp, public', role: 'pg_monitor' })
    await client.ask('COMMIT')
    await client.ask('SELECT 2')
    expect(at.gate.judged.at(-1)?.view).toMatchObject({ searchPath: '"$user", public', role: 'postgres' })
  })

  test('a name may mean a temporary relation of the transaction before until that is known', async () => {
    await client.ask('BEGIN')
    await client.ask('CREATE TEMP TABLE passing (id int) ON COMMIT DROP')
    await client.ask('COMMIT AND CHAIN')
    await client.ask('SELECT 3')
    expect(at.gate.judged.at(-1)?.view.temporaryRelations).toEqual(new Set(['passing']))
    await client.ask('COMMIT')
    await client.ask('SELECT 4')
    expect(at.gate.judged.at(-1)?.view.temporaryRelations).toEqual(new Set())
  })

  test.each([
    ['a query', [query('SET ROLE pg_monitor')]],
    ['a batch', [...run('SET ROLE pg_monitor'), sync()]],
  ] as const)('the question goes along with %s that makes it necessary', async (_what, messages) => {
    const [{ bytes } = { bytes: Buffer.alloc(0) }] = (await client.ask('SELECT pg_backend_pid()')).filter(
      ({ type }) => type === 'D',
    )
    client.send(...messages)
    await client.until('Z')
    const last = `SELECT query FROM pg_stat_activity WHERE pid = ${bytes.toString('utf8', 11)}`
    await vi.waitFor(async () => expect(transcript(await direct.ask(last))).toContain('D SHOW session_authorization'))
    client.send(...run('SELECT 5'), flush(), sync())
    expect(transcript(await client.until('Z'))).toContain('D 5')
    expect(at.gate.judged.at(-1)?.view.role).toBe('pg_monitor')
  })
})
