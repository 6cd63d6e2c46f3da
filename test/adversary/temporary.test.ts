import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Message, type RawClient, transcript } from '../proxy/session/raw-client.ts'
import { canariesIn } from './canaries.ts'
import { openStand, type Stand } from './stand.ts'
import { binary, drive, simple } from './ways.ts'

let stand: Stand
beforeAll(async () => {
  stand = await openStand(`
    CREATE FUNCTION makes() RETURNS void LANGUAGE sql AS 'CREATE TEMP TABLE t AS SELECT name AS x, email AS y FROM customers';
    CREATE TEMP TABLE t (x text, y text);
    CREATE FUNCTION steps(text) RETURNS void LANGUAGE plpgsql AS
      'DECLARE v text; BEGIN SELECT phone INTO v FROM customers LIMIT 1; INSERT INTO t (x, y) VALUES (v, $1); END';
    CREATE FUNCTION moves() RETURNS void LANGUAGE plpgsql AS 'BEGIN UPDATE t SET y = x, x = NULL; END';
    CREATE FUNCTION shadows() RETURNS text LANGUAGE plpgsql AS 'BEGIN RETURN (SELECT remark FROM plain LIMIT 1); END';
    CREATE FUNCTION first_y() RETURNS text LANGUAGE plpgsql AS 'BEGIN RETURN (SELECT y FROM t LIMIT 1); END';
    CREATE FUNCTION builds() RETURNS void LANGUAGE plpgsql AS
      'BEGIN CREATE TEMP TABLE t (x text, y text); INSERT INTO t SELECT email, phone FROM customers; END';
    CREATE FUNCTION builds_unseen() RETURNS void LANGUAGE plpgsql AS
      $$ BEGIN EXECUTE 'CREATE TEMP TABLE t AS SELECT email AS x, phone AS y FROM customers'; END $$;
    CREATE FUNCTION answers(OUT a text) LANGUAGE plpgsql AS 'BEGIN FOR a IN SELECT y FROM t LOOP NULL; END LOOP; END';
    CREATE FUNCTION puts(text) RETURNS void LANGUAGE sql AS 'INSERT INTO t (y) VALUES ($1)';
    DROP TABLE t`)
}, 180_000)
afterAll(() => stand?.[Symbol.asyncDispose]())

const bytesOf = (messages: readonly Message[]): Buffer => Buffer.concat(messages.map(({ bytes }) => bytes))

async function run(client: RawClient, statements: readonly string[]): Promise<readonly string[]> {
  const said: string[] = []
  for (const sql of statements) said.push(...transcript(await client.ask(sql)))
  return said
}

const T = 'CREATE TEMP TABLE t AS SELECT id, email AS x, name AS y FROM customers'

