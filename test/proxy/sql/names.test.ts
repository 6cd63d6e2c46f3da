import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Sample, sample } from './sample.ts'

let shop: Sample

beforeAll(async () => {
  shop = await sample()
  await shop.client.query('CREATE ROLE narrow; CREATE SCHEMA closed; CREATE TABLE closed.staff (id int)')
  await shop.catalog.refresh()
})

afterAll(async () => {
  await shop.client.query('DROP OWNED BY narrow CASCADE; DROP ROLE narrow')
  await shop[Symbol.asyncDispose]()
})

type Changes = Parameters<Sample['one']>[1]

const relations = (sql: string, changes?: Changes) =>
  shop.one(sql, changes).facts.relations.map(({ schema, name, through }) => [schema, name, ...through].join(' '))
const unresolved = (sql: string, changes?: Changes) => shop.one(sql, changes).facts.unresolved.map(({ code }) => code)

describe('a name is the name that the server sees', () => {
  test.for([
    ['SELECT 1 FROM CUSTOMERS', 'public customers'],
    ['SELECT 1 FROM "customers"', 'public customers'],
    ['SELECT 1 FROM U&"custom\\0065rs"', 'public customers'],
    ['SELECT 1 FROM U&"custom!0065rs" UESCAPE \'!\'', 'public customers'],
    ['SELECT 1 FROM/**/public/* a /* b */ */.customers--x', 'public customers'],
    ['SELECT "Sum", "ümlaut" FROM "Odd ""Name"', 'public Odd "Name'],
  ])('%s', ([sql = '', name]) => {
    expect(relations(sql)).toEqual([name])
    expect(unresolved(sql)).toEqual([])
  })

  test('an identifier longer than 63 bytes is cut as the server cuts it', async () => {
    const long = 'x'.repeat(70)
    await shop.client.query(`CREATE TABLE ${long} (email text)`)
    await shop.catalog.refresh()
    expect(relations(`SELECT 1 FROM ${long}`)).toEqual([`public ${'x'.repeat(63)}`])
    expect(unresolved(`SELECT 1 FROM "${long}"`)).toEqual([])
  })

  test('a folded name does not find a quoted one', () => {
    expect(unresolved('SELECT Sum FROM "Odd ""Name"')).toEqual(['column'])
    expect(unresolved('SELECT 1 FROM "Customers"')).toEqual(['relation'])
  })
})

describe('the search path decides as it does on the server', () => {
  test.for([
    ['shadow, public', 'shadow customers'],
    ['public, shadow', 'public customers'],
    ['nowhere, "shadow"', 'shadow customers'],
    ['SHADOW', 'shadow customers'],
  ])('%s', ([searchPath = '', name]) => {
    expect(relations('SELECT 1 FROM customers', { searchPath })).toEqual([name])
  })

  test('a path that is not known resolves nothing, and a qualified name as ever', () => {
    expect(unresolved('SELECT 1 FROM customers', { searchPath: null })).toEqual(['search_path'])
    expect(relations('SELECT 1 FROM public.customers', { searchPath: null })).toEqual(['public customers'])
    expect(unresolved('SELECT 1 FROM customers', { searchPath: 'a b' })).toEqual(['search_path'])
    expect(unresolved('SELECT 1 FROM customers', { role: 'nobody we know' })).toEqual(['search_path'])
  })

  test('"$user" is the schema of the role, where there is one', async () => {
    expect(relations('SELECT 1 FROM customers', { searchPath: '"$user", public', role: 'narrow' })).toEqual([
      'public customers',
    ])
    await shop.client.query('CREATE SCHEMA narrow AUTHORIZATION narrow; CREATE TABLE narrow.customers (id int)')
    await shop.catalog.refresh()
    expect(relations('SELECT 1 FROM customers', { role: 'narrow' })).toEqual(['narrow customers'])
    expect(relations('SELECT 1 FROM customers', { role: 'postgres' })).toEqual(['public customers'])
  })

  test('a schema that the role may not use is passed over', () => {
    expect(relations('SELECT 1 FROM staff', { searchPath: 'closed, public', role: 'narrow' })).toEqual(['public staff'])
    expect(relations('SELECT 1 FROM staff', { searchPath: 'closed, public' })).toEqual(['closed staff'])
  })

  test('pg_catalog comes first unless it is listed', () => {
    const rows = 'SELECT lower(name) FROM staff WHERE id = 1'
    expect(unresolved(rows, { searchPath: 'shadow, public' })).toEqual([])
    expect(unresolved(rows, { searchPath: 'shadow, pg_catalog, public' })).toEqual(['opaque_body'])
  })
})

