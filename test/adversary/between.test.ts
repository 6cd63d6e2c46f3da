import { serialize } from 'pg-protocol'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { decodeReport } from '../../proxy/wire/messages/error-response.ts'
import { type Message, type RawClient, reportOf, transcript } from '../proxy/session/raw-client.ts'
import { canariesIn } from './canaries.ts'
import { openStand, type Stand } from './stand.ts'
import { drive } from './ways.ts'

const { parse, bind, execute, query, sync, flush, close, describe: describeMessage } = serialize

let stand: Stand
let client: RawClient
beforeAll(async () => {
  stand = await openStand(`
    CREATE SCHEMA labelled;
    CREATE VIEW labelled.plain AS SELECT id, email AS remark, 1 AS amount FROM customers;
    CREATE VIEW sliding AS SELECT remark FROM plain;
    CREATE VIEW to_clear AS SELECT id FROM payments WHERE id > 5;
    CREATE FUNCTION to_forget(who int) RETURNS void LANGUAGE sql AS 'DELETE FROM payments WHERE id = who; DELETE FROM plain';
  `)
}, 180_000)
afterAll(() => stand?.[Symbol.asyncDispose]())
beforeEach(async () => {
  await stand.replant()
  client = await stand.open('ana')
})
afterEach(() => client.close())

const run = (text: string): Buffer[] => [parse({ text }), bind(), execute()]
const payments = async (): Promise<number> =>
  (await stand.direct.query('SELECT count(*)::int AS n FROM payments')).rows[0].n
const leaked = (from: RawClient): readonly string[] =>
  canariesIn(Buffer.concat(from.received.map(({ bytes }) => bytes)))

describe('D1 D2 what a name means may change until it runs', () => {
  const named = [parse({ name: 's', text: 'SELECT remark FROM plain' })]
  const use = [bind({ statement: 's' }), describeMessage({ type: 'P' }), execute()]
  const cases: readonly (readonly [string, readonly Buffer[]])[] = [
    ['SET between Parse and Bind', [...named, sync(), query('SET search_path = labelled, public'), ...use, sync()]],
    ['in one batch', [...named, ...run('SET search_path = labelled, public'), ...use, sync()]],
    ['after it ran once', [...named, ...use, sync(), query('SET search_path = labelled, public'), ...use, sync()]],
    ['with Flush between', [...named, flush(), ...run('SET search_path = labelled, public'), flush(), ...use, sync()]],
    [
      'set_config in one batch',
      [...named, ...run("SELECT set_config('search_path', 'labelled, public', false)"), ...use, sync()],
    ],
    [
      'SET LOCAL, and back by COMMIT',
      [
        query('BEGIN'),
        query('SET LOCAL search_path = labelled'),
        ...named,
        ...use,
        sync(),
        query('COMMIT'),
        ...use,
        sync(),
      ],
    ],
    [
      'a savepoint that takes it back',
      [
        ...['SET search_path = labelled', 'BEGIN', 'SAVEPOINT a', 'SET search_path = public'].map((sql) => query(sql)),
        ...named,
        ...use,
        sync(),
        query('ROLLBACK TO a'),
        ...use,
        sync(),
      ],
    ],
    [
      'SQL PREPARE, then SET, then EXECUTE',
      ['PREPARE q AS SELECT remark FROM plain', 'SET search_path = labelled, public', 'EXECUTE q'].map((sql) =>
        query(sql),
      ),
    ],
    [
      'SQL PREPARE and EXECUTE in one query',
      [query('PREPARE q AS SELECT remark FROM plain; SET search_path = labelled, public; EXECUTE q')],
    ],
    [
      'a cursor',
      ['BEGIN', 'DECLARE c CURSOR FOR SELECT remark FROM plain', 'SET search_path = labelled', 'FETCH ALL FROM c'].map(
        (sql) => query(sql),
      ),
    ],
    [
      'a temporary table that goes away',
      [
        query("CREATE TEMP TABLE plain AS SELECT 'x'::text AS remark"),
        query('SET search_path = pg_temp, labelled'),
        ...named,
        ...use,
        ...run('DROP TABLE pg_temp.plain'),
        ...use,
        sync(),
        ...use,
        sync(),
      ],
    ],
    [
      'a temporary table that is rolled back',
      [
        query('SET search_path = labelled'),
        query('BEGIN'),
        query("CREATE TEMP TABLE plain AS SELECT 'x'::text AS remark"),
        ...named,
        ...use,
        sync(),
        query('ROLLBACK'),
        ...use,
        sync(),
        query('SELECT remark FROM plain'),
      ],
    ],
    [
      'ON COMMIT DROP',
      [
        query('SET search_path = labelled'),
        query('BEGIN'),
        query("CREATE TEMP TABLE plain ON COMMIT DROP AS SELECT 'x'::text AS remark"),
        query('COMMIT'),
        query('SELECT remark FROM plain'),
      ],
    ],
    ['RESET', [query('SET search_path = public'), ...named, sync(), query('RESET search_path'), ...use, sync()]],
    [
      'a schema before pg_catalog',
      [query('SET search_path = shadow, pg_catalog, public'), query('SELECT lower(name) FROM public.customers')],
    ],
    ['pg_temp before all', [query('SET search_path = pg_temp, labelled'), query('SELECT remark FROM plain')]],
    ['a quoted path', [query('SET search_path = "$user", "labelled"'), query('TABLE plain')]],
    ['a schema named like the role', [query('SET search_path = \'"labelled"\''), query('TABLE plain')]],
  ]
  test.for(cases)('D1 D2 %s', async ([, messages]) => {
    await drive(client, messages)
    expect(leaked(client)).toEqual([])
    await client.ask('ROLLBACK')
    expect(transcript(await client.ask('SELECT 1'))).toContain('D 1')
  })
})

