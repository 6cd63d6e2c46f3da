import pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Catalog, openCatalog } from '../../../proxy/catalog/catalog.ts'
import { freshDatabase, type TestDatabase } from '../../harness/database.ts'
import { labels, targetOf } from '../sql/sample.ts'

const TABLES = 20_000
const readings: number[] = []
const log = {
  warn: () => undefined,
  info: ({ relations }: { relations?: number }) => {
    readings.push(relations ?? 0)
  },
}

let database: TestDatabase
let client: pg.Client
let catalog: Catalog
beforeAll(async () => {
  database = await freshDatabase()
  client = new pg.Client(database.url)
  await client.connect()
  // One transaction cannot lock so many.
  await client.query(`CREATE PROCEDURE fill() LANGUAGE plpgsql AS $$ BEGIN
    FOR i IN 1..${TABLES} LOOP
      EXECUTE format('CREATE TABLE t%s (id int, email int, at int)', i);
      IF i % 500 = 0 THEN COMMIT; END IF;
    END LOOP; END $$`)
  await client.query('CALL fill()')
  catalog = await openCatalog({ target: targetOf(database.url), labels, log, checkEveryMs: 50 })
}, 300_000)
afterAll(async () => {
  await catalog?.close()
  await client?.end()
  await database?.[Symbol.asyncDispose]()
}, 60_000)

const columns = (table: string) => catalog.snapshot.relation('public', table)?.attributes.map(({ name }) => name)

test('of 20,000 relations only what has changed is read again, whether that is told or found out', async () => {
  expect(readings[0]).toBeGreaterThan(TABLES)
  readings.length = 0
  await client.query('ALTER TABLE t777 ADD COLUMN told int')
  await catalog.refresh()
  expect(columns('t777')).toEqual(['id', 'email', 'at', 'told'])
  await client.query('CREATE VIEW found AS SELECT t1.id, t2.email FROM t1, t2')
  await expect.poll(() => columns('found'), { timeout: 60_000 }).toEqual(['id', 'email'])
  await client.query('DROP TABLE t19999')
  await expect.poll(() => columns('t19999'), { timeout: 60_000 }).toBeUndefined()
  // Of each change the relation itself, and what was printed with its name or is attached to it.
  expect(readings.reduce((all, each) => all + each, 0)).toBeLessThanOrEqual(5)
  expect(columns('t20000')).toEqual(['id', 'email', 'at'])
}, 180_000)
