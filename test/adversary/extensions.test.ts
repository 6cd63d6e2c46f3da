import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { RawClient, reportOf, transcript } from '../proxy/session/raw-client.ts'
import { canariesIn } from './canaries.ts'
import { openStand, type Stand } from './stand.ts'
import { drive, simple, ways } from './ways.ts'

/** What PostgreSQL's own extensions open: other servers, files, pages, statistics, SQL in a string. */
let stand: Stand
beforeAll(async () => {
  stand = await openStand(`
    CREATE SCHEMA ext;
    ${[
      'postgres_fdw',
      'file_fdw',
      'dblink',
      'pg_stat_statements',
      'pageinspect',
      'tablefunc',
      'xml2',
      'pgstattuple',
      'pg_buffercache',
      'pg_visibility',
      'pgrowlocks',
      'pg_walinspect',
      'lo',
      'amcheck',
      'pg_trgm',
      'pgcrypto',
    ]
      .map((name) => `CREATE EXTENSION ${name} SCHEMA ext;`)
      .join(' ')}
    CREATE VIEW harmless_texts AS SELECT query AS remark FROM ext.pg_stat_statements;
    CREATE SERVER files FOREIGN DATA WRAPPER file_fdw;
    SET search_path = public, ext`)
  const { hostname, port, username, password } = new URL(stand.database.url)
  const file = join(stand.holdpoint.data, 'people.csv')
  writeFileSync(file, '1,zqkvxj@wpfhqyd.org\n', { mode: 0o644 })
  await stand.direct.query(`
    CREATE SERVER itself FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host '${hostname}', port '${port}', dbname '${stand.database.name}');
    CREATE USER MAPPING FOR PUBLIC SERVER itself OPTIONS (user '${username}', password '${password}');
    CREATE FOREIGN TABLE far_customers (id int, email text) SERVER itself OPTIONS (table_name 'customers');
    CREATE FOREIGN TABLE far_renamed (id int, remark text OPTIONS (column_name 'email')) SERVER itself OPTIONS (table_name 'customers');
    CREATE FOREIGN TABLE far_plain (id int, remark text, amount numeric) SERVER itself OPTIONS (table_name 'plain');
    CREATE FOREIGN TABLE filed (id int, remark text) SERVER files OPTIONS (filename '${file}', format 'csv');
    CREATE VIEW over_far AS SELECT remark AS x FROM far_renamed;
    CREATE MATERIALIZED VIEW kept_far AS SELECT id, email FROM far_customers;
    CREATE TABLE joined (id int, remark text);
    ALTER FOREIGN TABLE far_renamed INHERIT joined;
    CREATE FUNCTION read_far() RETURNS SETOF text LANGUAGE sql STABLE AS 'SELECT remark FROM public.far_renamed'`)
}, 180_000)
afterAll(() => stand?.[Symbol.asyncDispose]())

const bytesOf = (client: RawClient): Buffer => Buffer.concat(client.received.map(({ bytes }) => bytes))

async function leaks(person: string, sql: string): Promise<readonly string[]> {
  const client = person === 'direct' ? await RawClient.open(stand.database.url) : await stand.open(person)
  try {
    for (const way of person === 'direct' ? [simple] : ways) await drive(client, way.messages(sql))
    return canariesIn(bytesOf(client))
  } finally {
    client.close()
  }
}

describe('C2 foreign tables', () => {
  test.for([
    'SELECT email FROM far_customers',
    'SELECT remark FROM far_renamed',
    'SELECT f FROM far_renamed f',
    'SELECT max(remark) FROM far_renamed',
    'SELECT remark FROM filed',
    'SELECT x FROM over_far',
    'SELECT remark FROM joined',
    'SELECT * FROM read_far()',
    'SELECT id, email FROM kept_far',
    'WITH w AS (SELECT remark AS q FROM far_renamed) SELECT q FROM w UNION SELECT remark FROM plain',
  ])('C2 %s', async (sql) => {
    expect(await leaks('direct', sql), 'the attack itself').not.toEqual([])
    for (const person of ['ana', 'report-bot']) expect(await leaks(person, sql), person).toEqual([])
  })

  test.for([
    ['SELECT * FROM far_plain', '42501'],
    ['INSERT INTO far_plain VALUES (70)', '42501'],
    ['UPDATE far_plain SET amount = 0 WHERE id = 1', '42501'],
    ['DELETE FROM far_plain', '42501'],
    ['TRUNCATE far_plain', '42501'],
    ['SELECT count(*) FROM joined', '42501'],
    ['EXPLAIN (VERBOSE) SELECT * FROM far_plain', '42501'],
    ['SELECT srvoptions, umoptions FROM pg_user_mappings m JOIN pg_foreign_server s ON s.oid = m.srvid', '42501'],
    ['SELECT umoptions FROM pg_user_mapping', '42501'],
    ['SELECT option_value FROM information_schema.user_mapping_options', '42501'],
  ])('C2 C10 %s is %s, and runs nowhere', async ([sql, code]) => {
    for (const person of ['ana', 'report-bot', 'ben']) {
      const client = await stand.open(person)
      expect(reportOf(await client.ask(sql as string)).C, person).toBe(code)
      client.close()
    }
    expect((await stand.direct.query('SELECT count(*)::int AS n FROM plain')).rows).toEqual([{ n: 2 }])
  })
})

