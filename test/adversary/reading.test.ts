import { serialize } from 'pg-protocol'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Message, RawClient, reportOf, rowOf, transcript } from '../proxy/session/raw-client.ts'
import { canariesIn } from './canaries.ts'
import { openStand, type Stand } from './stand.ts'
import { drive, ways } from './ways.ts'

const { parse, bind, execute, query, sync, copyData, copyDone } = serialize
const LONG = 't'.repeat(63)

let stand: Stand
beforeAll(async () => {
  stand = await openStand(`
    CREATE FUNCTION flip() RETURNS text LANGUAGE sql AS 'SELECT set_config($$standard_conforming_strings$$, $$off$$, false)';
    CREATE FUNCTION flip_opaque() RETURNS text LANGUAGE plpgsql AS
      'BEGIN RETURN set_config($$standard_conforming_strings$$, $$off$$, false); END';
    SET standard_conforming_strings = off;
    CREATE FUNCTION reads_otherwise() RETURNS text LANGUAGE sql SET standard_conforming_strings = off AS
      $f$ SELECT 'a\\'' || email FROM customers WHERE id = 1 --' $f$;
    RESET standard_conforming_strings;
    CREATE TABLE ${LONG} (id int, email text);
    INSERT INTO ${LONG} VALUES (1, 'zqkvxj@wpfhqyd.org');
    CREATE TABLE long_mail AS SELECT repeat('x', 32 * 1024 * 1024) AS email;
    CREATE TABLE many_rows (id int, remark text, amount numeric);
  `)
}, 180_000)
afterAll(() => stand?.[Symbol.asyncDispose]())

/** An honest parser sees one string and no table; a server without standard_conforming_strings gives the address. */
const MISREAD = "SELECT '\\'' , email FROM customers WHERE id=1 --'"

async function afterwards(client: RawClient): Promise<string> {
  try {
    await client.ask('ROLLBACK')
    const shown = await client.ask('SHOW standard_conforming_strings')
    const encoding = await client.ask('SHOW client_encoding')
    await client.ask(MISREAD)
    const values = [...shown, ...encoding].filter(({ type }) => type === 'D').map(({ bytes }) => rowOf(bytes)[0])
    return values.join(' ')
  } catch {
    return 'ended'
  }
}

