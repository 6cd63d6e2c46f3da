import fc from 'fast-check'
import pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { scrubError } from '../../../proxy/masking/scrub-error.ts'
import { freshDatabase, type TestDatabase } from '../../harness/database.ts'

const CANARY = 'kanarienvogel@example.org'
const known = new Set(['public', 'customers', 'email', 'age'])

let database: TestDatabase
let client: pg.Client

beforeAll(async () => {
  database = await freshDatabase()
  client = new pg.Client(database.url)
  await client.connect()
  await client.query(`
    CREATE TABLE customers (email text PRIMARY KEY CHECK (email <> 'x'), age int NOT NULL, CONSTRAINT adults CHECK (age > 17));
    INSERT INTO customers VALUES ('${CANARY}', 20);
    CREATE FUNCTION shout() RETURNS void LANGUAGE plpgsql AS $$
    BEGIN RAISE EXCEPTION USING message = '${CANARY}', detail = '${CANARY}', hint = '${CANARY}', errcode = 'KANAR',
      column = '${CANARY}', constraint = '${CANARY}', datatype = '${CANARY}', table = '${CANARY}', schema = '${CANARY}'; END $$;`)
})

afterAll(async () => {
  await client.end()
  await database[Symbol.asyncDispose]()
})

test.each([
  ["INSERT INTO customers VALUES ('kanarienvogel@example.org', 30)", '23505', { t: 'customers', n: 'customers_pkey' }],
  ["INSERT INTO customers VALUES ('x', 30)", '23514', { n: 'customers_email_check' }],
  ["INSERT INTO customers SELECT email || 'x', 3 FROM customers", '23514', { t: 'customers' }],
  ["INSERT INTO customers SELECT email || 'y', null FROM customers", '23502', { c: 'age' }],
  ['SELECT email::int FROM customers', '22P02', {}],
  ["SELECT (email || ' ')::timestamptz FROM customers", '22007', {}],
  ['SELECT 1 / (length(email) - length(email)) FROM customers', '22012', {}],
  ['SELECT shout()', 'P0001', {}],
  ["SELECT set_config('x.y', email, false)::json FROM customers", '22P02', {}],
])('keeps the code and known names of what the server says to %s, and no value', async (sql, code, names) => {
  const scrubbed = scrubError(fieldsOf(await failureOf(sql)), known)
  expect([...scrubbed.values()].join('\n').toLowerCase()).not.toMatch(/kanar|adults|vogel/)
  expect(Object.fromEntries(scrubbed)).toMatchObject({ S: 'ERROR', C: code, ...names })
})

test.each([
  ['no SQLSTATE', { S: 'ERROR', M: 'x' }],
  ['an SQLSTATE that is none', { S: 'ERROR', C: '4250', M: 'x' }],
  ['an SQLSTATE in lower case', { S: 'ERROR', C: 'xx00o', M: 'x' }],
  ['no severity', { C: '42501', M: 'x' }],
  ['a severity of its own', { S: 'SECRET', C: '42501', M: 'x' }],
])('refuses an error with %s', (_, fields) => {
  expect(() => scrubError(new Map(Object.entries(fields)), known)).toThrow(
    expect.objectContaining({ code: 'error_malformed' }),
  )
})

test('takes the severity that is not translated', () => {
  const fields = new Map([
    ['S', 'FEHLER'],
    ['V', 'ERROR'],
    ['C', '22012'],
    ['M', 'Division durch Null'],
  ] as const)
  expect(Object.fromEntries(scrubError(fields, known))).toMatchObject({ S: 'ERROR', V: 'ERROR', M: 'division by zero' })
})

test('says nothing that was not in the statement, whatever the fields hold', () => {
  const field = fc.tuple(
    fc.constantFrom(...'MDHPpqWstcdnFLRXx'),
    fc.string().map((text) => `${text}kanarienvogel${text}`),
  )
  fc.assert(
    fc.property(fc.array(field), fc.constantFrom('23505', '22P02', 'KANAR', '42KAN', 'P0001'), (fields, code) => {
      const scrubbed = scrubError(new Map([['S', 'NOTICE'], ['C', code], ...fields]), known)
      expect([...scrubbed.values()].join('\n').toLowerCase()).not.toContain('kan')
    }),
  )
})

test('is not slowed down by a long constraint name', () => {
  const name = `${'a_'.repeat(5_000)}key`
  const fields = new Map([
    ['S', 'ERROR'],
    ['C', '23505'],
    ['n', name],
  ])
  expect(scrubError(fields, new Set(['a', 'a_a', 'a_a_a'])).has('n')).toBe(false)
})

async function failureOf(sql: string): Promise<pg.DatabaseError> {
  const error: unknown = await client.query(sql).then(
    () => undefined,
    (error: unknown) => error,
  )
  if (error instanceof pg.DatabaseError) return error
  throw new Error('the statement did not fail')
}

function fieldsOf(error: pg.DatabaseError): Map<string, string> {
  const fields = {
    S: error.severity,
    C: error.code,
    M: error.message,
    D: error.detail,
    H: error.hint,
    W: error.where,
    s: error.schema,
    t: error.table,
    c: error.column,
    d: error.dataType,
    n: error.constraint,
    F: error.file,
    L: error.line,
    R: error.routine,
  }
  return new Map(Object.entries(fields).filter((field): field is [string, string] => field[1] !== undefined))
}