describe('temporary relations', () => {
  const temporaryRelations = new Set(['customers', 'scratch'])

  test('stand before all others, and what they may hide is still counted', () => {
    expect(relations('SELECT 1 FROM scratch', { temporaryRelations })).toEqual(['pg_temp scratch'])
    expect(relations('SELECT email FROM customers', { temporaryRelations })).toEqual([
      'pg_temp customers',
      'public customers',
    ])
    expect(shop.one('SELECT email FROM customers', { temporaryRelations }).outputs).toMatchObject([
      { name: 'email', exact: false, sources: [{ relation: 'customers', column: 'email' }] },
    ])
  })

  test('are made and dropped by what completes', () => {
    expect(shop.one('CREATE TEMP TABLE a (id int)').effects.createsTemporary).toEqual(['a'])
    expect(shop.one('SELECT 1 AS id INTO TEMP a').effects.createsTemporary).toEqual(['a'])
    expect(shop.one('CREATE TABLE pg_temp.a AS SELECT 1').effects.createsTemporary).toEqual(['a'])
    expect(shop.one('DROP TABLE scratch', { temporaryRelations }).effects.dropsTemporary).toEqual(['scratch'])
    expect(shop.one('DISCARD TEMP').effects.dropsTemporary).toEqual(['*'])
  })

  test('a temporary view that was just made is read by what its names meant then', () => {
    expect(unresolved('CREATE TEMP VIEW orders AS SELECT email FROM customers')).toEqual([])
    const last = (text: string) => shop.analyse(text).at(-1)
    const view = 'CREATE TEMP VIEW orders AS SELECT email AS id FROM customers'
    const read = last(`${view}; CREATE TEMP TABLE customers (id int); SELECT id FROM orders`)
    expect(read?.facts).toMatchObject({
      relations: [
        { name: 'orders', kind: 'view', temporary: true },
        { name: 'customers', temporary: false },
      ],
      unresolved: [],
    })
    expect(read?.outputs).toMatchObject([{ sources: [{ relation: 'customers', column: 'email' }], exact: true }])
    expect(last(`${view}; DROP VIEW orders; SELECT id FROM orders`)?.outputs).toMatchObject([
      { sources: [{ relation: 'orders', column: 'id', schema: 'public' }] },
    ])
    for (const text of [
      `${view}; ALTER TABLE customers RENAME TO people2; SELECT id FROM orders`,
      'CREATE TEMP VIEW orders AS SELECT nothing AS id FROM customers; SELECT id FROM orders',
      'CREATE TEMP VIEW a AS SELECT 1 AS id; CREATE TEMP VIEW orders AS TABLE a; DROP VIEW a CASCADE; TABLE orders',
      `${view}; CREATE RULE r AS ON INSERT TO orders DO NOTHING; SELECT id FROM orders`,
    ])
      expect(last(text)?.facts.unresolved, text).not.toEqual([])
  })

  test('a temporary view is another definition when its query is another', () => {
    const definitions = (query: string) => shop.analyse(`CREATE TEMP VIEW v AS ${query}; TABLE v`).at(-1)?.definitions
    expect(definitions('SELECT id FROM staff')).toEqual(definitions('SELECT id FROM staff'))
    expect(definitions('SELECT id FROM staff')).not.toEqual(definitions('SELECT id FROM staff WHERE id = 1'))
  })

  test('labelled columns written to one are seen to be read and written', () => {
    const { facts } = shop.one('CREATE TEMP TABLE a AS SELECT email FROM customers')
    expect(facts.effects).toEqual(['read', 'write', 'ddl'])
    expect(facts.columns).toMatchObject([{ column: 'email', uses: ['projected'], labels: ['email'] }])
  })
})

