import pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type RunningHoldpoint, startHoldpoint } from '../harness/holdpoint.ts'

/** The driver most people on Node use, in every way it asks: text and binary, named, in portions, pooled. */
let holdpoint: RunningHoldpoint
let through: pg.Client
let direct: pg.Client

beforeAll(async () => {
  holdpoint = await startHoldpoint()
  through = new pg.Client({ connectionString: holdpoint.identity('ana').postgres })
  direct = new pg.Client({ connectionString: holdpoint.ready.upstream })
  await Promise.all([through.connect(), direct.connect()])
}, 180_000)
afterAll(async () => {
  await through?.end()
  await direct?.end()
  await holdpoint?.[Symbol.asyncDispose]()
})

async function same(config: pg.QueryConfig & { readonly binary?: boolean; readonly rows?: number }): Promise<void> {
  const [ours, theirs] = await Promise.all([through.query({ ...config }), direct.query({ ...config })])
  const fields = (result: pg.QueryResult) =>
    result.fields.map(({ name, dataTypeID, format }) => [name, dataTypeID, format])
  expect(fields(ours)).toEqual(fields(theirs))
  expect(ours.rows).toEqual(theirs.rows)
  expect([ours.command, ours.rowCount]).toEqual([theirs.command, theirs.rowCount])
}

const orders = 'SELECT id, customer_id, status, ordered_at FROM orders WHERE id = ANY($1) ORDER BY id'

test('parameters', () => same({ text: orders, values: [[1, 2, 3]] }))

test('a named statement, prepared once and run twice', async () => {
  await same({ name: 'by-id', text: orders, values: [[4, 5]] })
  await same({ name: 'by-id', text: orders, values: [[6]] })
})

test('binary results', () => same({ text: `${orders} LIMIT 50`, values: [[1, 2, 3]], binary: true }))

test('rows in portions, of which each is asked for', () =>
  same({ text: 'SELECT id, status FROM orders ORDER BY id LIMIT 95', rows: 10 }))

test('several statements in one query', async () => {
  const text = 'SELECT 1 AS one; SELECT id FROM orders ORDER BY id LIMIT 2; SHOW server_version'
  const [ours, theirs] = (await Promise.all([through.query(text), direct.query(text)])) as unknown as pg.QueryResult[][]
  expect(ours?.map(({ rows }) => rows)).toEqual(theirs?.map(({ rows }) => rows))
})

test('a server-side cursor', async () => {
  const read = async (client: pg.Client): Promise<unknown[]> => {
    await client.query('BEGIN')
    await client.query('DECLARE walk CURSOR FOR SELECT id, status FROM orders ORDER BY id LIMIT 25')
    const rows: unknown[] = []
    for (let found = 1; found > 0; ) {
      const result = await client.query('FETCH 10 FROM walk')
      rows.push(result.rows)
      found = result.rows.length
    }
    await client.query('CLOSE walk')
    await client.query('COMMIT')
    return rows
  }
  expect(await read(through)).toEqual(await read(direct))
})

test('a pool whose clients ask at the same time', async () => {
  const pool = new pg.Pool({ connectionString: holdpoint.identity('ana').postgres, max: 5 })
  const ids = Array.from({ length: 40 }, (_, index) => index + 1)
  const found = await Promise.all(ids.map((id) => pool.query('SELECT id FROM orders WHERE id = $1', [id])))
  expect(found.map(({ rows }) => rows)).toEqual(ids.map((id) => [{ id }]))
  await pool.end()
})

test.each([
  'SELECT * FROM orders WHERE nope = 1',
  'SELECT * FROM nowhere',
  'SELECT nothing(1)',
  "SELECT 'x'::nothing",
  'SELECT o.nope FROM orders o',
  'SELECT 1 FROM',
])('reports the mistake in %s with code and position of the server', async (text) => {
  const report = (client: pg.Client, values?: unknown[]) =>
    client.query({ text, ...(values === undefined ? {} : { values }) }).catch((error: unknown) => error)
  for (const values of [undefined, []]) {
    const [ours, theirs] = await Promise.all([report(through, values), report(direct, values)])
    const { code, message, position } = theirs as pg.DatabaseError
    expect(ours).toMatchObject({ code, message, position, detail: expect.stringMatching(/Holdpoint/) })
  }
  await expect(through.query('SELECT 1 AS one')).resolves.toMatchObject({ rows: [{ one: 1 }] })
})

test('a mistake in a transaction fails it, as directly', async () => {
  const codes = async (client: pg.Client): Promise<unknown[]> => {
    const found: unknown[] = []
    for (const text of [
      'BEGIN',
      'SELECT nope FROM orders',
      'SELECT 1',
      'SELECT nope2 FROM orders',
      'SELEC',
      'ROLLBACK',
    ])
      found.push(
        await client.query(text).then(
          ({ command }) => command,
          ({ code }: pg.DatabaseError) => code,
        ),
      )
    return found
  }
  expect(await codes(through)).toEqual(await codes(direct))
})

test('a table made over another connection a moment ago is there', async () => {
  await direct.query('CREATE TABLE made_elsewhere (id int)')
  await expect(through.query('SELECT id FROM made_elsewhere')).resolves.toMatchObject({ rowCount: 0 })
})
