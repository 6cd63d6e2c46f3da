import pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Catalog, openCatalog } from '../../../proxy/catalog/catalog.ts'
import type { Definitions } from '../../../proxy/catalog/definitions.ts'
import { loadDefinitions } from '../../../proxy/catalog/load.ts'
import { freshDatabase, type TestDatabase } from '../../harness/database.ts'
import { labels, schema, targetOf } from '../sql/sample.ts'

/** How many relations each reading has read. */
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
  await client.query(schema)
  // So many that whoever reads everything is found out, while the list of them stays quick to make.
  await client.query(
    "DO $$ BEGIN FOR i IN 1..600 LOOP EXECUTE format('CREATE TABLE many_%s (id int)', i); END LOOP; END $$",
  )
  catalog = await openCatalog({ target: targetOf(database.url), labels, log, checkEveryMs: 3_600_000 })
})
afterAll(async () => {
  await catalog?.close()
  await client?.end()
  await database?.[Symbol.asyncDispose]()
})

/** Lists in no particular order, maps as lists. */
function comparable({ marks, ...lists }: Definitions): unknown {
  const sorted = (list: Iterable<unknown>) => [...list].map((each) => JSON.stringify(each)).sort()
  const roles = lists.roles.map(({ name, hiddenSchemas }) => [name, ...[...hiddenSchemas].sort()])
  return {
    ...Object.fromEntries(
      Object.entries(lists).map(([name, list]) => [name, Array.isArray(list) ? sorted(list) : list]),
    ),
    roles: sorted(roles),
    marks: [
      marks.lists,
      sorted(marks.buckets),
      sorted(marks.relations),
      sorted(marks.routineNames),
      sorted(marks.checks),
    ],
  }
}

/** Each is done to what those before have left, and then everything that was not read again has to be as it was. */
test.for<readonly [sql: string, relationsMax: number]>([
  ['ALTER TABLE many_7 ADD COLUMN extra text DEFAULT now()::text', 1],
  ['CREATE TABLE made (id serial PRIMARY KEY, note text UNIQUE)', 2],
  ['CREATE VIEW over_made AS SELECT id, note AS remark FROM made', 2],
  ['CREATE VIEW over_view AS SELECT remark FROM over_made', 2],
  ['ALTER TABLE made RENAME TO remade', 3],
  ['ALTER TABLE remade RENAME COLUMN note TO words', 3],
  ['ALTER VIEW over_made RENAME TO over_remade', 3],
  ['ALTER TABLE remade SET SCHEMA shadow', 4],
  ['CREATE INDEX by_words ON shadow.remade (lower(words))', 3],
  ['ALTER INDEX shadow.by_words RENAME TO by_lower_words', 3],
  ['DROP INDEX shadow.by_lower_words', 3],
  ['CREATE TRIGGER stamp BEFORE INSERT ON many_3 FOR EACH ROW EXECUTE FUNCTION stamp()', 1],
  ['DROP TRIGGER stamp ON many_3', 1],
  ['CREATE RULE r AS ON DELETE TO many_4 DO ALSO DELETE FROM many_5', 2],
  ['ALTER TABLE many_5 RENAME TO many_five', 2],
  ['CREATE POLICY p ON many_6 USING (EXISTS (SELECT FROM many_five)); ALTER TABLE many_6 ENABLE ROW LEVEL SECURITY', 2],
  ['ALTER TABLE many_five RENAME COLUMN id TO number', 3],
  ['DROP POLICY p ON many_6', 2],
  ['ALTER TABLE many_8 ADD CHECK (id > 0), ADD PRIMARY KEY (id)', 1],
  ['ALTER TABLE many_9 ADD FOREIGN KEY (id) REFERENCES many_8 ON DELETE CASCADE', 2],
  ['ALTER TABLE many_9 DROP CONSTRAINT many_9_id_fkey', 2],
  ['ALTER TABLE many_10 INHERIT many_11', 2],
  ['ALTER TABLE many_10 NO INHERIT many_11', 2],
  ['CREATE TABLE whole (id int) PARTITION BY LIST ((id % 3)); ALTER TABLE whole ATTACH PARTITION many_12 DEFAULT', 2],
  ['ALTER TABLE whole DETACH PARTITION many_12', 2],
  ['CREATE FUNCTION counting() RETURNS bigint BEGIN ATOMIC SELECT count(*) FROM many_13; END', 0],
  ['ALTER TABLE many_13 RENAME TO many_thirteen', 1],
  ['CREATE DOMAIN positive AS int CHECK (VALUE > 0)', 0],
  ['ALTER TABLE many_14 ADD COLUMN d positive', 1],
  ['ALTER DOMAIN positive RENAME TO above_zero', 10_000],
  ['ALTER FUNCTION twice(int) RENAME TO doubled', 10_000],
  ['ALTER SCHEMA shadow RENAME TO shade', 10_000],
  ['CREATE SCHEMA fresh', 0],
  ['CREATE OPERATOR !!! (RIGHTARG = int, FUNCTION = doubled)', 10_000],
  ['ALTER TABLE many_15 ALTER COLUMN id TYPE bigint', 1],
  ['CREATE TABLE copied (LIKE customers INCLUDING ALL)', 2],
  ['DROP TABLE copied', 2],
  ['DROP VIEW over_view; DROP VIEW over_remade', 3],
  ['CREATE MATERIALIZED VIEW kept AS SELECT id FROM many_16 WITH NO DATA', 2],
  ['DROP TABLE many_16 CASCADE', 2],
  ['BEGIN; SAVEPOINT s; ALTER TABLE many_17 ADD COLUMN x int; RELEASE s; COMMIT', 1],
  ['TRUNCATE many_18; ANALYZE many_19; VACUUM (ANALYZE) many_20', 0],
  ["DO $$ BEGIN FOR i IN 200..500 LOOP EXECUTE format('DROP TABLE many_%s', i); END LOOP; END $$", 301],
])('after %s the copy is what a reading of everything gives, having read %i relations at most', async ([sql, most]) => {
  for (const each of sql.startsWith('DO') || sql.startsWith('CREATE FUNCTION') ? [sql] : sql.split('; '))
    await client.query(each)
  readings.length = 0
  await catalog.refresh()
  const { definitions } = await loadDefinitions(client, null)
  expect(comparable(catalog.snapshot.definitions)).toEqual(comparable(definitions))
  expect(readings).toHaveLength(1)
  expect(readings[0]).toBeLessThanOrEqual(most)
})

test('nothing is read and the snapshot stays when nothing has changed', async () => {
  const { snapshot } = catalog
  readings.length = 0
  await catalog.refresh()
  expect(readings).toEqual([0])
  expect(catalog.snapshot).toBe(snapshot)
})
