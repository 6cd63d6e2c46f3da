import pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { maskMethod } from '../../../policies/decision.ts'
import { createRowMasker } from '../../../proxy/masking/mask-row.ts'
import { freshDatabase, type TestDatabase } from '../../harness/database.ts'
import { dataRow, fieldsOf } from './data-row.ts'

let database: TestDatabase
let client: pg.Client

beforeAll(async () => {
  database = await freshDatabase()
  client = new pg.Client(database.url)
  await client.connect()
  await client.query(
    "CREATE TYPE mood AS ENUM ('fine'); CREATE DOMAIN address AS text; CREATE TYPE pair AS (a int, b text)",
  )
})

afterAll(async () => {
  await client.end()
  await database[Symbol.asyncDispose]()
})

/** Values as a server holds them; what a mask may leave of each is judged by that server. */
const samples: readonly (readonly [type: string, value: string])[] = [
  ['text', 'ana.lopez@example.org'],
  ['varchar', '4111 1111 1111 1234'],
  ['bpchar(30)', '1984-05-06'],
  ['name', 'ana'],
  ['"char"', 'x'],
  ['address', 'Calle Mayor 1'],
  ['json', '{"email":"ana@example.org"}'],
  ['jsonb', '{"email":"ana@example.org"}'],
  ['xml', '<email>ana@example.org</email>'],
  ['uuid', '6f9619ff-8b86-d011-b42d-00c04fc964ff'],
  ['inet', '2001:db8::1/64'],
  ['cidr', '10.1.0.0/16'],
  ['macaddr', '08:00:2b:01:02:03'],
  ['bytea', '\\xdeadbeef'],
  ['bool', 'true'],
  ['int2', '4111'],
  ['int4', '41111111'],
  ['int8', '4111111111111234'],
  ['numeric', '4111111111111234.5'],
  ['float4', '1.5'],
  ['float8', '1.5e10'],
  ['money', '12.34'],
  ['date', '1984-05-06'],
  ['timestamp', '1984-05-06 07:08:09.123456'],
  ['timestamptz', '1984-05-06 07:08:09.123456+02'],
  ['time', '07:08:09'],
  ['timetz', '07:08:09+02'],
  ['interval', '3 days'],
  ['point', '(1,2)'],
  ['tsvector', 'ana lopez'],
  ['tsquery', 'ana'],
  ['bit(3)', '101'],
  ['varbit', '101'],
  ['text[]', '{ana,lopez}'],
  ['int4[]', '{1,2,3}'],
  ['int8[]', '{1}'],
  ['jsonb[]', '{"{}"}'],
  ['uuid[]', '{6f9619ff-8b86-d011-b42d-00c04fc964ff}'],
  ['timestamptz[]', '{1984-05-06}'],
  ['numeric[]', '{1.5}'],
  ['bytea[]', '{"\\\\xdead"}'],
  ['int4range', '[1,5)'],
  ['tstzrange', '[1984-05-06,1984-05-07)'],
  ['datemultirange', '{[1984-05-06,1984-05-07)}'],
  ['mood', 'fine'],
  ['pair', '(1,ana)'],
  ['oid', '1234'],
  ['regclass', 'pg_class'],
]

test.each(samples)('a masked %s is a value that the server itself takes back', async (type, value) => {
  const { typeOid, text, binary } = await received(type, value)
  for (const method of maskMethod.options) {
    const asText = maskOne(Buffer.from(text), { method, typeOid, format: 0 })
    const asBinary = maskOne(binary, { method, typeOid, format: 1 })
    expect(asText?.toString()).not.toBe(text)
    expect(asBinary).not.toEqual(binary)
    expect(asText === null).toBe(asBinary === null) // a driver's choice of format changes nothing
    if (asText === null || asBinary === null) continue
    // A text parameter is read by the type's input function, a Buffer by its receive function.
    const { rows } = await client.query(`SELECT $1::${type}::text AS text, $2::${type}::text AS binary`, [
      asText.toString(),
      asBinary,
    ])
    expect(rows[0].binary).toBe(rows[0].text)
    expect(() => pg.types.getTypeParser(typeOid, 'text')(asText.toString())).not.toThrow()
  }
})

test('only what the method keeps is left', async () => {
  const seen = async (type: string, value: string, method: 'email' | 'last4' | 'year'): Promise<string | undefined> => {
    const { typeOid, binary } = await received(type, value)
    return maskOne(binary, { method, typeOid, format: 1 })?.toString()
  }
  expect(await seen('text', 'ana.lopez@example.org', 'email')).toBe('a***@***.org')
  expect(await seen('varchar', '4111 1111 1111 1234', 'last4')).toBe('****1234')
  expect(await seen('text', '1984-05-06', 'year')).toBe('1984')
  expect(await seen('jsonb', '"ana.lopez@example.org"', 'email')).toBe('\u0001"[redacted]"')
})

test('the year of every kind of date is the one the server sees', async () => {
  for (const type of ['date', 'timestamp', 'timestamptz'])
    for (const value of ['0001-01-02', '1899-12-31', '1999-12-31', '2000-01-01', '2024-02-29', '9999-12-31']) {
      const { typeOid, binary } = await received(type, value)
      const masked = maskOne(binary, { method: 'year', typeOid, format: 1 })
      const { rows } = await client.query(`SELECT $1::${type} = ($2 || '-01-01')::${type} AS same`, [
        masked,
        value.slice(0, 4),
      ])
      expect([type, value, rows[0].same]).toEqual([type, value, true])
    }
})

type Column = NonNullable<Parameters<typeof createRowMasker>[0][number]>

function maskOne(value: Buffer, column: Column): Buffer | null {
  return fieldsOf(createRowMasker([column])(dataRow([value])))[0]?.[0] ?? null
}

/** As a client would get it: the OID of RowDescription, where a domain is its base type, and both formats. */
async function received(type: string, value: string) {
  const described = await client.query({ text: `SELECT $1::${type} AS value`, values: [value] })
  const typeOid = described.fields[0]?.dataTypeID as number
  const { rows: types } = await client.query<{ send: string }>(
    'SELECT typsend::text AS send FROM pg_type WHERE oid = $1',
    [typeOid],
  )
  const { rows } = await client.query<{ text: string; binary: Buffer }>(
    `SELECT ($1::${type})::text AS text, ${types[0]?.send}($1::${type}) AS binary`,
    [value],
  )
  return { typeOid, text: rows[0]?.text as string, binary: rows[0]?.binary as Buffer }
}