describe('C3 a temporary table of one’s own just works, and what is masked stays masked', () => {
  test.for<readonly [readonly string[], readonly string[]]>([
    [
      ['CREATE TEMP TABLE t AS SELECT id, email FROM customers', 'SELECT * FROM t ORDER BY id LIMIT 1'],
      ['D 1|z***@***.org'],
    ],
    [['SELECT id, phone INTO TEMP t FROM customers', 'SELECT phone FROM t WHERE id = 1'], ['D ****1001']],
    [[T, 'SELECT x, y FROM t WHERE id = 2'], ['D z***@***.org|Customer 2']],
    [[T, 'SELECT x || y, upper(y), count(*) OVER () FROM t WHERE id = 2'], ['D [redacted]|CUSTOMER 2|1']],
    [[T, 'ALTER TABLE t RENAME COLUMN x TO z', 'SELECT z, y FROM t WHERE id = 1'], ['D z***@***.org|Customer 1']],
    [[T, 'ALTER TABLE t RENAME TO u', 'SELECT x FROM u WHERE id = 1'], ['D z***@***.org']],
    [[T, 'ALTER TABLE t ADD COLUMN n int DEFAULT 7', 'SELECT n, x FROM t WHERE id = 1'], ['D 7|z***@***.org']],
    [[T, 'CREATE INDEX ON t (x)', 'ANALYZE t', 'SELECT y FROM t WHERE id = 3'], ['D Customer 3']],
    [
      [T, 'DROP TABLE t', 'CREATE TEMP TABLE t AS SELECT id AS x FROM customers', 'SELECT x FROM t WHERE x = 4'],
      ['D 4'],
    ],
    [
      [
        'CREATE TEMP TABLE t (id int, x text, y text)',
        "INSERT INTO t VALUES (1, 'in the clear', 'y')",
        'SELECT x FROM t',
      ],
      ['D in the clear'],
    ],
    [
      [
        'CREATE TEMP TABLE t (id int, x text, y text)',
        'INSERT INTO t (y, id, x) SELECT name, id, email FROM customers',
        'SELECT x, y FROM t WHERE id = 1',
      ],
      ['D z***@***.org|Customer 1'],
    ],
    [
      [
        'BEGIN',
        'CREATE TEMP TABLE t ON COMMIT DROP AS SELECT id, card FROM customers',
        'SELECT card FROM t WHERE id = 1',
        'COMMIT',
      ],
      ['D ****2001'],
    ],
    [
      [
        T,
        'CREATE TEMP VIEW v AS SELECT id, x AS seen FROM t',
        'SELECT seen FROM v WHERE id = 1',
        'SELECT upper(seen) FROM v WHERE id = 1',
      ],
      ['D z***@***.org', 'D [redacted]'],
    ],
    [
      ['CREATE TEMP VIEW v AS SELECT id, email AS x, name FROM customers', 'SELECT x, name FROM v WHERE id = 1'],
      ['D z***@***.org|Customer 1'],
    ],
    [
      [
        'CREATE TEMP TABLE customers AS SELECT 1 AS id, 2 AS n',
        'SELECT n FROM customers',
        'SELECT email FROM public.customers WHERE id = 1',
      ],
      ['D 2', 'D z***@***.org'],
    ],
    [
      [
        'CREATE TEMP TABLE plain AS SELECT 5 AS id',
        'SET search_path = public, pg_temp',
        'SELECT remark FROM plain WHERE id = 1',
        'SELECT id FROM pg_temp.plain',
      ],
      ['D nothing', 'D 5'],
    ],
    [
      ['CREATE TEMP TABLE a AS SELECT 1 AS n; CREATE TEMP TABLE b AS SELECT 2 AS n', 'SELECT a.n, b.n FROM a, b'],
      ['D 1|2'],
    ],
    [
      [T, "UPDATE t SET y = 'new' WHERE id = 1", 'DELETE FROM t WHERE id > 2', 'SELECT y FROM t WHERE id = 1'],
      ['D new'],
    ],
  ])('C3 %s', async ([statements, expected]) => {
    const client = await stand.open('ana')
    const said = await run(client, statements)
    for (const each of expected) expect(said).toContain(each)
    expect(canariesIn(bytesOf(client.received))).toEqual([])
    client.close()
  })
})

const reads = [
  'SELECT * FROM t',
  'SELECT t FROM t',
  "SELECT x || '' FROM t",
  'SELECT y FROM t',
  'COPY t TO STDOUT',
  'SELECT to_jsonb(t) FROM t',
]