describe('scopes', () => {
  test.for([
    'WITH customers AS (SELECT 1 AS id) SELECT id FROM customers',
    'WITH a AS (SELECT 1 AS x), b AS (SELECT x FROM a) SELECT x FROM b',
    'WITH RECURSIVE a AS (SELECT x FROM b), b AS (SELECT 1 AS x) SELECT x FROM a',
    'SELECT (SELECT x FROM (SELECT id AS x) y) FROM customers',
    'SELECT ctid, xmin, tableoid::regclass FROM customers',
    'SELECT c.email FROM customers AS c, orders AS o WHERE c.id = o.customer_id',
    'SELECT public.customers.email FROM public.customers',
    'SELECT g FROM generate_series(1, 3) g',
    'SELECT * FROM pg_stat_activity, pg_locks WHERE pg_locks.pid = pg_stat_activity.pid',
    'SELECT * FROM ROWS FROM (generate_series(1, 3), unnest(ARRAY[1])) WITH ORDINALITY AS t (a, b, c) WHERE c > 1',
    'SELECT current_date, CURRENT_USER, localtime',
    "SELECT value FROM jsonb_array_elements('[1]'), LATERAL (SELECT value AS v) x",
    'SELECT x.id FROM customers x TABLESAMPLE SYSTEM (10) WHERE x.id > 1',
    'INSERT INTO customers (id) VALUES (1) ON CONFLICT (id) DO UPDATE SET name = excluded.name WHERE customers.id > 1',
    'SELECT 1::int[], NULL::customers, NULL::public.checked, \'a\'::"char", 1.0::numeric(3, 1)',
  ])('resolves %s', (sql) => {
    expect(unresolved(sql)).toEqual([])
  })

  test.for([
    ['SELECT nothing FROM customers', 'column'],
    ['SELECT customers.nothing FROM customers', 'column'],
    ['SELECT id FROM customers, orders', 'column'],
    ['SELECT customers.email FROM customers c', 'column'],
    ['SELECT * FROM (SELECT c.id) x, customers c', 'column'],
    ['WITH a AS (SELECT x FROM b), b AS (SELECT 1 AS x) SELECT 1 FROM a', 'relation'],
    ['SELECT 1 FROM nowhere.customers', 'relation'],
    ["SELECT nowhere.lower('a')", 'function'],
    ['SELECT 1::nothing', 'type'],
  ])('does not resolve %s', ([sql = '', code]) => {
    expect(unresolved(sql)).toContain(code)
  })

  test('a common table hides a relation of its name, and only where it is seen', () => {
    expect(relations('WITH customers AS (SELECT 1 AS id) SELECT id FROM customers')).toEqual([])
    expect(relations('WITH customers AS (SELECT 1 AS id) SELECT id FROM public.customers')).toEqual([
      'public customers',
    ])
    expect(relations('SELECT (WITH customers AS (SELECT 1 AS id) SELECT id FROM customers) FROM customers')).toEqual([
      'public customers',
    ])
    expect(relations('WITH customers AS (SELECT 1 AS id) DELETE FROM customers')).toEqual([
      'public customers',
      'public orders public.customers',
    ])
  })
})

test('what a view, a function, a rule or a foreign key leads to is listed with the way there', () => {
  expect(relations('SELECT address FROM mailing_orders')).toEqual([
    'public mailing_orders',
    'public mailing public.mailing_orders',
    'public customers public.mailing_orders public.mailing',
    'public orders public.mailing_orders',
  ])
  expect(relations('SELECT forget(1)')).toEqual([
    'public customers public.forget',
    'public orders public.forget public.customers',
  ])
  expect(relations('INSERT INTO ruled VALUES (1)')).toEqual(['public ruled', 'public audit_log public.ruled'])
  expect(relations('DELETE FROM mailing')).toEqual(expect.arrayContaining(['public mailing', 'public customers']))
})

