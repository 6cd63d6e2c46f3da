import pg from 'pg'
import { afterEach, beforeEach, describe, expect, inject, test } from 'vitest'
import { type Catalog, openCatalog } from '../../../proxy/catalog/catalog.ts'
import { freshDatabase, type TestDatabase } from '../../harness/database.ts'
import { labels, log, targetOf } from '../sql/sample.ts'

let database: TestDatabase
let client: pg.Client
let catalog: Catalog | undefined

beforeEach(async () => {
  database = await freshDatabase()
  client = new pg.Client(database.url)
  await client.connect()
  await client.query('CREATE TABLE customers (id int, email text, gone int); ALTER TABLE customers DROP COLUMN gone')
})

afterEach(async () => {
  await catalog?.close()
  catalog = undefined
  await client.end()
  await database[Symbol.asyncDispose]()
})

const open = (options: { readonly checkEveryMs?: number } = {}) =>
  openCatalog({ target: targetOf(database.url), labels, log, checkEveryMs: 3_600_000, ...options })

const columns = () => catalog?.snapshot.relation('public', 'customers')?.attributes.map(({ name }) => name)

async function admin(sql: string): Promise<void> {
  const other = new pg.Client(inject('postgresUrl'))
  await other.connect()
  await other.query(sql)
  await other.end()
}

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 10))
}

test('relations are found by name, by OID and by the type of their rows', async () => {
  catalog = await open()
  const { snapshot } = catalog
  const relation = snapshot.relation('public', 'customers')
  expect(relation).toMatchObject({
    kind: 'table',
    system: false,
    attributes: [{ name: 'id' }, { name: 'email', number: 2 }],
  })
  expect(snapshot.relationByOid(relation?.oid ?? 0)).toBe(relation)
  expect(snapshot.relationByRowType(relation?.rowType ?? 0)).toBe(relation)
  expect(snapshot.labelsOf(relation?.oid ?? 0, 2)).toEqual(['email'])
  expect(snapshot.relation('pg_catalog', 'pg_class')).toMatchObject({ system: true })
})

test('pieces of a labelled column that lie in a TOAST table carry its label', async () => {
  catalog = await open()
  const { rows } = await client.query<{ oid: number }>(
    "SELECT reltoastrelid::oid AS oid FROM pg_class WHERE relname = 'customers'",
  )
  const toast = catalog.snapshot.relationByOid(rows[0]?.oid ?? 0)
  expect(catalog.snapshot.labelsOf(toast?.oid ?? 0, 3)).toEqual(['email'])
})

