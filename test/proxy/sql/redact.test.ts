import type { Node } from 'libpg-query'
import { beforeAll, expect, test } from 'vitest'
import { loadParser } from '../../../proxy/sql/analyse.ts'
import { parse } from '../../../proxy/sql/parse.ts'
import { redact } from '../../../proxy/sql/redact.ts'
import { sample } from './sample.ts'

beforeAll(loadParser)

function nodeOf(sql: string): Node | null {
  const parsed = parse(sql)
  return 'reason' in parsed ? null : (parsed[0]?.node ?? null)
}

const redacted = (sql: string): string => redact(sql, nodeOf(sql)).text

test.for([
  ["ALTER ROLE bob PASSWORD 'hunter2'", "ALTER ROLE bob PASSWORD '***'"],
  ["create user ü with encrypted password E'hun\\'ter2' login", "create user ü with encrypted password '***' login"],
  ["ALTER ROLE bob PASSWORD $x$hunter2$x$ -- 'é'", "ALTER ROLE bob PASSWORD '***' -- 'é'"],
  ["ALTER ROLE bob PASSWORD U&'hunter\\0032'", "ALTER ROLE bob PASSWORD '***'"],
  ["ALTER ROLE bob PASSWORD 'hun'\n'ter2'", "ALTER ROLE bob PASSWORD '***'"],
  [
    "CREATE USER MAPPING FOR bob SERVER s OPTIONS (user 'bob', password 'hunter2')",
    "CREATE USER MAPPING FOR bob SERVER s OPTIONS (user '***', password '***')",
  ],
  ["ALTER SERVER s OPTIONS (SET host 'h')", "ALTER SERVER s OPTIONS (SET host '***')"],
  [
    "CREATE SUBSCRIPTION s CONNECTION 'host=h password=hunter2' PUBLICATION p",
    "CREATE SUBSCRIPTION s CONNECTION '***' PUBLICATION p",
  ],
  ["ALTER SUBSCRIPTION s CONNECTION 'password=hunter2'", "ALTER SUBSCRIPTION s CONNECTION '***'"],
  [
    "SELECT * FROM dblink('password=hunter2', 'SELECT 1') AS t (a int)",
    "SELECT * FROM dblink('***', '***') AS t (a int)",
  ],
  ["SET app.api_token = 'hunter2'", "SET app.api_token = '***'"],
  ['SET app.password TO hunter2', "SET app.password TO '***'"],
  ["SELECT set_config('app.secret', 'hunter2', false)", "SELECT set_config('***', '***', false)"],
  ["SELECT pgp_sym_decrypt(card, 'hunter2') FROM customers", "SELECT pgp_sym_decrypt(card, '***') FROM customers"],
  ["DO $$BEGIN ALTER ROLE bob PASSWORD 'hunter2'; END$$", 'DO $$BEGIN ALTER ROLE bob PASSWORD ***; END$$'],
  ["COPY t TO PROGRAM 'psql postgres://bob:hunter2@h/d'", "COPY t TO PROGRAM 'psql postgres://bob:***@h/d'"],
  ["ALTER ROLE bob PASSWORD 'hunter2' oops", 'ALTER ROLE ***'],
  ["ALTER ROLE bob PASSWORD 'hunter2", 'ALTER ROLE ***'],
  ['ALTER ROLE bob PASSWORD $$hunter2', 'ALTER ROLE ***'],
  ['ALTER ROLE bob PASSWORD hunter2', 'ALTER ROLE ***'],
  ['CREATE USER bob PASSWORD "hunter2"', 'CREATE USER ***'],
  ["ALTER ROLE bob PASWORD 'hunter2'", 'ALTER ROLE ***'],
  ["SELECT 'hunter2' AS password FROM FROM x", 'SELECT ***'],
  ['ALTER ROLE bob SET app.password TO hunter2', "ALTER ROLE bob SET app.password TO '***'"],
  ['ALTER DATABASE d SET app.token = hunter2', "ALTER DATABASE d SET app.token = '***'"],
  [
    "ALTER SYSTEM SET primary_conninfo = 'host=h password=hunter2 user=u'",
    "ALTER SYSTEM SET primary_conninfo = 'host=h password=*** user=u'",
  ],
  ["SET app.dsn = 'password=''hun ter2'' host=h'", "SET app.dsn = 'password=*** host=h'"],
  ["SET app.dsn = 'postgres://bob:hun@ter2@h/d'", "SET app.dsn = 'postgres://bob:***@h/d'"],
  ["COPY t FROM PROGRAM 'PGPASSWORD=hunter2 psql -h h'", "COPY t FROM PROGRAM 'PGPASSWORD=*** psql -h h'"],
  ["COPY t FROM PROGRAM 'curl -u bob:hunter2 h'", "COPY t FROM PROGRAM 'curl -u *** h'"],
  [
    `COPY t FROM PROGRAM 'curl -H "Authorization: Bearer hunter2" h'`,
    `COPY t FROM PROGRAM 'curl -H "Authorization: Bearer ***" h'`,
  ],
  [
    `INSERT INTO conf VALUES ('{"api_key": "hunter2", "a": 1}')`,
    `INSERT INTO conf VALUES ('{"api_key": "***", "a": 1}')`,
  ],
  [
    "DO $$BEGIN EXECUTE 'ALTER ROLE bob PASSWORD ''hunter2'''; END$$",
    "DO $$BEGIN EXECUTE 'ALTER ROLE bob PASSWORD ***'; END$$",
  ],
  ["SELECT format('ALTER ROLE %I PASSWORD %L', 'bob', 'hunter2')", "SELECT format('***', '***', '***')"],
  ["SELECT 'ALTER ROLE bob PASSWORD ' || quote_literal('hunter2')", "SELECT '***' || quote_literal('***')"],
  ["SELECT vault.create_secret('hunter2', 'name')", "SELECT vault.create_secret('***', '***')"],
  ["SELECT export(1, api_key => 'hunter2')", "SELECT export(1, api_key => '***')"],
  ['SELECT 1 /* password=hunter2 */ -- token=hunter2', 'SELECT 1 /* password=*** */ -- token=***'],
])('%s', ([sql = '', expected]) => {
  expect(redacted(sql)).toBe(expected)
  expect(redacted(sql)).not.toContain('hunter')
})