test('the server’s own relations and functions are told from others', () => {
  const { facts } = shop.one('SELECT format_type(atttypid, atttypmod), twice(1) FROM pg_attribute')
  expect(facts.relations).toMatchObject([{ name: 'pg_attribute', system: true }])
  expect(facts.functions).toMatchObject([
    { name: 'format_type', builtin: true, known: true, volatility: 'stable' },
    { schema: 'public', name: 'twice', builtin: false, known: true },
  ])
})

describe('what prepared statements and cursors run is what is judged', () => {
  const changes = {
    preparedStatement: (name: string) => (name === 'p' ? shop.remembered('DELETE FROM order_items') : undefined),
    cursor: (name: string) => (name === 'c' ? shop.remembered('SELECT email FROM customers') : undefined),
  }

  test('by their text', () => {
    expect(shop.one('EXECUTE p', changes).facts).toMatchObject({
      tag: 'EXECUTE',
      effects: ['write'],
      flags: ['no_where'],
    })
    expect(shop.one('FETCH ALL FROM c', changes)).toMatchObject({ outputs: [{ name: 'email', exact: true }] })
    expect(shop.one('MOVE 3 IN c', changes).outputs).toBeNull()
    expect(shop.one('EXPLAIN ANALYZE EXECUTE p', changes).facts.effects).toEqual(['read', 'write'])
    expect(shop.one('CREATE TABLE t AS EXECUTE p', changes).facts.effects).toEqual(['write', 'ddl'])
  })

  test('a name that is not known is unresolved', () => {
    expect(unresolved('EXECUTE q', changes)).toEqual(['prepared_statement'])
    expect(unresolved('FETCH q', changes)).toEqual(['cursor'])
  })

  test('one that runs itself ends', () => {
    expect(unresolved('EXECUTE p', { preparedStatement: () => shop.remembered('EXECUTE p') })).toEqual([
      'prepared_statement',
    ])
  })

  test.for([
    ['PREPARE p AS SELECT 1', 'SELECT 1'],
    ['PREPARE "as"(numeric(3,1), text) AS /* as */ SELECT $1', '/* as */ SELECT $1'],
    ['prepare ü as select 2', 'select 2'],
  ])('%s prepares %s', ([sql = '', text]) => {
    expect(shop.one(sql).effects.prepares?.text).toBe(text)
  })

  test('DECLARE leaves the query and not its own words', () => {
    expect(shop.one('DECLARE "for" NO SCROLL CURSOR WITH HOLD FOR SELECT 1 FOR UPDATE').effects.declares).toEqual({
      name: 'for',
      text: 'SELECT 1 FOR UPDATE',
      ledTo: [],
    })
  })
})

