import { beforeAll, expect, test } from 'vitest'
import { loadParser } from '../../../proxy/sql/analyse.ts'
import { parse } from '../../../proxy/sql/parse.ts'
import { redact } from '../../../proxy/sql/redact.ts'
import { sample } from './sample.ts'

beforeAll(loadParser)

function redacted(sql: string): string {
  const parsed = parse(sql)
  return redact(sql, 'reason' in parsed ? null : (parsed[0]?.node ?? null)).text
}

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
  ["ALTER ROLE bob PASSWORD 'hunter2' oops", "ALTER ROLE bob PASSWORD '***' oops"],
  ["ALTER ROLE bob PASSWORD 'hunter2", 'ALTER ROLE bob PASSWORD ***'],
  ['ALTER ROLE bob PASSWORD $$hunter2', 'ALTER ROLE bob PASSWORD ***'],
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

test('facts say that there was a secret and do not hold it', async () => {
  await using shop = await sample('SELECT 1')
  const analysis = shop.one("SET app.password = 'hunter2'")
  expect(analysis.facts.flags).toContain('contains_secret')
  expect(JSON.stringify([analysis.facts, analysis.redactedText])).not.toContain('hunter2')
  expect(shop.one("ALTER ROLE bob PASSWORD 'hunter2").facts).toMatchObject({ unresolved: [{ code: 'syntax' }] })
  expect(JSON.stringify(shop.one("ALTER ROLE bob PASSWORD 'hunter2' hunter2").facts)).not.toContain('hunter2')
})