describe('D3 D6 an approval is for one statement, as it was', () => {
  const detail = (messages: readonly Message[]): { readonly hold: string } => JSON.parse(reportOf(messages).D ?? '{}')
  const approve = async (hold: string): Promise<void> => {
    const { status } = await stand.api('ben', `/holds/${hold}/votes`, { choice: 'approve', reason: 'looked at' })
    if (status === 200) return
    const second = await stand.api('cleo', `/holds/${hold}/votes`, { choice: 'approve', reason: 'looked at' })
    expect(second.status).toBe(200)
  }

  test('D6 with other parameters it is held anew, with the same it runs once', async () => {
    const bot = await stand.open('report-bot')
    const update = (phone: string): Buffer[] => [
      parse({ text: 'UPDATE customers SET phone = $1 WHERE id = $2' }),
      bind({ values: [phone, '1'] }),
      execute(),
      sync(),
    ]
    const first = await drive(bot, update('111'))
    expect(reportOf(first).C).toBe('YH001')
    await approve(detail(first).hold)
    const other = await drive(bot, update('222'))
    expect(reportOf(other).C).toBe('YH001')
    expect(detail(other).hold).not.toBe(detail(first).hold)
    expect(transcript(await drive(bot, update('111')))).toContain('C UPDATE 1')
    expect(reportOf(await drive(bot, update('111'))).C).toBe('YH001')
    bot.close()
  })

  test.each([
    ['CREATE OR REPLACE VIEW to_clear AS SELECT id FROM payments', 'DELETE FROM to_clear'],
    [
      "CREATE OR REPLACE FUNCTION to_forget(who int) RETURNS void LANGUAGE sql AS 'DELETE FROM payments; DELETE FROM plain'",
      'SELECT to_forget(1)',
    ],
  ])('D3 %s: what was approved does not run', async (replacing, sql) => {
    const first = await client.ask(sql)
    expect(reportOf(first).C).toBe('YH001')
    await approve(detail(first).hold)
    await stand.direct.query(replacing)
    const before = await payments()
    expect(reportOf(await client.ask(sql)).C).toBe('YH001')
    expect(await payments()).toBe(before)
  })

  test('D3 a view replaced under a prepared statement is masked once that is known, and soon', async () => {
    await drive(client, [parse({ name: 'v', text: 'SELECT remark FROM sliding' }), sync()])
    const read = (): Promise<readonly Message[]> => drive(client, [bind({ statement: 'v' }), execute(), sync()])
    await read()
    await stand.direct.query('CREATE OR REPLACE VIEW sliding AS SELECT email AS remark FROM customers')
    await expect
      .poll(async () => canariesIn(Buffer.concat((await read()).map(({ bytes }) => bytes))), {
        timeout: 15_000,
        interval: 500,
      })
      .toEqual([])
    await stand.direct.query('CREATE OR REPLACE VIEW sliding AS SELECT remark FROM plain')
  })
})