describe('B1 standard_conforming_strings', () => {
  const attempts: readonly (readonly string[])[] = [
    ['SET standard_conforming_strings = off'],
    ['SET standard_conforming_strings TO false'],
    ["SET SESSION standard_conforming_strings = 'off'"],
    ['SET Standard_Conforming_Strings = 0'],
    ['SET "standard_conforming_strings" = no'],
    ['SET U&"standard\\005Fconforming_strings" = off'],
    ['SET standard_conforming_strings = of'],
    ['BEGIN', 'SET LOCAL standard_conforming_strings = off', MISREAD, 'COMMIT'],
    ["SELECT set_config('standard_conforming_strings', 'off', false)"],
    ["SELECT set_config('standard_' || 'conforming_strings', 'off', false)"],
    ["SELECT set_config(name, 'off', false) FROM pg_settings WHERE name = 'standard_conforming_strings'"],
    ["SELECT set_config(name, 'off', false) FROM pg_settings WHERE name LIKE 'standard_conf%'"],
    ["SELECT pg_catalog.set_config($$standard_conforming_strings$$, CASE WHEN true THEN 'off' END, false)"],
    ["SELECT 1 WHERE set_config('standard_conforming_strings', 'off', false) = 'off'"],
    ["WITH w AS MATERIALIZED (SELECT set_config('standard_conforming_strings', 'off', false)) SELECT * FROM w"],
    ["VALUES (set_config('standard_conforming_strings', 'off', false))"],
    ["PREPARE p AS SELECT set_config('standard_conforming_strings', $1, false)", "EXECUTE p ('off')"],
    ["UPDATE pg_settings SET setting = 'off' WHERE name = 'standard_conforming_strings'"],
    ['SELECT flip()'],
    ['SELECT flip_opaque()'],
    ['DO $$ BEGIN PERFORM flip(); END $$'],
    ['DO $$ BEGIN SET standard_conforming_strings = off; END $$'],
    ['ALTER ROLE postgres SET standard_conforming_strings = off'],
    ['ALTER ROLE ALL SET standard_conforming_strings = off'],
    ['ALTER SYSTEM SET standard_conforming_strings = off', 'SELECT pg_reload_conf()'],
    ["CREATE FUNCTION pg_temp.f() RETURNS text LANGUAGE sql SET standard_conforming_strings = off AS 'SELECT 1::text'"],
    ['ALTER FUNCTION mail_of(int) SET standard_conforming_strings = off'],
    ['SET backslash_quote = on'],
    ['RESET ALL', 'DISCARD ALL', 'RESET standard_conforming_strings', 'SET standard_conforming_strings TO DEFAULT'],
    ['SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY'],
  ]
  test.for(attempts.map((attempt) => [attempt.join('; '), attempt] as const))('B1 %s', async ([, attempt]) => {
    for (const way of ways.slice(0, 3)) {
      const client = await stand.open('ana')
      await drive(
        client,
        attempt.flatMap((sql) => way.messages(sql)),
      ).catch(() => undefined)
      expect(['on UTF8', 'ended']).toContain(await afterwards(client))
      expect(canariesIn(Buffer.concat(client.received.map(({ bytes }) => bytes)))).toEqual([])
      client.close()
    }
  })

  test.for([
    { options: '-c standard_conforming_strings=off' },
    { options: '-cstandard_conforming_strings=off' },
    { options: '--standard-conforming-strings=off' },
    { options: '-c standard\\_conforming_strings=off' },
    { options: '-c work_mem=1000 -c\tstandard_conforming_strings=off' },
    { standard_conforming_strings: 'off' },
    { STANDARD_CONFORMING_STRINGS: 'off' },
    { backslash_quote: 'on' },
    { client_encoding: 'SJIS' },
    { client_encoding: 'GBK' },
    { options: '-c client_encoding=BIG5' },
    { role: 'postgres' },
    { session_authorization: 'postgres' },
    { session_replication_role: 'replica' },
    { options: '-c role=postgres' },
    { options: '-c session_preload_libraries=x' },
    { options: '-c local_preload_libraries=auto_explain' },
    { replication: 'database' },
    { replication: 'true' },
  ] as readonly Record<string, string>[])('A18 B1 B2 startup with %j', async (parameters) => {
    const client = await RawClient.open(stand.urlOf('ana'), parameters).catch((error: Error) => error)
    if (client instanceof Error) return expect(client.message).toMatch(/^refused: /)
    expect(await afterwards(client)).toBe('on UTF8')
    const role = await client.ask("SELECT current_user = session_user, current_setting('session_replication_role')")
    expect(transcript(role)).toContain('D t|origin')
    client.close()
  })

  test('B1 inside a function that is read in another way than its caller', async () => {
    const client = await stand.open('ana')
    const said = await client.ask('SELECT reads_otherwise()')
    expect(canariesIn(Buffer.concat(said.map(({ bytes }) => bytes)))).toEqual([])
    client.close()
  })

  test.for(['flip()', 'flip_opaque()'])('B3 flipped by %s in a batch, before a later Parse', async (call) => {
    const client = await stand.open('ana')
    client.send(
      parse({ text: `SELECT ${call}` }),
      bind(),
      execute(),
      parse({ text: MISREAD }),
      bind(),
      execute(),
      sync(),
    )
    const said = await client.until('Z')
    expect(reportOf(said).C).toBe('42501')
    expect(canariesIn(Buffer.concat(said.map(({ bytes }) => bytes)))).toEqual([])
    expect(await afterwards(client)).toBe('on UTF8')
    client.close()
  })

  test('B1 when the server reports it off by itself, the session ends before anything more is forwarded', async () => {
    await stand.direct.query(`ALTER DATABASE ${stand.database.name} SET standard_conforming_strings = off`)
    try {
      const client = await stand.open('ana').catch((error: Error) => error)
      if (!(client instanceof Error)) {
        expect(['on UTF8', 'ended']).toContain(await afterwards(client))
        expect(canariesIn(Buffer.concat(client.received.map(({ bytes }) => bytes)))).toEqual([])
        client.close()
      }
    } finally {
      await stand.direct.query(`ALTER DATABASE ${stand.database.name} RESET standard_conforming_strings`)
    }
  })
})