describe('C8 pg_stat_statements and others that keep what was said', () => {
  test.for([
    'SELECT query FROM ext.pg_stat_statements',
    'SELECT * FROM ext.pg_stat_statements',
    'SELECT count(*) FROM ext.pg_stat_statements WHERE query LIKE $$a%$$',
    'SELECT query FROM ext.pg_stat_statements(true)',
    'SELECT ext.pg_stat_statements_reset()',
    'SELECT remark FROM harmless_texts',
    'COPY (SELECT query FROM ext.pg_stat_statements) TO STDOUT',
    'CREATE TEMP VIEW said AS SELECT query FROM ext.pg_stat_statements',
    'SELECT query FROM pg_stat_activity',
    'SELECT (a).query FROM (SELECT a FROM pg_stat_activity a) s',
    'SELECT pid FROM pg_stat_activity WHERE query LIKE $$%a%$$',
    'SELECT query FROM pg_stat_get_activity(NULL)',
    'SELECT pg_stat_get_backend_activity(1)',
    'SELECT statement FROM pg_prepared_statements',
    'SELECT statement FROM pg_cursors',
    'SELECT * FROM pg_prepared_statement()',
    'SELECT * FROM pg_cursor()',
  ])('C8 %s is denied', async (sql) => {
    for (const person of ['ana', 'report-bot', 'ben']) {
      const client = await stand.open(person)
      expect(reportOf(await client.ask(sql)).C, person).toBe('42501')
      client.close()
    }
  })

  test.for([
    'SELECT pid, state, wait_event, backend_type, query_start FROM pg_stat_activity',
    'SELECT pid, pg_blocking_pids(pid) FROM pg_stat_activity WHERE state = $$active$$',
    'SELECT relname, n_live_tup, last_analyze FROM pg_stat_user_tables',
    'SELECT locktype, mode, granted FROM pg_locks',
  ])('C8 what keeps a database going can be asked: %s', async (sql) => {
    const client = await stand.open('ana')
    expect(transcript(await client.ask(sql)).at(-2)).toMatch(/^C SELECT/)
    client.close()
  })
})

describe('C10 extensions that run SQL or read pages', () => {
  test.for([
    "SELECT ext.dblink_connect('dbname=x')",
    "SELECT * FROM ext.dblink('dbname=x', 'SELECT email FROM customers') AS t (x text)",
    "SELECT ext.dblink_exec('dbname=x', 'DELETE FROM payments')",
    "SELECT * FROM ext.crosstab('SELECT name, name, email FROM customers') AS t (a text, b text)",
    "SELECT * FROM ext.connectby('customers', 'email', 'id', '1', 0) AS t (a int, b text, c int)",
    "SELECT * FROM ext.xpath_table('id', 'email', 'customers', '/', 'true') AS t (a int, b text)",
    "SELECT ext.get_raw_page('customers', 0)",
    "SELECT t_data FROM ext.heap_page_items(ext.get_raw_page('customers', 0))",
    "SELECT data FROM ext.bt_page_items('customers_pkey', 1)",
    'SELECT * FROM ext.pg_buffercache',
    "SELECT * FROM ext.pgrowlocks('customers')",
    "SELECT block_data FROM ext.pg_get_wal_block_info('0/0', '0/1')",
    "SELECT ext.bt_index_check('customers_pkey')",
    'CREATE EXTENSION adminpack',
  ])('C10 %s is denied', async (sql) => {
    for (const person of ['ana', 'report-bot', 'ben']) {
      const client = await stand.open(person)
      const said = await client.ask(sql)
      expect(reportOf(said).C, person).toMatch(/^(42501|42883)$/)
      expect(canariesIn(bytesOf(client))).toEqual([])
      client.close()
    }
  })

  test('C10 what only computes is let through, and of a masked column it is a search', async () => {
    const client = await stand.open('ana')
    expect(transcript(await client.ask("SELECT ext.similarity('a', 'b'), ext.digest('a', 'sha256')"))).toContain(
      'C SELECT 1',
    )
    expect(reportOf(await client.ask("SELECT ext.similarity(email, 'a') FROM customers")).C).toBe('YH001')
    client.close()
  })
})