describe('D5 the decision belongs to the portal', () => {
  const read = parse({ text: 'SELECT remark FROM plain' })
  const peek = parse({ text: 'SELECT email FROM customers' })
  const write = parse({ text: 'DELETE FROM payments' })
  const cases: readonly (readonly [string, readonly Buffer[]])[] = [
    [
      'the unnamed statement overwritten',
      [read, bind({ portal: 'p' }), peek, execute({ portal: 'p' }), bind(), execute(), sync()],
    ],
    ['the other way round', [peek, bind({ portal: 'p' }), read, execute({ portal: 'p' }), bind(), execute(), sync()]],
    [
      'a name closed and made again in one pipeline',
      [
        parse({ name: 's', text: 'SELECT remark FROM plain' }),
        close({ type: 'S', name: 's' }),
        parse({ name: 's', text: 'SELECT email FROM customers' }),
        bind({ statement: 's' }),
        execute(),
        sync(),
      ],
    ],
    [
      'a portal closed and made again',
      [
        read,
        bind({ portal: 'p' }),
        close({ type: 'P', name: 'p' }),
        peek,
        bind({ portal: 'p', binary: true }),
        execute({ portal: 'p', rows: 1 }),
        execute({ portal: 'p' }),
        sync(),
      ],
    ],
    [
      'A13b a Parse that is held, then the unnamed statement',
      [read, sync(), write, bind(), execute(), sync(), bind(), execute(), sync()],
    ],
    [
      'A13b a Parse that is denied, then the unnamed statement',
      [read, sync(), parse({ text: 'DROP TABLE payments' }), bind(), execute(), sync(), bind(), execute(), sync()],
    ],
    [
      'A13 a denial in the middle of a pipeline',
      [...run('SELECT 1'), parse({ text: 'TRUNCATE payments' }), ...run('SELECT email FROM customers'), sync()],
    ],
    [
      'SQL DECLARE over a portal',
      [query('BEGIN'), peek, bind({ portal: 'c' }), query('DECLARE c CURSOR FOR SELECT 1'), query('FETCH c')],
    ],
    [
      'DEALLOCATE and Parse',
      [
        parse({ name: 's', text: 'SELECT 1' }),
        ...run('DEALLOCATE s'),
        parse({ name: 's', text: 'SELECT email FROM customers' }),
        bind({ statement: 's' }),
        execute(),
        sync(),
      ],
    ],
  ]
  test.for(cases)('D5 %s', async ([, messages]) => {
    await drive(client, messages)
    expect(leaked(client)).toEqual([])
    expect(await payments()).toBe(8)
    expect(transcript(await client.ask('ROLLBACK; SELECT 1'))).toContain('D 1')
  })

  test('D5 a parameter declared as a domain whose check runs code', async () => {
    const { rows } = await stand.direct.query(
      "SELECT 'checking'::regtype::oid::int AS oid, 'checking[]'::regtype::oid::int AS list",
    )
    for (const [type, value] of [
      [rows[0].oid, '1'],
      [rows[0].list, '{1}'],
    ]) {
      await drive(client, [parse({ text: 'SELECT $1', types: [type] }), bind({ values: [value] }), execute(), sync()])
      expect(await payments()).toBe(8)
    }
  })
})