test.for([
  "SELECT 'hunter2' FROM customers WHERE email = 'a@b.c'",
  "INSERT INTO passwords (name) VALUES ('x')",
  'CREATE TABLE t (id int PRIMARY KEY)',
  "SELECT 'https://example.org/a:b'",
])('leaves %s as it is', (sql) => {
  expect(redacted(sql)).toBe(sql)
})

test('what is executed says what the arguments are', () => {
  const sql = "EXECUTE p('hunter2', 5)"
  const behind = 'PREPARE p AS SELECT pgp_sym_decrypt(card, $1) FROM customers LIMIT $2'
  expect(redact(sql, nodeOf(sql), behind)).toEqual({ text: "EXECUTE p('***', 5)", hasSecret: true })
  expect(redact(sql, nodeOf(sql), 'PREPARE p AS SELECT $1, $2')).toEqual({ text: sql, hasSecret: false })
})

test('a parameter in the place of a secret is one', () => {
  const has = (sql: string) => redact(sql, nodeOf(sql)).hasSecret
  expect(has('SELECT pgp_sym_decrypt(card, $1) FROM customers')).toBe(true)
  expect(has("SELECT set_config('app.password', $1, false)")).toBe(true)
  expect(has('SELECT id FROM tokens WHERE id = $1')).toBe(false)
})

test('facts say that there was a secret and do not hold it', async () => {
  await using shop = await sample('SELECT 1')
  const analysis = shop.one("SET app.password = 'hunter2'")
  expect(analysis.facts.flags).toContain('contains_secret')
  expect(JSON.stringify([analysis.facts, analysis.redactedText])).not.toContain('hunter2')
  expect(shop.one("ALTER ROLE bob PASSWORD 'hunter2").facts).toMatchObject({ unresolved: [{ code: 'syntax' }] })
  expect(JSON.stringify(shop.one("ALTER ROLE bob PASSWORD 'hunter2' hunter2").facts)).not.toContain('hunter2')
  const facts = (sql: string) => JSON.stringify(shop.one(sql).facts)
  expect(facts("ALTER SYSTEM SET primary_conninfo = 'password=hunter2'")).not.toContain('hunter2')
  expect(facts("SELECT set_config('app.dsn', 'postgres://u:hunter2@h', false)")).not.toContain('hunter2')
})