describe('B2 client_encoding', () => {
  const encodings = [
    'SJIS',
    'BIG5',
    'GBK',
    'GB18030',
    'SHIFT_JIS_2004',
    'UHC',
    'JOHAB',
    'LATIN1',
    'SQL_ASCII',
    "'sjis'",
  ]
  test.for(encodings)('B2 %s, set in every way', async (encoding) => {
    const name = encoding.replaceAll("'", '')
    const attempts = [
      `SET client_encoding = ${encoding}`,
      `SET NAMES '${name}'`,
      `SET LOCAL client_encoding TO '${name}'`,
      `SELECT set_config('client_encoding', '${name}', false)`,
      `SELECT set_config('client_encoding', '${name}', true)`,
    ]
    const client = await stand.open('ana')
    for (const sql of ['BEGIN', ...attempts, 'ROLLBACK', ...attempts]) await client.ask(sql)
    // In SJIS 0x83 0x5c is one character, and the quote behind it ends the string.
    const lead = Buffer.concat([
      Buffer.from("SELECT '"),
      Buffer.from([0x83, 0x5c]),
      Buffer.from("' , email FROM customers --'"),
    ])
    const said = await drive(client, [query(lead.toString('latin1'))])
    expect(canariesIn(Buffer.concat(said.map(({ bytes }) => bytes)))).toEqual([])
    expect(await afterwards(client)).toBe('on UTF8')
    client.close()
  })
})

describe('B5 text that is not UTF-8', () => {
  const wrong: readonly (readonly [string, readonly number[]])[] = [
    ['a byte that cannot be', [0xff]],
    ['a lone continuation', [0x80]],
    ['an overlong slash', [0xc0, 0xaf]],
    ['an overlong NUL', [0xc0, 0x80]],
    ['a lone surrogate', [0xed, 0xa0, 0x80]],
    ['beyond Unicode', [0xf4, 0x90, 0x80, 0x80]],
    ['a sequence cut short', [0xe2, 0x82]],
  ]
  const message = (type: string, ...parts: readonly (string | readonly number[])[]): Buffer => {
    const body = Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part) : Buffer.from(part))))
    const head = Buffer.alloc(5)
    head.write(type)
    head.writeUInt32BE(body.length + 4, 1)
    return Buffer.concat([head, body])
  }
  test.for(wrong)('B5 %s', async ([, bytes]) => {
    const messages = [
      [message('Q', "SELECT '", bytes, "'\0")],
      [message('Q', 'SELECT 1 AS "', bytes, '"\0')],
      [message('Q', 'SELECT 1 --', bytes, '\0')],
      [message('P', '\0', "SELECT '", bytes, "'\0", [0, 0]), sync()],
      [message('P', bytes, '\0SELECT 1\0', [0, 0]), sync()],
    ]
    for (const each of messages) {
      const client = await stand.open('ana')
      client.send(...each)
      const said: Message[] = []
      for (;;) {
        const next = await client.next().catch(() => null)
        if (next !== null) said.push(next)
        if (next === null || next.type === 'Z') break
      }
      expect(reportOf(said).C).toMatch(/^(22021|08P01)$/)
      expect(said.some(({ type }) => type === 'D')).toBe(false)
      client.close()
    }
  })
})