describe('A16 the function call protocol', () => {
  test('A16 runs nothing', async () => {
    const { rows } = await stand.direct.query("SELECT 'mail_of(int)'::regprocedure::oid::int AS oid")
    for (const oid of [rows[0].oid, 3826]) {
      const call = Buffer.alloc(1 + 4 + 4 + 2 + 2 + 4 + 1 + 2)
      call.write('F')
      call.writeUInt32BE(call.length - 1, 1)
      call.writeUInt32BE(oid, 5)
      call.writeUInt16BE(1, 11)
      call.writeUInt32BE(1, 13)
      call.write('1', 17)
      client.send(call)
      expect(reportOf(await client.until('Z')).C).toBe('42501')
    }
    expect(leaked(client)).toEqual([])
  })
})

describe('D4 SQL and the protocol share one namespace', () => {
  const peek = 'SELECT email FROM customers'
  const wipe = 'DELETE FROM payments'
  const portal = [parse({ text: peek }), bind({ portal: 'c' }), flush()]
  const cases: readonly (readonly [string, readonly Buffer[], string])[] = [
    ['PREPARE, then Bind', [query(`PREPARE s AS ${peek}`), bind({ statement: 's' }), execute(), sync()], 'D '],
    ['Parse, then EXECUTE', [parse({ name: 's', text: peek }), sync(), query('EXECUTE s')], 'D '],
    [
      'PREPARE of a write, then Bind',
      [query(`PREPARE s AS ${wipe}`), bind({ statement: 's' }), execute(), sync()],
      'E ',
    ],
    ['Parse of a write, then EXECUTE', [parse({ name: 's', text: wipe }), sync(), query('EXECUTE s')], 'E '],
    [
      'DECLARE, then Execute',
      [query('BEGIN'), query(`DECLARE c CURSOR FOR ${peek}`), execute({ portal: 'c' }), sync()],
      'D ',
    ],
    ['Bind, then FETCH', [query('BEGIN'), ...portal, query('FETCH ALL FROM c')], 'D '],
    [
      'DECLARE, MOVE and FETCH in one message',
      [query(`BEGIN; DECLARE c CURSOR FOR ${peek}; MOVE 1 FROM c; FETCH 1 FROM c; COMMIT`)],
      'D ',
    ],
    ['CLOSE of nothing', [query('CLOSE nobody')], 'E 34000'],
    ['DEALLOCATE of nothing', [query('DEALLOCATE nobody')], 'E 26000'],
    [
      'Bind, then CLOSE and Execute',
      [query('BEGIN'), ...portal, query('CLOSE c'), execute({ portal: 'c' }), sync()],
      'E 34000',
    ],
    [
      'Parse, then DEALLOCATE and Bind',
      [parse({ name: 's', text: peek }), sync(), query('DEALLOCATE s'), bind({ statement: 's' }), execute(), sync()],
      'E 26000',
    ],
    [
      'Parse and Close, then DEALLOCATE',
      [parse({ name: 's', text: peek }), close({ type: 'S', name: 's' }), sync(), query('DEALLOCATE s')],
      'E 26000',
    ],
    ['EXECUTE of nothing', [query('EXECUTE nobody')], 'E 26000'],
    ['Bind of nothing', [bind({ statement: 'nobody' }), execute(), sync()], 'E 26000'],
  ]
  test.for(cases)('D4 %s', async ([, messages, answer]) => {
    const lines = transcript(await drive(client, messages))
    expect(lines.filter((line) => line.startsWith(answer))).not.toEqual([])
    expect(leaked(client)).toEqual([])
    expect(await payments()).toBe(8)
  })
})

