import { afterAll, beforeAll, expect, test } from 'vitest'
import { transcript } from '../proxy/session/raw-client.ts'
import { canariesIn } from './canaries.ts'
import { openStand, type Stand } from './stand.ts'

/**
 * C6: a value is moved to a column that is masked in the same way. A mask that shows the last four of a number shows
 * the last four of any part of it, and so parts spell the number out.
 */
let stand: Stand
beforeAll(async () => {
  stand = await openStand(`
    CREATE TABLE pieces (n serial PRIMARY KEY, phone text UNIQUE, email text);
    CREATE VIEW through AS SELECT phone AS piece FROM pieces;
    CREATE TABLE numbers (n int, phone text);
    CREATE FUNCTION keep(text) RETURNS void LANGUAGE sql AS 'INSERT INTO pieces (phone) VALUES ($1)';
    CREATE FUNCTION keep_by_steps(k int, whose int) RETURNS void LANGUAGE plpgsql AS $$
      DECLARE v text; BEGIN SELECT left(phone, k) INTO v FROM customers WHERE id = whose; INSERT INTO pieces (phone) VALUES (v); END $$`)
}, 180_000)
afterAll(() => stand?.[Symbol.asyncDispose]())

const PART = 'repeat(phone, 0) || left(phone, n)'
const LENGTHS = 'FROM customers, generate_series(1, 9) n WHERE id = 1'

test.for([
  `INSERT INTO pieces (phone) SELECT ${PART} ${LENGTHS}`,
  `INSERT INTO pieces (phone) SELECT substr(phone, 1, n) ${LENGTHS}`,
  `INSERT INTO pieces (phone) SELECT phone::varchar(6) FROM customers WHERE id = 1`,
  `INSERT INTO pieces (phone) SELECT x FROM (SELECT n, left(phone, n) AS x ${LENGTHS}) s`,
  `WITH s AS (SELECT n, left(phone, n) AS x ${LENGTHS}) INSERT INTO pieces (phone) SELECT x FROM s`,
  'INSERT INTO pieces (phone) VALUES ((SELECT left(phone, 6) FROM customers WHERE id = 1))',
  `INSERT INTO through SELECT left(phone, n) ${LENGTHS}`,
  `INSERT INTO pieces (phone) SELECT left(phone, 6) FROM customers WHERE id = 1
   UNION ALL SELECT phone FROM customers WHERE id = 1`,
  "INSERT INTO pieces (phone) VALUES ('0') ON CONFLICT (phone) DO UPDATE SET phone = (SELECT left(phone, 6) FROM customers WHERE id = 1)",
  'UPDATE pieces SET phone = left(c.phone, 6) FROM customers c WHERE c.id = 1 AND n = 0',
  'UPDATE pieces SET (phone, email) = (SELECT left(phone, 6), email FROM customers WHERE id = 1) WHERE n = 0',
  'MERGE INTO pieces p USING customers c ON p.n = c.id WHEN NOT MATCHED THEN INSERT (phone) VALUES (left(c.phone, 6))',
  'MERGE INTO pieces p USING customers c ON p.n = c.id - 1 WHEN MATCHED THEN UPDATE SET phone = left(c.phone, 6)',
  'UPDATE customers SET phone = left(phone, 6) WHERE id = 1',
  'UPDATE customers SET phone = phone::varchar(6) WHERE id = 1',
  'UPDATE customers SET email = substr(email, 2) WHERE id = 1',
  "UPDATE customers SET birth_date = date_trunc('year', birth_date)::date WHERE id = 1",
  `SELECT keep(left(phone, n)) ${LENGTHS}`,
  'SELECT keep_by_steps(6, 1)',
  'CREATE TEMP TABLE t AS SELECT left(phone, 6) AS x FROM customers; INSERT INTO pieces (phone) SELECT x FROM t',
])('C6 %s', async (sql) => {
  await stand.replant()
  await stand.direct.query("TRUNCATE pieces; INSERT INTO pieces (n, phone) VALUES (0, '0')")
  const stored = async () =>
    (
      await stand.direct.query(
        'SELECT phone::text, email, birth_date::text FROM customers UNION ALL SELECT phone, email, NULL FROM pieces',
      )
    ).rows
  const before = await stored()
  const client = await stand.open('ana')
  for (const each of sql.split('; ')) await client.ask(each)
  const ends = transcript(await client.ask('SELECT phone FROM pieces ORDER BY n')).map((row) => row.at(-1))
  expect(canariesIn(Buffer.from(ends.join('')))).toEqual([])
  expect(await stored()).toEqual(before)
  client.close()
})

test('C6 a value as it is goes where it is masked as well', async () => {
  await stand.direct.query('TRUNCATE pieces; INSERT INTO numbers (n) VALUES (1)')
  const client = await stand.open('ana')
  for (const sql of [
    'INSERT INTO numbers (phone) SELECT phone FROM customers WHERE id < 3',
    'INSERT INTO numbers (phone) SELECT phone FROM customers WHERE id = 3 UNION ALL SELECT phone FROM customers WHERE id = 4',
    'UPDATE numbers SET phone = c.phone FROM customers c WHERE c.id = n',
    'MERGE INTO pieces p USING customers c ON p.n = c.id + 100 WHEN NOT MATCHED AND c.id = 1 THEN INSERT (phone) VALUES (c.phone)',
    "INSERT INTO pieces (phone) VALUES (left('0123456789', 6))",
  ])
    expect.soft(transcript(await client.ask(sql)).join(), sql).toMatch(/C (INSERT|UPDATE|MERGE) /)
  expect(transcript(await client.ask('SELECT phone FROM numbers WHERE n = 1'))).toContain('D ****1001')
  expect(transcript(await client.ask('SELECT phone FROM pieces'))).toContain('D ****1001')
  expect(canariesIn(Buffer.concat(client.received.map(({ bytes }) => bytes)))).toEqual([])
  client.close()
})