/** Each is followed by reading `t` in every way. */
const attacks: Readonly<Record<string, readonly (readonly string[])[]>> = {
  'what comes in': [
    [T],
    ['SELECT email AS x, name AS y INTO TEMP t FROM customers'],
    ["CREATE TEMP TABLE t AS SELECT substr(phone, 1, 5) AS x, substr(phone, 5) || '' AS y FROM customers"],
    ['CREATE TEMP TABLE t (x text, y text)', 'INSERT INTO t SELECT name, email FROM customers'],
    ['CREATE TEMP TABLE t (x text, y text)', 'INSERT INTO t (y) SELECT email FROM customers'],
    [
      'CREATE TEMP TABLE t (x text, y text)',
      'INSERT INTO t VALUES ((SELECT email FROM customers LIMIT 1), (SELECT card FROM customers LIMIT 1))',
    ],
    ['CREATE TEMP TABLE t (x text, y text)', "INSERT INTO t VALUES ('a')", 'UPDATE t SET y = c.email FROM customers c'],
    [
      'CREATE TEMP TABLE t (x text, y text)',
      "INSERT INTO t VALUES ('a')",
      'UPDATE t SET (x, y) = (SELECT name, phone FROM customers LIMIT 1)',
    ],
    ['CREATE TEMP TABLE t (x text, y text)', 'INSERT INTO t SELECT mail_of(1), name FROM customers'],
    ['CREATE TEMP TABLE t (x text, y text)', 'INSERT INTO t SELECT c.email, name FROM customers c RETURNING *'],
    [
      'CREATE TEMP TABLE t (x text, y text)',
      'WITH i AS (INSERT INTO t SELECT email, phone FROM customers RETURNING x, y AS z) SELECT z, x FROM i',
    ],
    [
      'CREATE TEMP TABLE t (x text[], y text)',
      'INSERT INTO t (x[1]) SELECT phone FROM customers',
      'UPDATE t SET x[2] = (SELECT email FROM customers LIMIT 1)',
    ],
    [
      'CREATE TEMP TABLE t (x text PRIMARY KEY, y text)',
      "INSERT INTO t VALUES ('a')",
      "INSERT INTO t VALUES ('a') ON CONFLICT (x) DO UPDATE SET y = (SELECT email FROM customers LIMIT 1)",
    ],
    [
      'CREATE TEMP TABLE t (x text, y text)',
      'MERGE INTO t USING customers c ON t.x = c.name WHEN NOT MATCHED THEN INSERT (y, x) VALUES (c.email, c.name)',
    ],
    [
      'CREATE TEMP TABLE t (x text, y text)',
      "INSERT INTO t VALUES ('Customer 1')",
      'MERGE INTO t USING customers c ON t.x = c.name WHEN MATCHED THEN UPDATE SET y = c.email',
    ],
    ['PREPARE p AS SELECT email AS x, name AS y FROM customers', 'CREATE TEMP TABLE t AS EXECUTE p'],
    ['CREATE TEMP TABLE IF NOT EXISTS t AS SELECT email AS x, phone AS y FROM customers'],
    [
      'CREATE TEMP TABLE t (x text, y text)',
      'CREATE TEMP TABLE IF NOT EXISTS t AS SELECT email AS x, phone AS y FROM customers',
    ],
    ['CREATE TEMP TABLE t (x text, y text)', 'EXPLAIN ANALYZE INSERT INTO t SELECT email, phone FROM customers'],
  ],
  'what goes on inside': [
    [T, 'UPDATE t SET y = x'],
    [T, 'UPDATE t SET y = reverse(x), x = name FROM customers c WHERE c.id = t.id'],
    [T, 'INSERT INTO t (id, y) SELECT id, x FROM t RETURNING y'],
    [T, "ALTER TABLE t ADD COLUMN g text GENERATED ALWAYS AS (x || '') STORED", 'SELECT g FROM t'],
    [T, 'ALTER TABLE t ALTER COLUMN y TYPE text USING x'],
    [T, 'ALTER TABLE t ALTER COLUMN x TYPE varchar(9) USING substr(x, 1, 9)', 'SELECT x FROM t'],
    [
      "CREATE TEMP TABLE t AS SELECT phone AS x, '' AS y FROM customers",
      'ALTER TABLE t ALTER COLUMN x TYPE varchar(9) USING substr(x, 1, 9)',
    ],
    ["CREATE TEMP TABLE t AS SELECT phone AS x, '' AS y FROM customers", 'UPDATE t SET x = substr(x, 1, 9)'],
    [
      "CREATE TEMP TABLE t AS SELECT phone AS x, '' AS y FROM customers",
      'INSERT INTO t (x) SELECT email FROM customers',
    ],
    [T, 'ALTER TABLE t ADD COLUMN d text DEFAULT mail_of(1)', 'SELECT d FROM t'],
    [
      T,
      'ALTER TABLE t RENAME COLUMN x TO z',
      'ALTER TABLE t RENAME COLUMN y TO x',
      'ALTER TABLE t RENAME COLUMN z TO y',
    ],
    [T, 'ALTER TABLE t DROP COLUMN y', 'ALTER TABLE t ADD COLUMN y text', 'UPDATE t SET y = x', 'SELECT y AS w FROM t'],
    [T, 'CREATE UNIQUE INDEX ON t ((1), y)', 'ALTER TABLE t ALTER COLUMN x TYPE int USING x::int'],
    [T, 'CREATE TEMP TABLE u AS SELECT x AS q FROM t', 'SELECT q FROM u', "SELECT q || '' FROM u", 'TABLE u'],
    [
      T,
      'CREATE TEMP TABLE u (LIKE t INCLUDING ALL)',
      'INSERT INTO u SELECT * FROM t',
      'TABLE u',
      'SELECT y FROM u',
      'SELECT x FROM u',
    ],
    [
      T,
      'CREATE TEMP TABLE p (x text, y text) PARTITION BY LIST (y)',
      'ALTER TABLE t DROP COLUMN id',
      'ALTER TABLE p ATTACH PARTITION t DEFAULT',
      'TABLE p',
    ],
    [T, 'CREATE TEMP TABLE p (x text)', 'ALTER TABLE t INHERIT p', 'TABLE p'],
    ['CREATE TABLE elders (x text)', T, 'ALTER TABLE t INHERIT letters', 'TABLE letters'],
    [T, 'CREATE TEMP TABLE c () INHERITS (t)', 'TABLE c', 'SELECT x FROM t'],
    [T, 'CREATE TABLE lasting AS SELECT x FROM t', 'TABLE lasting'],
    [T, 'INSERT INTO plain (id, remark) SELECT id + 1000, x FROM t', 'TABLE plain'],
  ],
  'names and transactions': [
    [
      'BEGIN',
      T,
      'SAVEPOINT s',
      'DROP TABLE t',
      'CREATE TEMP TABLE t AS SELECT 1 AS x, 2 AS y',
      'ROLLBACK TO s',
      'TABLE t',
    ],
    [
      'BEGIN',
      'CREATE TEMP TABLE t (x text, y text)',
      'SAVEPOINT s',
      'INSERT INTO t SELECT email, phone FROM customers',
      'RELEASE s',
      'COMMIT',
    ],
    [
      'BEGIN',
      'CREATE TEMP TABLE t (x text, y text)',
      'SAVEPOINT s',
      'ALTER TABLE t RENAME COLUMN x TO z',
      'INSERT INTO t SELECT email, phone FROM customers',
      'TABLE t',
      'ROLLBACK TO s',
      'INSERT INTO t SELECT email FROM customers',
      'COMMIT',
    ],
    [
      'CREATE TEMP TABLE a AS SELECT email AS x, 1 AS y FROM customers; CREATE TEMP TABLE t AS SELECT 1 AS x, 2 AS y; ALTER TABLE t RENAME TO b; ALTER TABLE a RENAME TO t',
    ],
    [`${T}; SELECT x FROM t`],
    [`${T}; SELECT * FROM t; SELECT x || y FROM t; COPY t TO STDOUT`],
    ['CREATE TEMP VIEW t AS SELECT email AS x, name AS y FROM customers; SELECT x FROM t'],
    [
      'CREATE TEMP TABLE t (x text, y text); INSERT INTO t SELECT email, phone FROM customers; SELECT x FROM t; TABLE t',
    ],
    [T, 'DISCARD TEMP', 'CREATE TEMP TABLE t AS SELECT card AS y, 1 AS x FROM customers'],
    [T, 'DISCARD ALL', 'TABLE t'],
    [
      'CREATE TEMP TABLE t AS SELECT 1 AS x, 2 AS y',
      'DROP TABLE t; CREATE TEMP TABLE t AS SELECT email AS x, phone AS y FROM customers; TABLE t',
    ],
    [T, 'DECLARE c CURSOR WITH HOLD FOR SELECT x FROM t', 'FETCH ALL FROM c', 'CLOSE c'],
    [T, 'PREPARE q AS SELECT x FROM t', 'EXECUTE q', 'ALTER TABLE t RENAME COLUMN y TO w', 'EXECUTE q'],
    [
      'PREPARE q AS SELECT remark FROM plain',
      'CREATE TEMP TABLE plain AS SELECT email AS remark FROM customers',
      'EXECUTE q',
      'TABLE plain',
    ],
    [
      'BEGIN',
      'CREATE TEMP TABLE t ON COMMIT DELETE ROWS AS SELECT email AS x, 1 AS y FROM customers',
      'TABLE t',
      'COMMIT',
      'INSERT INTO t SELECT phone, 1 FROM customers',
    ],
    ["SELECT set_config('search_path', 'pg_temp, public', false)", T, 'SELECT x FROM pg_temp.t'],
  ],
  'what is not known any more': [
    [
      'CREATE TEMP TABLE t (x text, y text)',
      'CREATE TEMP TABLE c () INHERITS (t)',
      T.replace(' t ', ' u '),
      'INSERT INTO t SELECT x, y FROM u',
      'DROP TABLE c',
    ],
    ['SELECT makes()', 'CREATE TEMP TABLE IF NOT EXISTS t AS SELECT 1 AS x, 2 AS y'],
    ['SELECT makes(); CREATE TEMP TABLE IF NOT EXISTS t AS SELECT 1 AS x, 2 AS y'],
    [
      'CREATE TEMP TABLE t (x text, y text)',
      'SELECT puts(email) FROM customers',
      'INSERT INTO t (x) SELECT email FROM customers',
      'SELECT puts(email) FROM customers',
    ],
  ],
  'PL/pgSQL': [
    ['CREATE TEMP TABLE t (x text, y text)', "SELECT steps('z')"],
    [
      'CREATE TEMP TABLE t (x text, y text)',
      'SELECT steps(email) FROM customers',
      'SELECT first_y()',
      'SELECT answers()',
    ],
    ['CREATE TEMP TABLE t (x text, y text)', "SELECT steps('z'); TABLE t; SELECT x FROM t"],
    ['CREATE TEMP TABLE t (x text, y text)', "BEGIN; SELECT steps('z')", 'TABLE t', 'COMMIT'],
    [T, 'SELECT moves()', 'SELECT first_y()', 'SELECT answers()'],
    ["CREATE TEMP TABLE t AS SELECT phone AS x, '' AS y FROM customers", 'SELECT moves()'],
    [T, 'DO $$ BEGIN UPDATE t SET y = x; END $$'],
    ['CREATE TEMP TABLE t (x text, y text)', 'DO $$ BEGIN INSERT INTO t SELECT email, phone FROM customers; END $$'],
    ['SELECT builds()', 'SELECT first_y()'],
    ['SELECT builds_unseen()', 'SELECT first_y()'],
    ['CREATE TEMP TABLE plain AS SELECT email AS remark FROM customers', 'SELECT shadows()', 'TABLE plain'],
    ['SELECT shadows()', 'CREATE TEMP TABLE plain AS SELECT email AS remark FROM customers', 'SELECT shadows()'],
    ['PREPARE q AS SELECT shadows()', 'CREATE TEMP TABLE plain AS SELECT email AS remark FROM customers', 'EXECUTE q'],
    ['CREATE TEMP VIEW plain AS SELECT email AS remark FROM customers', 'SELECT shadows()'],
    [
      'CREATE TEMP TABLE t (x text, y text)',
      'CREATE TEMP VIEW w AS SELECT x, y FROM t',
      "SELECT steps('z')",
      'TABLE w',
    ],
    [
      'CREATE TEMP TABLE t (x text, y text)',
      'CREATE FUNCTION pg_temp.own() RETURNS void LANGUAGE plpgsql AS $$ BEGIN INSERT INTO t SELECT email, phone FROM customers; END $$',
      'SELECT pg_temp.own()',
    ],
  ],
  views: [
    ['CREATE TEMP VIEW t AS SELECT email AS x, name AS y FROM customers'],
    ['CREATE TEMP VIEW t (x, y) AS TABLE reach_again'],
    ['CREATE TEMP RECURSIVE VIEW t (x, y) AS SELECT email, 1 FROM staff UNION ALL SELECT x, y + 1 FROM t WHERE y < 2'],
    [
      'CREATE TEMP TABLE s AS SELECT email AS e FROM customers',
      'CREATE TEMP VIEW t AS SELECT upper(e) AS x, 1 AS y FROM s',
    ],
    [
      'CREATE TEMP TABLE s (x text, y text)',
      'CREATE TEMP VIEW t AS SELECT * FROM s',
      'INSERT INTO t SELECT name, email FROM customers',
      'TABLE s',
    ],
    [
      'CREATE TEMP TABLE s (x text, y text)',
      'CREATE VIEW t AS SELECT * FROM s',
      'INSERT INTO s SELECT name, email FROM customers',
    ],
    [
      'CREATE TEMP VIEW t AS SELECT remark AS x, id AS y FROM plain',
      'CREATE OR REPLACE TEMP VIEW t AS SELECT email AS x, id AS y FROM customers',
    ],
    [
      'CREATE TEMP TABLE shadowed AS SELECT 1 AS remark',
      'CREATE TEMP VIEW t AS SELECT c.email AS x, 1 AS y FROM customers c',
      'CREATE TEMP TABLE customers AS SELECT 1 AS email',
      'SELECT x FROM t',
    ],
    [
      'SET search_path = shadow, public',
      'CREATE TEMP VIEW t AS SELECT lower(remark) AS x, 1 AS y FROM public.plain',
      'SET search_path = public',
      'SELECT x FROM t',
    ],
    ['CREATE TEMP VIEW t AS SELECT most_common_vals::text AS x, 1 AS y FROM pg_stats', 'ANALYZE customers'],
  ],
}