describe('D7 the role of a session stays what it is', () => {
  beforeAll(async () => void (await stand.direct.query('CREATE ROLE d7_other SUPERUSER')))
  afterAll(async () => void (await stand?.direct.query('DROP ROLE d7_other')))

  const changes = [
    'SET ROLE d7_other',
    'SET LOCAL ROLE d7_other',
    'SET SESSION AUTHORIZATION d7_other',
    "SELECT set_config('role', 'd7_other', false)",
    "SELECT set_config('session_authorization', 'd7_other', false)",
    'ALTER ROLE CURRENT_USER SET role = d7_other',
    'ALTER DATABASE postgres SET role = d7_other',
    'RESET ROLE',
    'SET ROLE NONE',
    "SELECT set_config('session_authorization', NULL, false)",
  ]
  test.for(changes)('D7 %s', async (sql) => {
    const who = async (): Promise<string | undefined> =>
      transcript(await client.ask('SELECT current_user, session_user')).find((line) => line.startsWith('D '))
    const before = await who()
    await client.ask('BEGIN')
    expect(reportOf(await client.ask(sql)).C).toBe('42501')
    await client.ask('ROLLBACK')
    expect(reportOf(await drive(client, [...run(sql), sync()])).C).toBe('42501')
    expect(before).toMatch(/^D \w+\|\w+$/)
    expect(await who()).toBe(before)
  })

  const resets = ['RESET ALL', 'DISCARD ALL', 'RESET SESSION AUTHORIZATION', 'SET SESSION AUTHORIZATION DEFAULT']
  test.for(resets)('D7 %s: masks and decisions go on', async (sql) => {
    await client.ask(sql)
    await client.ask('SELECT email FROM customers')
    expect(leaked(client)).toEqual([])
    expect(reportOf(await client.ask('DELETE FROM payments')).C).toBe('YH001')
  })
})

test('looking names up does not disturb a transaction that is to be serializable', async () => {
  for (const sql of ['SET search_path = labelled, public', 'BEGIN', 'SET TRANSACTION ISOLATION LEVEL SERIALIZABLE'])
    expect(reportOf(await client.ask(sql)).M).toBeUndefined()
  expect(transcript(await client.ask('TABLE plain'))).toContain('Z T')
  expect(transcript(await client.ask('SHOW transaction_isolation'))).toContain('D serializable')
})

describe('D8 a read-only transaction is no boundary', () => {
  test.each(['BEGIN READ ONLY', 'START TRANSACTION READ ONLY', 'SET default_transaction_read_only = on'])(
    'D8 %s',
    async (begin) => {
      await client.ask(begin)
      const dangerous = [
        ["COPY plain TO PROGRAM 'cat'", '42501'],
        ["SELECT set_config('role', 'postgres', false)", '42501'],
        ["SELECT pg_notify('a', email) FROM customers", '42501'],
        ["SELECT lo_export(1, '/tmp/x')", '42501'],
        ['SELECT opaque_delete()', '42501'],
      ] as const
      for (const [sql, code] of dangerous) {
        await client.ask('SAVEPOINT a')
        expect(reportOf(await client.ask(sql)).C, sql).toBe(code)
        await client.ask('ROLLBACK TO a')
      }
      await client.ask('COMMIT')
      for (const sql of ['BEGIN READ WRITE', 'SET TRANSACTION READ WRITE', 'SET LOCAL transaction_read_only = off'])
        await client.ask(sql)
      expect(reportOf(await client.ask('DELETE FROM payments')).C).toBe('YH001')
      await client.ask('COMMIT')
      expect(await payments()).toBe(8)
    },
  )
})