describe('changes', () => {
  test('are there after a refresh, under a higher version, and the old snapshot stays as it was', async () => {
    catalog = await open()
    const before = catalog.snapshot
    await client.query('ALTER TABLE customers ADD COLUMN phone text')
    await catalog.refresh()
    expect(columns()).toEqual(['id', 'email', 'phone'])
    expect(catalog.snapshot.version).toBeGreaterThan(before.version)
    expect(before.relation('public', 'customers')?.attributes).toHaveLength(2)
  })

  test('a refresh is pending from the moment it is asked for until all asked for are done', async () => {
    catalog = await open()
    expect(catalog.pending).toBeNull()
    const first = catalog.refresh()
    expect(catalog.pending).not.toBeNull()
    await client.query('ALTER TABLE customers ADD COLUMN late int')
    const second = catalog.refresh()
    await Promise.all([first, second])
    expect(catalog.pending).toBeNull()
    expect(columns()).toContain('late')
  })

  test.for([
    'ALTER TABLE customers RENAME COLUMN email TO mail',
    'CREATE VIEW v AS SELECT 1 AS a',
    "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    'CREATE RULE r AS ON DELETE TO customers DO INSTEAD NOTHING',
    'ALTER TABLE customers ADD CHECK (id > 0)',
    'ALTER TABLE customers ALTER id SET DEFAULT 3',
    'CREATE POLICY p ON customers USING (true)',
    'CREATE SCHEMA s',
    'ALTER TABLE customers RENAME TO clients',
    'CREATE DOMAIN d AS int CHECK (VALUE > 0)',
    'REVOKE USAGE ON SCHEMA public FROM PUBLIC',
  ])('made elsewhere are noticed: %s', async (ddl) => {
    const opened = await open({ checkEveryMs: 20 })
    catalog = opened
    const { version } = opened.snapshot
    await client.query(ddl)
    await until(() => opened.snapshot.version > version)
  })

  test('temporary relations and rows are none', async () => {
    catalog = await open({ checkEveryMs: 10 })
    const { version } = catalog.snapshot
    await client.query('CREATE TEMP TABLE t (id int); INSERT INTO customers VALUES (1, $$x$$); DROP TABLE t')
    await catalog.query('SELECT 1', [], { timeoutMs: 1_000 })
    await new Promise((resolve) => setTimeout(resolve, 200))
    expect(catalog.snapshot.version).toBe(version)
  })

  test('when definitions cannot be read the last ones are not served', async () => {
    catalog = await open()
    await admin(`ALTER DATABASE ${database.name} ALLOW_CONNECTIONS false`)
    await client.query('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = $1', [
      'holdpoint catalog',
    ])
    await expect(catalog.refresh()).rejects.toMatchObject({ code: 'not_loaded' })
    expect(() => catalog?.snapshot).toThrow('not loaded')
    expect(catalog.pending).toBeNull()
    await admin(`ALTER DATABASE ${database.name} ALLOW_CONNECTIONS true`)
    await catalog.refresh()
    expect(columns()).toEqual(['id', 'email'])
  })
})

describe('statements of our own beside the sessions', () => {
  test('read', async () => {
    catalog = await open()
    expect(await catalog.query('SELECT $1::int + 1 AS n', [1], { timeoutMs: 1_000 })).toEqual([{ n: 2 }])
  })

  test('never write and never take longer than they may', async () => {
    catalog = await open()
    await expect(catalog.query('DELETE FROM customers', [], { timeoutMs: 1_000 })).rejects.toThrow('read-only')
    await expect(catalog.query('SELECT pg_sleep(60)', [], { timeoutMs: 50 })).rejects.toThrow('statement timeout')
    expect(await catalog.query('SELECT 1 AS a', [], { timeoutMs: 1_000 })).toEqual([{ a: 1 }])
  })
})

test('columns are labelled anew at once, without reading anything', async () => {
  await client.query('CREATE TABLE relabelled (id int, name text)')
  catalog = await open()
  const before = catalog.snapshot
  catalog.relabel({ labelsFor: ({ column }) => (column === 'name' ? ['secret'] : []) })
  const { oid } = catalog.snapshot.relation('public', 'relabelled') as { oid: number }
  expect(catalog.snapshot.labelsOf(oid, 2)).toEqual(['secret'])
  expect(before.labelsOf(oid, 2)).toEqual([])
  expect(catalog.snapshot.version).not.toBe(before.version)
  await catalog.refresh()
  expect(catalog.snapshot.labelsOf(oid, 2)).toEqual(['secret'])
})

test('a target that cannot be reached is said to be', async () => {
  const target = { ...targetOf(database.url), database: 'nothing_there' }
  await expect(openCatalog({ target, labels, log })).rejects.toMatchObject({
    code: 'not_loaded',
    hint: expect.stringContaining('nothing_there'),
  })
})

test('thousands of relations are read and found', async () => {
  await client.query(`DO $$ BEGIN FOR i IN 1..3000 LOOP
    EXECUTE format('CREATE TABLE many_%s (id int, name text, email text, created timestamptz, note jsonb)', i);
    IF i % 500 = 0 THEN COMMIT; END IF; END LOOP; END $$`)
  catalog = await open()
  expect(catalog.snapshot.relationsIn('public')).toHaveLength(3_001)
  expect(catalog.snapshot.relation('public', 'many_2999')?.attributes).toHaveLength(5)
})