describe('B6 B7 names and texts mean what they mean to the server', () => {
  const deletions = [
    'DELETE FROM PAYMENTS',
    'delete from PayMents',
    'DELETE FROM "payments"',
    'DELETE FROM public.payments',
    'DELETE FROM "public" . "payments"',
    'DELETE FROM U&"p\\0061yments"',
    'DELETE FROM U&"p!0061yments" UESCAPE \'!\'',
    'DELETE FROM U&"\\+000070ayments"',
    'DELETE/**/FROM/* /* nested */ -- */payments',
    'DELETE -- a comment\nFROM payments',
    'DELETE -- a comment\rFROM payments',
    'DELETE\t\f\vFROM\r\npayments;',
    ';;DELETE FROM payments;;',
    '/* DELETE */ DELETE FROM payments /* WHERE id = 1 */',
    'DELETE FROM payments -- WHERE id = 1',
    "DELETE FROM payments WHERE 'a' /* ' */ = 'a'",
    'DELETE FROM payments WHERE $$ WHERE id = 1 $$ IS NOT NULL',
    "DELETE FROM payments WHERE E'\\'' = '''' --'",
    "DELETE FROM payments WHERE U&'\\0061' = 'a'",
    'DELETE FROM payments AS p WHERE p = p',
    '(((SELECT 1))); DELETE FROM payments',
    'SELECT 1; DELETE FROM payments',
    'BEGIN; DELETE FROM payments; COMMIT',
    'COMMIT; DELETE FROM payments',
    "SELECT ';'; DELETE FROM payments",
    'SELECT $a$;$b$;$a$; DELETE FROM payments',
    'WITH payments AS (SELECT 1) DELETE FROM payments',
    'DELETE FROM "payments" "WHERE"',
  ]
  test.for(deletions)('B6 B7 B9 %j is held', async (sql) => {
    const client = await stand.open('ana')
    const said = await client.ask(sql)
    expect(reportOf(said).C).toBe('YH001')
    expect((await stand.direct.query('SELECT count(*)::int AS n FROM payments')).rows[0].n).toBe(8)
    client.close()
  })

  test('B6 an identifier is cut where the server cuts it', async () => {
    const client = await stand.open('ana')
    for (const name of [LONG, `${LONG}and_more`, `"${LONG}and_more"`]) {
      const said = await client.ask(`SELECT email, id FROM ${name}`)
      expect(said.some(({ type }) => type === 'D')).toBe(true)
      expect(canariesIn(Buffer.concat(said.map(({ bytes }) => bytes)))).toEqual([])
    }
    client.close()
  })

  const odd = [
    "SELECT 'a'\n'b'",
    "SELECT 'a' 'b'",
    "SELECT E'\\x41\\u0042\\101\\n', U&'d\\0061t\\+000061', U&'!0061' UESCAPE '!'",
    "SELECT B'101', X'1f', 0x1F, 0o17, 0b11, 1_000, 1e3, .5, 1.",
    'SELECT 1.5e',
    'SELECT 0x',
    'SELECT 123abc',
    'SELECT $tag$ $other$ $tag$, $$a$$ AS "b"',
    'SELECT $a$ never ended',
    "SELECT 'never ended",
    'SELECT /* never ended',
    'SELECT "never ended',
    'SELECT 1 /* a /* b */ c */ + 1 -- d',
    'SELECT 1 --',
    'SELECT 1;',
    'SELECT 1;;;',
    '',
    ';',
    ' \n\t ',
    '-- only a comment',
    '/* only a comment */',
    ';;;;',
    '/**/;--\n;',
    'SELECT -1, - 1, @-1, 2!=-1, 3<>-1, 1 - -1',
    'SELECT 1::int::varchar, CAST(1 AS smallint)',
    'SELECT :a',
    'SELECT ?',
    'SELECT $1',
    'SELECT ARRAY[1,2][1], (ARRAY[1,2])[1:2]',
    'SELECT 1 AS "ünï", \'日本\' AS "日本"',
    'SELECT true AND NOT false OR NULL IS NULL',
    "SELECT interval '1' day, date '2020-01-01', timestamp with time zone '2020-01-01 00:00Z'",
    'SELECT * FROM (VALUES (1)) v(a) WHERE a BETWEEN SYMMETRIC 2 AND 0',
    "SELECT 'a' LIKE 'A' ESCAPE '!', 'a' SIMILAR TO 'a', 'a' ~ 'a'",
    'SELECT 1 FETCH FIRST 10 PERCENT ROWS ONLY',
    'SELECT TOP 1 * FROM orders',
    'SELECT 1 QUALIFY true',
    'SELECT `a` FROM orders',
    'FROM orders SELECT id',
    'SELECT * EXCLUDE (id) FROM orders',
    'SELECT * FROM MATCH_RECOGNIZE',
    'GRAPH_TABLE',
    'select 1 from 1',
    'SELECT 1 = = 1',
    'BEGIN; SELECT 1',
    'ROLLBACK',
    '\u00a0SELECT 1',
    'SELECT\u20031',
    '\ufeffSELECT 1',
    'SELECT 1\u0085',
  ]
  test.for(odd)('B7 B8 B11 %j is answered as directly', async (sql) => {
    const [ours, theirs] = await Promise.all([stand.open('ana'), RawClient.open(stand.database.url)])
    for (const way of ways.slice(0, 2)) {
      const [through, direct] = await Promise.all([ours, theirs].map((client) => drive(client, way.messages(sql))))
      expect(transcript(through as readonly Message[])).toEqual(transcript(direct as readonly Message[]))
    }
    ours.close()
    theirs.close()
  })
})