describe('D9 D10 people and clients at the same instant', () => {
  let waiting: RawClient
  let hold: string
  let answered: Promise<readonly Message[]>
  beforeEach(async () => {
    waiting = await stand.open('ana', { options: '-c holdpoint.on_hold=wait' })
    waiting.send(query('DELETE FROM payments'))
    const notice = (await waiting.until('N')).at(-1) as Message
    hold = /hold_[\w-]+/.exec(decodeReport(notice.bytes).get('D') ?? '')?.[0] ?? ''
    answered = waiting.until('Z')
    answered.catch(() => undefined)
  })
  afterEach(() => waiting.close())

  const vote = (person: string, choice: string): Promise<{ readonly status: number }> =>
    stand.api(person, `/holds/${hold}/votes`, { choice, reason: 'because' })
  const statusOf = async (): Promise<string> => {
    const { body } = await stand.api('cleo', `/holds/${hold}`)
    return (body as { readonly status: string }).status
  }

  test('D9 two reviewers and a double click: it runs once', async () => {
    await Promise.all(['ben', 'ben', 'cleo', 'cleo', 'ben'].map((person) => vote(person, 'approve')))
    expect(transcript(await answered)).toEqual(['C DELETE 8', 'Z I'])
    expect(await statusOf()).toBe('executed')
    await stand.replant()
    expect(reportOf(await client.ask('DELETE FROM payments')).C).toBe('YH001')
  })

  test('D9 approve against reject: one outcome', async () => {
    await Promise.all([vote('ben', 'approve'), vote('cleo', 'reject')])
    const [line] = transcript(await answered)
    const status = await statusOf()
    expect([line, status]).toEqual(line === 'E YH002' ? ['E YH002', 'rejected'] : ['C DELETE 8', 'executed'])
    expect(await payments()).toBe(status === 'rejected' ? 8 : 0)
  })

  test('D9 approve against withdraw: one outcome', async () => {
    await Promise.all([vote('ben', 'approve'), stand.api('ana', `/holds/${hold}/withdraw`, {})])
    const [line] = transcript(await answered)
    expect([line, await payments()]).toEqual(line === 'E 57014' ? ['E 57014', 8] : ['C DELETE 8', 0])
  })

  test.each(['ana', 'report-bot', 'etl'])('D9 %s may not approve', async (person) => {
    expect((await vote(person, 'approve')).status).toBeGreaterThanOrEqual(400)
    expect(await statusOf()).toBe('pending')
  })

  test('D10 a client that vanishes while it is held: a later approval runs nothing', async () => {
    waiting.close()
    await expect.poll(statusOf, { timeout: 10_000 }).toBe('abandoned')
    await vote('ben', 'approve')
    expect(reportOf(await client.ask('DELETE FROM payments')).C).toBe('YH001')
    expect(await payments()).toBe(8)
  })
})

describe('D10 a client that vanishes while something runs', () => {
  const others = async (like: string): Promise<number> => {
    const sql = `SELECT count(*)::int AS n FROM pg_stat_activity WHERE datname = current_database() AND query LIKE $1
                 AND pid <> pg_backend_pid() AND (state = 'active' OR state LIKE 'idle in transaction%')`
    return (await stand.direct.query(sql, [like])).rows[0].n
  }

  test('D10 a statement is cancelled', async () => {
    client.send(query('SELECT pg_sleep(60) /* left alone */'))
    await expect.poll(() => others('%left alone%')).toBe(1)
    client.close()
    await expect.poll(() => others('%left alone%'), { timeout: 10_000 }).toBe(0)
  })

  test('D10 a transaction is rolled back', async () => {
    await client.ask('BEGIN')
    expect(transcript(await client.ask('DELETE FROM payments WHERE id = 3'))).toContain('C DELETE 1')
    client.close()
    await expect.poll(() => others('DELETE FROM payments WHERE id = 3%'), { timeout: 10_000 }).toBe(0)
    expect(await payments()).toBe(8)
  })

  test('D10 COPY leaves nothing', async () => {
    client.send(query('COPY plain FROM STDIN'))
    await client.until('G')
    client.send(serialize.copyData(Buffer.from('71\tx\t1\n72\ty\t1\n')))
    client.close()
    await expect.poll(() => others('COPY plain%'), { timeout: 10_000 }).toBe(0)
    expect((await stand.direct.query('SELECT id FROM plain WHERE id > 70')).rows).toEqual([])
  })
})

