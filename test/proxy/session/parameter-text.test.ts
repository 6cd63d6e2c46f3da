import pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { parameterTexts } from '../../../proxy/session/parameter-text.ts'
import { freshDatabase, type TestDatabase } from '../../harness/database.ts'

/** What reviewers are shown of a bound value is what the server makes of the same bytes. */
let database: TestDatabase
let client: pg.Client
beforeAll(async () => {
  database = await freshDatabase()
  client = new pg.Client(database.url)
  await client.connect()
  await client.query("SET timezone = 'UTC'; SET datestyle = 'ISO'")
})
afterAll(async () => {
  await client?.end()
  await database?.[Symbol.asyncDispose]()
})

const shown = (bytes: Buffer, type: number): string | null | undefined =>
  parameterTexts({ types: [type], formats: [1], values: [bytes] })[0]

test.each([
  [
    'numeric',
    'numeric_send',
    '0 0.00 -0.5 1 -1 10000 99999999 1e20 0.0001 0.00000001 -1234567.89012 1e-10 12345678901234567890.123456789 NaN Infinity -Infinity',
  ],
  ['date', 'date_send', '2000-01-01 1999-12-31 2026-03-01 1970-01-01 0001-01-01 9999-12-31 infinity -infinity'],
  ['time', 'time_send', '00:00:00 23:59:59.999999 12:30:00.5 24:00:00'],
  [
    'timestamp',
    'timestamp_send',
    '2000-01-01T00:00:00 1999-12-31T23:59:59.5 2026-03-01T12:00:00.000001 1900-01-01T00:00:00 infinity -infinity',
  ],
  ['timestamptz', 'timestamptz_send', '2026-03-01T12:00:00+01 1999-12-31T23:59:59.25+00 infinity'],
  ['jsonb', 'jsonb_send', '{"a":[1,null,"ü"]} "x" 17 null'],
  ['json', 'json_send', '{"a":1} []'],
  ['oid', 'oidsend', '0 4294967295'],
  ['bpchar', 'bpcharsend', 'abc'],
  ['name', 'namesend', 'customers'],
  ['uuid', 'uuid_send', '6f9619ff-8b86-d011-b42d-00cf4fc964ff'],
])('%s', async (type, send, values) => {
  for (const value of values.split(' ')) {
    const sql = `SELECT ${send}($1::text::${type}) AS bytes, $1::text::${type}::text AS text, '${type}'::regtype::oid::int AS oid`
    const [row] = (await client.query(sql, [value])).rows
    expect(shown(row.bytes, row.oid), value).toBe(row.text)
  }
})

test('what is not what its type has is shown as its bytes', () => {
  expect(shown(Buffer.from('0001', 'hex'), 1700)).toBe('\\x0001')
  expect(shown(Buffer.from('00020000000000000001', 'hex'), 1700)).toBe('\\x00020000000000000001')
  expect(shown(Buffer.from('02', 'hex'), 3802)).toBe('\\x02')
  expect(shown(Buffer.from('ff', 'hex'), 17)).toBe('\\xff')
  expect(shown(Buffer.from('0000', 'hex'), 1082)).toBe('\\x0000')
})