describe('B9 several statements in one query', () => {
  test.for([
    ['INSERT INTO plain VALUES (60); DROP TABLE payments', '42501'],
    ['INSERT INTO plain VALUES (61); DELETE FROM payments', 'YH001'],
    ['BEGIN; INSERT INTO plain VALUES (62); COMMIT; TRUNCATE payments', '42501'],
    ['COMMIT; INSERT INTO plain VALUES (63); DROP TABLE orders', '42501'],
    ['SET search_path = shadow; DELETE FROM public.plain', 'YH001'],
    ['INSERT INTO plain VALUES (65); SELECT pg_read_file($$/etc/passwd$$); SELECT 1', '42501'],
  ])('B9 %s: all or nothing (%s)', async ([sql, code]) => {
    const client = await stand.open('ana')
    expect(reportOf(await client.ask(sql as string)).C).toBe(code)
    expect(transcript(await client.ask('SELECT 1'))).toContain('D 1')
    const { rows } = await stand.direct.query('SELECT id FROM plain WHERE id BETWEEN 60 AND 69')
    expect(rows).toEqual([])
    client.close()
  })
})

describe('B12 texts that are much work', () => {
  /** What comes of it: it runs, Holdpoint refuses it (42501), or the server has a limit of its own. */
  const large: readonly (readonly [string, expected: RegExp, () => string])[] = [
    ['10,000 nested parentheses', /^42501$/, () => `SELECT ${'('.repeat(10_000)}1${')'.repeat(10_000)}`],
    ['10,000 nested calls', /^42501$/, () => `SELECT ${'abs('.repeat(10_000)}1${')'.repeat(10_000)}`],
    [
      '10,000 UNIONs',
      /^(ran|54001)$/,
      () => `SELECT email FROM customers${' UNION ALL SELECT phone FROM customers'.repeat(10_000)}`,
    ],
    [
      '500 nested subqueries',
      /^ran$/,
      () => `${'SELECT * FROM ('.repeat(500)}SELECT email FROM customers${') s'.repeat(500)}`,
    ],
    ['10,000 ORs', /^ran$/, () => `SELECT 1 FROM plain WHERE id = 1${' OR id = 2'.repeat(10_000)}`],
    ['100,000 values', /^ran$/, () => `SELECT count(*) FROM (VALUES (1)${', (2)'.repeat(100_000)}) v`],
    ['a literal of 32 MB', /^ran$/, () => `SELECT length('${'x'.repeat(32 * 1024 * 1024)}')`],
    ['a comment of 32 MB', /^ran$/, () => `SELECT 1 /* ${'x'.repeat(32 * 1024 * 1024)} */`],
    ['10,000 statements', /^ran$/, () => 'SELECT 1;'.repeat(10_000)],
    [
      'a view on a view, many times over',
      /^ran$/,
      () => `EXPLAIN SELECT * FROM ${Array.from({ length: 40 }, (_, i) => `reach_again r${i}`).join(', ')}`,
    ],
    [
      '30,000 columns',
      /^54011$/,
      () => `SELECT ${Array.from({ length: 30_000 }, () => 'email').join(', ')} FROM customers`,
    ],
  ]
  // That others are judged meanwhile is asserted where it can be seen for sure: test/proxy/large-texts.test.ts.
  test.for(large)('B12 %s', async ([what, expected, text]) => {
    const said = await besideAnother(what, [query(text())])
    expect(canariesIn(Buffer.concat(said.map(({ bytes }) => bytes)))).toEqual([])
    expect(reportOf(said).C ?? 'ran').toMatch(expected)
  })

  const megabytes = 32 * 1024 * 1024
  const bound = (values: (string | Buffer)[]) => [
    parse({ text: 'SELECT length($1)', types: [17] }),
    bind({ values }),
    execute(),
    sync(),
  ]
  const rows = (): Buffer => copyData(Buffer.from(`1\t${'y'.repeat(10_000)}\t2\n`.repeat(32)))
  // Also: the parameters are read in slices, test/proxy/session/recorded-parameters.test.ts.
  test.for<[string, string | null, () => readonly Buffer[]]>([
    ['a parameter of 32 MB in binary form', String(megabytes), () => bound([Buffer.alloc(megabytes, 7)])],
    ['a parameter of 32 MB as text', String(megabytes / 2 - 1), () => bound([`\\x${'ab'.repeat(megabytes / 2 - 1)}`])],
    [
      'COPY of rows of 32 MB',
      null,
      () => [query('COPY many_rows FROM STDIN'), ...Array.from({ length: 100 }, rows), copyDone()],
    ],
    ['a row of 32 MB', 'x'.repeat(megabytes), () => [query(`SELECT repeat('x', ${megabytes})`)]],
    ['a row of 32 MB that is masked', '[redacted]', () => [query('SELECT email FROM long_mail')]],
  ])('B12 %s', async ([what, answer, messages]) => {
    const said = await besideAnother(what, messages())
    const row = said.find(({ type }) => type === 'D')
    expect(reportOf(said)).toEqual({})
    expect(row === undefined ? null : rowOf(row.bytes)[0] === answer).toBe(answer === null ? null : true)
  })

  /** Says how long another session waited at most. */
  async function besideAnother(what: string, messages: readonly Buffer[]): Promise<readonly Message[]> {
    const [client, other] = await Promise.all([stand.open('ana'), stand.open('etl')])
    let done = false
    const answered = drive(client, messages).finally(() => {
      done = true
    })
    let stalledMs = 0
    let asked = 0
    while (!done) {
      const from = performance.now()
      const row = (await other.ask(`SELECT ${asked}`)).find(({ type }) => type === 'D')
      expect(rowOf(row?.bytes ?? Buffer.alloc(7))).toEqual([String(asked)])
      stalledMs = Math.max(stalledMs, performance.now() - from)
      asked++
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
    const said = await answered
    process.stderr.write(`B12 ${what}: another session waited ${Math.round(stalledMs)} ms at most, ${asked} times\n`)
    client.close()
    other.close()
    return said
  }
})
