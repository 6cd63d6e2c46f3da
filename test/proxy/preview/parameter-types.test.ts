import { afterAll, beforeAll, expect, test } from 'vitest'
import type { BoundParameters } from '../../../proxy/gate.ts'
import { foresee } from '../../../proxy/preview/foresee.ts'
import { parameterTexts, toldParameterTexts } from '../../../proxy/session/parameter-text.ts'
import { type GateStand, openGateStand } from '../gate-stand.ts'

/** Binary parameters whose types the client left to the server, as most drivers do, are read with the types it says. */
let stand: GateStand
beforeAll(async () => {
  stand = await openGateStand(`
    CREATE TYPE mood AS ENUM ('sad', 'hap"py');
    CREATE TYPE pair AS (a int, b text);
    CREATE DOMAIN short AS varchar(9) CHECK (length(VALUE) > 1);
    CREATE TABLE every (
      a smallint, b int, c bigint, d real, e double precision, f numeric(12, 3), g text, h varchar(40), i boolean,
      j uuid, k date, l timestamp, m timestamptz, n jsonb, o bytea, p int[], q text[], r mood, s mood[], t short, u json,
      v pair);
    SET timezone = 'UTC'; SET datestyle = 'ISO';`)
}, 180_000)
afterAll(() => stand?.[Symbol.asyncDispose]())

async function shown(sql: string, bound: BoundParameters, changes: { readonly types?: false } = {}) {
  const judgements = await stand.gate.judge(sql, stand.session())
  const { catalog } = stand
  const asked = changes.types === false ? { query: catalog.query.bind(catalog), snapshot: catalog.snapshot } : catalog
  const options = { catalog: asked, labels: stand.policy.labels, rulePlaces: new Map(), timeoutMs: 10_000 }
  const { types } = await foresee(
    judgements,
    bound,
    { role: stand.session().role, searchPath: 'public', inTransaction: false },
    options,
  )
  return { texts: toldParameterTexts(bound, types), types }
}

/** As the server sends and writes it. */
async function sent(value: string, type: string): Promise<{ readonly bytes: Buffer; readonly text: string }> {
  const send = (await stand.client.query(`SELECT typsend::text AS send FROM pg_type WHERE oid = '${type}'::regtype`))
    .rows[0]
  const sql = `SELECT ${send.send}(v::${type}) AS bytes, v::${type}::text AS text FROM (SELECT $1::text AS v) AS one`
  return (await stand.client.query(sql, [value])).rows[0]
}

test.each([
  ['a', 'smallint', '-7'],
  ['b', 'int', '2147483647'],
  ['c', 'bigint', '-9007199254740993'],
  ['d', 'real', '0.1'],
  ['e', 'double precision', '0.1'],
  ['f', 'numeric', '-12.500'],
  ['g', 'text', 'grün'],
  ['h', 'varchar', 'x y'],
  ['i', 'boolean', 'true'],
  ['j', 'uuid', '6f9619ff-8b86-d011-b42d-00cf4fc964ff'],
  ['k', 'date', '2026-03-01'],
  ['l', 'timestamp', '2026-03-01 12:00:00.5'],
  ['m', 'timestamptz', '2026-03-01 12:00:00+00'],
  ['n', 'jsonb', '{"a": [1, null]}'],
  ['o', 'bytea', '\\x00ff'],
  ['p', 'int[]', '{{1,NULL},{3,4}}'],
  ['q', 'text[]', '{a,"b c","null","","q\\"\\\\",NULL}'],
  ['r', 'mood', 'hap"py'],
  ['s', 'mood[]', '{sad,"hap\\"py"}'],
  ['t', 'short', 'two'],
  ['u', 'json', '[1]'],
])('%s %s', async (column, type, value) => {
  const { bytes, text } = await sent(value, type)
  const bound = { types: [], formats: [1], values: [bytes] }
  const { texts } = await shown(`UPDATE every SET ${column} = $1`, bound)
  expect(texts).toEqual([type === 'boolean' ? 'true' : text])
})

test('one that is declared stays what it is declared as, and the one beside it is told', async () => {
  const values = [Buffer.from([0, 0, 0, 7]), Buffer.from([0, 0, 0, 0, 0, 0, 0, 9])]
  const bound = { types: [23], formats: [1], values }
  expect((await shown('UPDATE every SET b = $1, c = $2', bound)).texts).toEqual(['7', '9'])
})

test.each([
  ['a type that is not read here', 'UPDATE every SET v = $1', {}],
  ['a server that cannot be asked', 'UPDATE every SET b = $1', { types: false as const }],
])('of %s the bytes are shown, and that they are bytes', async (_, sql, changes) => {
  const bytes = sql.includes('v =') ? (await sent('(1,x)', 'pair')).bytes : Buffer.from([0, 0, 0, 7])
  const { texts } = await shown(sql, { types: [], formats: [1], values: [bytes] }, changes)
  expect(texts).toEqual([`\\x${bytes.toString('hex')} (binary; its type is not known here)`])
})

test('bytes that are not what the type has are shown as they are', async () => {
  const bound = { types: [], formats: [1], values: [Buffer.from([7])] }
  expect((await shown('UPDATE every SET p = $1', bound)).texts).toEqual(['\\x07 (binary; its type is not known here)'])
})

test('nobody is asked for what is told already', async () => {
  const bound = { types: [23], formats: [1, 0], values: [Buffer.from([0, 0, 0, 7]), Buffer.from('x')] }
  const { types, texts } = await shown('UPDATE every SET b = $1, g = $2', bound)
  expect(types).toBeNull()
  expect(texts).toEqual(parameterTexts(bound))
})

test('what an approval covers is the bytes and what was declared, whatever the server says of them', async () => {
  const judgement = await stand.judge('UPDATE every SET b = $1')
  const digest = (types: readonly number[]) =>
    stand.gate.digest(judgement, { types, formats: [1], values: [Buffer.from([0, 0, 0, 7])] }, stand.session())
  const bound = { types: [], formats: [1], values: [Buffer.from([0, 0, 0, 7])] }
  const before = await digest([])
  await shown('UPDATE every SET b = $1', bound)
  expect(await digest([])).toBe(before)
  expect(await digest([23])).not.toBe(before)
})
