import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { BoundParameters } from '../../../proxy/gate.ts'
import { foresee } from '../../../proxy/preview/foresee.ts'
import { toldParameterTexts } from '../../../proxy/session/parameter-text.ts'
import { type GateStand, openGateStand } from '../gate-stand.ts'

/**
 * Binary values of types that are not read here are shown as the server itself prints them, with dates, times and
 * intervals as it writes them unless told otherwise, whatever the defaults of a connection to this database are.
 */
let stand: GateStand
beforeAll(async () => {
  stand = await openGateStand(`
    CREATE EXTENSION hstore;
    CREATE EXTENSION citext;
    CREATE TYPE mood AS ENUM ('sad', 'happy');
    CREATE TYPE pair AS (a int, b text);
    CREATE TYPE float8range AS RANGE (subtype = float8);
    CREATE FUNCTION looks(at text) RETURNS boolean LANGUAGE sql AS $$ SELECT true $$;
    CREATE DOMAIN watched AS inet CHECK (looks(VALUE::text));
    CREATE OPERATOR CLASS watched_ops FOR TYPE int USING btree AS
      OPERATOR 1 <, OPERATOR 2 <=, OPERATOR 3 =, OPERATOR 4 >=, OPERATOR 5 >, FUNCTION 1 btint4cmp(int, int);
    CREATE TYPE watchedrange AS RANGE (subtype = int, subtype_opclass = watched_ops);
    CREATE TABLE every (v text);
    DO $$ DECLARE said text; BEGIN
      FOREACH said IN ARRAY ARRAY['timezone = ''Asia/Tokyo''', 'datestyle = ''German''', 'intervalstyle = ''iso_8601''',
        'extra_float_digits = ''-2'''] LOOP EXECUTE format('ALTER DATABASE %I SET %s', current_database(), said);
      END LOOP; END $$;
    SET timezone = 'UTC'; SET datestyle = 'ISO'; SET intervalstyle = 'postgres';`)
}, 180_000)
afterAll(() => stand?.[Symbol.asyncDispose]())

async function shown(bound: BoundParameters, types: readonly string[]): Promise<readonly (string | null)[]> {
  const sql = `UPDATE every SET v = (ARRAY[${types.map((type, at) => `$${at + 1}::${type}::text`).join(', ')}])[1]`
  const judgements = await stand.gate.judge(sql, stand.session())
  const view = { role: stand.session().role, searchPath: 'public', inTransaction: false }
  const options = { catalog: stand.catalog, labels: stand.policy.labels, rulePlaces: new Map(), timeoutMs: 20_000 }
  return toldParameterTexts(bound, (await foresee(judgements, bound, view, options)).types)
}

/** As the server sends and writes it. */
async function sent(value: string, type: string): Promise<{ readonly bytes: Buffer; readonly text: string }> {
  const find = `SELECT typsend::text AS send FROM pg_type WHERE oid = '${type}'::regtype`
  const { send } = (await stand.client.query(find)).rows[0]
  const sql = `SELECT ${send}(v) AS bytes, format('%s', v) AS text FROM (SELECT $1::text::${type} AS v) AS one`
  return (await stand.client.query(sql, [value])).rows[0]
}

async function allSent(values: readonly string[], type: string) {
  const all: Awaited<ReturnType<typeof sent>>[] = []
  for (const value of values) all.push(await sent(value, type))
  return all
}

const binary = (...values: readonly Buffer[]): BoundParameters => ({ types: [], formats: [1], values })
const asBytes = (bytes: Buffer): string => `\\x${bytes.toString('hex')} (binary; its type is not known here)`