describe('statements of one text follow each other', () => {
  const last = (text: string) => shop.analyse(text).at(-1)?.facts

  test('through SET, set_config and SET ROLE', () => {
    expect(last("SET search_path = 'shadow'; SELECT 1 FROM customers")?.relations).toMatchObject([{ schema: 'shadow' }])
    expect(last("SELECT set_config('search_path', 'shadow', true); SELECT 1 FROM customers")?.relations).toMatchObject([
      { schema: 'shadow' },
    ])
    expect(last('RESET search_path; SELECT 1 FROM customers')?.unresolved).toMatchObject([{ code: 'search_path' }])
    expect(last('BEGIN; SET search_path = shadow; ROLLBACK; SELECT 1 FROM customers')?.unresolved).toMatchObject([
      { code: 'search_path' },
    ])
    expect(last('SELECT opaque(); SELECT 1 FROM customers')?.unresolved).toMatchObject([{ code: 'search_path' }])
    expect(last('SET ROLE nobody; SELECT 1 FROM customers')?.unresolved).toMatchObject([{ code: 'search_path' }])
  })

  test('through PREPARE and DECLARE', () => {
    expect(last('PREPARE p AS DELETE FROM order_items; EXECUTE p')?.effects).toEqual(['write'])
    expect(last('BEGIN; DECLARE c CURSOR FOR SELECT email FROM people; FETCH c')?.columns).toMatchObject([
      { column: 'email' },
    ])
    expect(last('PREPARE p AS SELECT 1; DEALLOCATE p; EXECUTE p')?.unresolved).toMatchObject([
      { code: 'prepared_statement' },
    ])
  })

  test('a table that is made is new, and one that is changed is not trusted', () => {
    expect(last('CREATE TABLE fresh (id int); INSERT INTO fresh VALUES (1)')).toMatchObject({
      unresolved: [],
      effects: ['write'],
    })
    expect(last('ALTER TABLE orders ADD COLUMN x int; UPDATE orders SET x = 1 WHERE id = 2')?.unresolved).toEqual([])
    expect(last('CREATE TYPE mood AS ENUM (); CREATE TABLE m (x mood)')?.unresolved).toEqual([])
    for (const before of [
      'ALTER TABLE customers RENAME COLUMN email TO mail',
      'ALTER TABLE customers RENAME TO c; ALTER TABLE orders RENAME TO customers',
      'DROP TABLE customers CASCADE; CREATE VIEW customers AS SELECT * FROM staff',
      'CREATE TABLE customers2 (id int); CREATE RULE r AS ON INSERT TO customers DO NOTHING',
      'ALTER SCHEMA public RENAME TO old',
      'DROP FUNCTION twice CASCADE',
      "DO $$ BEGIN EXECUTE 'DROP TABLE customers'; END $$",
    ]) {
      expect(last(`${before}; SELECT id FROM public.customers`)?.unresolved, before).not.toEqual([])
    }
    expect(last('CREATE VIEW v AS SELECT email FROM customers; SELECT * FROM v')?.unresolved).toMatchObject([
      { code: 'relation' },
    ])
    const replaced = 'CREATE OR REPLACE VIEW mailing AS SELECT id, email AS name, name AS address FROM customers'
    expect(last(`TABLE mailing_orders; ${replaced}; SELECT address FROM mailing_orders`)?.unresolved).toMatchObject([
      { code: 'relation', detail: 'public.mailing' },
    ])
    expect(
      last("CREATE OR REPLACE FUNCTION twice(int) RETURNS int LANGUAGE plpgsql AS ''; SELECT twice(1)")?.unresolved,
    ).toMatchObject([{ code: 'function' }])
  })

  test('what IF EXISTS drops is missing where nothing can have the name, and nowhere else', () => {
    const kindOf = (text: string, changes: Parameters<typeof shop.analyse>[1] = {}) =>
      shop.analyse(text, changes).at(-1)?.facts.relations.at(-1)?.kind
    expect(kindOf('DROP TABLE IF EXISTS nothing')).toBe('missing')
    expect(kindOf('DROP VIEW IF EXISTS shadow.nothing')).toBe('missing')
    expect(kindOf('DROP TABLE IF EXISTS customers')).toBe('table')
    expect(kindOf('DROP TABLE nothing')).toBe('unknown')
    expect(kindOf('CREATE TABLE nothing (id int); DROP TABLE IF EXISTS nothing')).toBe('unknown')
    expect(kindOf('ALTER TABLE orders RENAME TO nothing; DROP TABLE IF EXISTS nothing')).toBe('unknown')
    expect(kindOf('DROP TABLE IF EXISTS nothing', { searchPath: null })).toBe('unknown')
    expect(kindOf('ALTER TABLE IF EXISTS nothing ADD COLUMN x int')).toBe('unknown')
  })

  test('the same holds across the statements of an open transaction', () => {
    const { changes = [] } = shop.one('DROP TABLE customers').effects
    expect(unresolved('SELECT 1 FROM customers', { uncommitted: changes })).toEqual(['relation'])
  })
})