describe.each(Object.entries(attacks))('C3 temporary tables: %s', (_, list) => {
  test.for(list.map((statements) => [statements.join('; ').slice(0, 150), statements] as const))(
    'C3 %s',
    async ([, statements]) => {
      for (const person of ['ana', 'report-bot'])
        for (const way of [simple, binary]) {
          const client = await stand.open(person)
          for (const sql of [...statements, ...reads]) {
            const said = await drive(client, (sql.includes(';') ? simple : way).messages(sql)).catch(() => null)
            if (said === null) break
          }
          expect(canariesIn(bytesOf(client.received)), `${person}, ${way.name}`).toEqual([])
          client.close()
        }
      for (const rest of [reads, ['TABLE t'], ["SELECT x || '' FROM t"], ['SELECT y FROM t']]) {
        const client = await stand.open('ana')
        const [first = '', ...then] =
          rest.length > 1 ? [statements.join('; '), ...rest] : [[...statements, ...rest].join('; ')]
        for (const sql of [first, ...then, ...reads])
          if ((await drive(client, simple.messages(sql)).catch(() => null)) === null) break
        expect(canariesIn(bytesOf(client.received)), `one message, ${first}`).toEqual([])
        client.close()
      }
      await stand.replant()
    },
  )
})

describe('C3 made and read in one message', () => {
  test.for<readonly [string, readonly string[]]>([
    [
      'CREATE TEMP TABLE t AS SELECT id, email AS x, name FROM customers; SELECT * FROM t WHERE id = 1',
      ['D 1|z***@***.org|Customer 1'],
    ],
    ['SELECT id, phone INTO TEMP t FROM customers; SELECT phone, id FROM t WHERE id = 1', ['D ****1001|1']],
    [
      'CREATE TEMP TABLE t (a, b) AS SELECT id, card FROM customers; SELECT b FROM t WHERE a = 1; SELECT count(*) FROM t WHERE a = 1',
      ['D ****2001', 'D 1'],
    ],
    [
      "CREATE TEMP TABLE t (id int PRIMARY KEY, x text, y text DEFAULT 'd'); INSERT INTO t (x, id) SELECT email, id FROM customers; SELECT * FROM t WHERE id = 1",
      ['D 1|z***@***.org|d'],
    ],
    ['CREATE TEMP TABLE IF NOT EXISTS t AS SELECT 5 AS x; CREATE INDEX ON t (x); ANALYZE t; TABLE t', ['D 5']],
    ['BEGIN; CREATE TEMP TABLE t ON COMMIT DROP AS SELECT 6 AS x; SELECT x FROM t; COMMIT', ['D 6']],
    [
      'CREATE TEMP TABLE a AS SELECT id, name FROM customers; CREATE TEMP TABLE t AS SELECT a.*, c.email FROM a JOIN customers c USING (id); SELECT name, email FROM t WHERE id = 2',
      ['D Customer 2|z***@***.org'],
    ],
    [
      'CREATE TEMP TABLE customers AS SELECT 7 AS n; SELECT n FROM customers; SELECT email FROM public.customers WHERE id = 1',
      ['D 7', 'D z***@***.org'],
    ],
  ])('C3 %s', async ([text, expected]) => {
    // An agent is held for what it would copy of labelled columns.
    for (const person of expected.some((line) => line.includes('***')) ? ['ana'] : ['ana', 'report-bot']) {
      const client = await stand.open(person)
      const said = transcript(await client.ask(text))
      for (const each of expected) expect(said, person).toContain(each)
      expect(canariesIn(bytesOf(client.received))).toEqual([])
      client.close()
    }
  })

  test('C3 one after the other in a transaction, changed in between', async () => {
    const client = await stand.open('ana')
    const said = await run(client, [
      'BEGIN',
      'CREATE TEMP TABLE t AS SELECT 1 AS x; ALTER TABLE t ADD COLUMN y text',
      'CREATE TEMP TABLE u AS SELECT id, email FROM customers; SELECT email, id FROM u WHERE id = 1',
      'SELECT * FROM u WHERE id = 2',
      'COMMIT',
    ])
    expect(said).toContain('D z***@***.org|1')
    expect(said).toContain('D 2|z***@***.org')
    client.close()
  })

  test('C3 what is written to it behind that keeps its labels for the messages that follow', async () => {
    const client = await stand.open('ana')
    const said = await run(client, [
      'CREATE TEMP TABLE t AS SELECT id, name AS x FROM customers; INSERT INTO t SELECT id + 100, email FROM customers; UPDATE t SET x = x',
      'SELECT x FROM t WHERE id = 101',
      'SELECT id FROM t WHERE id = 101',
    ])
    expect(said).toContain('D z***@***.org')
    expect(said).toContain('D 101')
    expect(canariesIn(bytesOf(client.received))).toEqual([])
    client.close()
  })
})