describe('as the server prints it:', () => {
  test.each([
    ['int4range', ['[1,5)', '(,5)', '[1,)', '(,)', 'empty', '[-2147483648,2147483647)']],
    ['int8range', ['[1,9223372036854775806]', 'empty']],
    ['numrange', ['[1.50,2.5]', '(-Infinity,1)', '[1,infinity)', 'empty']],
    ['daterange', ['[2026-03-01,2026-04-01)', '[-infinity,infinity]', '(,)', 'empty']],
    ['tsrange', ['["2026-03-01 12:00","2026-03-01 13:00:00.5")', '[-infinity,infinity]']],
    ['tstzrange', ['["2026-03-01 12:00+00","2026-03-01 16:00+02")', '[,infinity]']],
    ['int4multirange', ['{}', '{[1,5),[7,9)}', '{(,5),[7,)}']],
    ['datemultirange', ['{[2026-03-01,2026-04-01),[2027-01-01,)}']],
    ['float8range', ['[0.12345678901234566,1e300)', '[-Infinity,NaN]']],
    [
      'interval',
      ['1 year 2 mons 3 days 04:05:06.7', '-1 days +02:00:00', '-00:00:01', '0', '-13 mons', '178956970 years'],
    ],
    ['inet', ['10.0.0.1', '10.0.0.0/8', '::1', '2001:db8::/32', '::ffff:1.2.3.4/128']],
    ['cidr', ['10.0.0.0/8', '2001:db8::/32', '0.0.0.0/0']],
    ['macaddr', ['08:00:2b:01:02:03']],
    ['macaddr8', ['08:00:2b:01:02:03:04:05']],
    ['bit', ['1']],
    ['varbit', ['10110', '']],
    ['time', ['12:30:00.5', '24:00:00']],
    ['timetz', ['12:30:00+02', '24:00:00-15:59:59', '00:00:00.000001+00']],
    ['money', ['$1,234.50', '-$0.01']],
    ['tsvector', ["'cat':2B 'sat':3 'the':1A", '']],
    ['tsquery', ["'cat' & !'dog' | 'a':*B"]],
    ['point', ['(1,-2.5)', '(Infinity,NaN)']],
    ['box', ['(2,2),(0,0)']],
    ['line', ['{1,-1,0}']],
    ['lseg', ['[(0,0),(1,1)]']],
    ['path', ['((0,0),(1,1),(2,0))', '[(0,0),(1,1)]']],
    ['polygon', ['((0,0),(1,1),(2,0))']],
    ['circle', ['<(0,0),1.5>']],
    ['pg_lsn', ['16/B374D848']],
    ['xid', ['4294967295']],
    ['tid', ['(4294967295,65535)']],
    ['jsonpath', ['$."a"[*]?(@ > 1)']],
    ['"char"', ['x']],
    ['date', ['4713-01-01 BC', '5874897-12-31']],
    ['timestamptz', ['294276-12-31 23:59:59.999999+00', '0044-03-15 00:00:00+00 BC']],
    ['int4range[]', ['{"[1,5)",empty,NULL}', '{}', '[2:3]={"[1,2)","(,)"}']],
    ['interval[]', ['{"-1 days +02:00:00",NULL,00:00:00}']],
    ['inet[]', ['{{10.0.0.1,::1},{10.0.0.0/8,NULL}}']],
    ['tstzrange[]', ['{"[\\"2026-03-01 12:00:00+00\\",infinity)"}']],
    ['box[]', ['{(2,2),(0,0);(1,1),(0,0)}']],
    ['int4[]', ['[0:1]={1,2}']],
    ['hstore', ['"a"=>NULL, "b"=>"1 \\"x\\""']],
    ['hstore[]', ['{"\\"a\\"=>\\"1\\""}']],
    ['citext', ['Grün']],
  ])('%s', async (type, values) => {
    const all = await allSent(values, type)
    const texts = await shown(
      binary(...all.map(({ bytes }) => bytes)),
      all.map(() => type),
    )
    expect(texts).toEqual(all.map(({ text }) => text))
  })
})

test('more of them than one question takes, in their places', async () => {
  const some = await allSent(
    Array.from({ length: 1_203 }, (_, at) => `10.0.${at >> 8}.${at & 255}`),
    'inet',
  )
  const bytes = some.map((one) => one.bytes)
  const texts = await shown(
    binary(...bytes),
    bytes.map(() => 'inet'),
  )
  expect(texts).toEqual(some.map(({ text }) => text))
})

test('one whose type is declared, and one that is NULL', async () => {
  const { bytes } = await sent('[1,5)', 'int4range')
  const values = [bytes, null, Buffer.from([0, 0, 0, 7])]
  expect(await shown({ types: [3904, 869, 23], formats: [1], values }, ['int4range', 'inet', 'int4'])).toEqual([
    '[1,5)',
    null,
    '7',
  ])
})

describe('as bytes:', () => {
  test('what its type cannot have, and then those beside it', async () => {
    const { bytes } = await sent('10.0.0.1', 'inet')
    const bad = Buffer.from([9, 9, 9])
    expect(await shown(binary(bytes, bad), ['inet', 'inet'])).toEqual([asBytes(bytes), asBytes(bad)])
  })

  test.each([
    ['a row', 'pair', '(1,x)'],
    ['an array of rows', 'pair[]', '{"(1,x)"}'],
    ['an array of a domain', 'watched[]', '{10.0.0.1}'],
    ['a range that somebody’s function may compare', 'watchedrange', '[1,2)'],
    ['a multirange of these', 'watchedmultirange', '{[1,2)}'],
  ])('%s, for which code of the database might be run', async (_, type, value) => {
    const { bytes } = await sent(value, type)
    expect(await shown(binary(bytes), [type])).toEqual([asBytes(bytes)])
  })
})

test('as bytes: what is not read by a function of the server or an extension in C', async () => {
  const { bytes } = await sent('"a"=>"1"', 'hstore')
  expect(await shown(binary(bytes), ['hstore'])).toEqual(['"a"=>"1"'])
  await stand.client.query('ALTER LANGUAGE c RENAME TO not_c')
  expect(await shown(binary(bytes), ['hstore'])).toEqual([asBytes(bytes)])
})

test('a value of a domain is printed as its base type’s, and its conditions are not run', async () => {
  const { bytes } = await sent('10.0.0.1', 'inet')
  await stand.client.query(
    'CREATE OR REPLACE FUNCTION looks(at text) RETURNS boolean LANGUAGE sql AS $$ SELECT 1/0 = 0 $$',
  )
  expect(await shown(binary(bytes), ['watched'])).toEqual(['10.0.0.1'])
})