test('D11 nothing of one session reaches another identity', async () => {
  const left = [
    'SET search_path = labelled, public',
    "SET application_name = 'left'",
    'SET timezone = UTC',
    "CREATE TEMP TABLE plain AS SELECT 'left'::text AS remark",
    'PREPARE left_over AS SELECT 1',
    'LISTEN left_over',
    'SELECT pg_advisory_lock(4711)',
    'DECLARE left_cursor CURSOR WITH HOLD FOR SELECT 1',
    'BEGIN',
    'DELETE FROM payments WHERE id = 4',
  ]
  for (const sql of left) await client.ask(sql)
  const look = async (): Promise<readonly string[]> => {
    const other = await stand.open('cleo')
    const said: string[] = []
    for (const sql of [
      'SHOW search_path',
      'SHOW application_name',
      'TABLE plain LIMIT 1',
      'EXECUTE left_over',
      'FETCH left_cursor',
    ])
      said.push(...transcript(await other.ask(sql)).filter((line) => /^[DE]/.test(line)))
    other.close()
    return said
  }
  const clean = ['D "$user", public', 'D ', 'D 1|nothing|1', 'E 26000', 'E 34000']
  const first = await look()
  expect(first).toEqual(clean)
  client.close()
  await expect
    .poll(
      async () =>
        (
          await stand.direct.query(
            "SELECT count(*)::int AS n FROM pg_locks WHERE locktype = 'advisory' AND objid = 4711",
          )
        ).rows[0].n,
      { timeout: 10_000 },
    )
    .toBe(0)
  expect(await look()).toEqual(first)
  expect(await payments()).toBe(8)
})

describe('D10 the server goes on looking whether the client is still there', () => {
  test.each([
    'SET client_connection_check_interval = 0',
    "SET LOCAL client_connection_check_interval = '1h'",
    "SELECT set_config('client_connection_check_interval', '0', false)",
    'ALTER ROLE CURRENT_USER SET client_connection_check_interval = 0',
    'ALTER DATABASE postgres SET client_connection_check_interval = 0',
    "UPDATE pg_settings SET setting = 0 WHERE name = 'client_connection_check_interval'",
  ])('D10 %s', async (sql) => {
    expect(reportOf(await client.ask(sql)).C).toBe('42501')
    expect(transcript(await client.ask('RESET ALL'))).toContain('C RESET')
    expect(transcript(await client.ask('SHOW client_connection_check_interval'))).toContain('D 1s')
  })
})

describe('an agent, whose reads are limited, sends several statements in one message', () => {
  test.each([
    ["SET work_mem = '8MB'; SELECT id FROM orders", ['C SET', 'T'], 'Z I'],
    ['BEGIN; SELECT id FROM orders; COMMIT', ['C BEGIN', 'T', 'C COMMIT'], 'Z I'],
    ['SELECT id FROM orders; SELECT id, email FROM customers', ['T', 'T'], 'Z I'],
    ['BEGIN; SELECT id FROM orders; SELECT 1/0; COMMIT', ['C BEGIN', 'T', 'E 22012'], 'Z E'],
  ] as const)('%s', async (sql, says, status) => {
    const agent = await stand.open('report-bot')
    const lines = transcript(await agent.ask(sql))
    expect(lines.filter((line) => (says as readonly string[]).includes(line)).sort()).toEqual([...says].sort())
    expect(lines.at(-1)).toBe(status)
    expect(leaked(agent)).toEqual([])
    agent.close()
  })

  test('and what is denied or held of it decides for all', async () => {
    const agent = await stand.open('report-bot')
    expect(reportOf(await agent.ask('SELECT id FROM orders; DELETE FROM payments'))).toMatchObject({ C: 'YH001' })
    expect(await payments()).toBe(8)
    agent.close()
  })
})