test('C3 what another session has carried, and a view over what was renamed elsewhere', async () => {
  const [one, other] = [await stand.open('ana'), await stand.open('ana')]
  await run(one, [T])
  await run(other, [
    'CREATE TEMP TABLE t AS SELECT 1 AS x',
    'CREATE TEMP VIEW v AS SELECT remark FROM plain',
    'SELECT remark FROM v',
  ])
  const { rows } = await stand.direct.query<{ name: string }>(
    "SELECT nspname AS name FROM pg_namespace WHERE nspname ~ '^pg_temp'",
  )
  for (const { name } of rows) await run(other, [`SELECT x FROM ${name}.t`, `TABLE ${name}.t`])
  await stand.direct.query(
    'ALTER TABLE plain RENAME TO was_plain; ALTER TABLE was_plain RENAME remark TO email; CREATE TABLE plain (remark text)',
  )
  await stand.direct.query("UPDATE was_plain SET email = 'zqkvxj@wpfhqyd.org'")
  await run(other, ['SELECT remark FROM v', 'TABLE v'])
  expect(canariesIn(bytesOf(other.received))).toEqual([])
  expect(canariesIn(bytesOf(one.received))).toEqual([])
  await stand.direct.query(
    'DROP TABLE plain; ALTER TABLE was_plain RENAME email TO remark; ALTER TABLE was_plain RENAME TO plain',
  )
  one.close()
  other.close()
})
