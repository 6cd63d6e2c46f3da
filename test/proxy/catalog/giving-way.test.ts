import pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openCatalog } from '../../../proxy/catalog/catalog.ts'
import { freshDatabase, type TestDatabase } from '../../harness/database.ts'
import { labels, log, targetOf } from '../sql/sample.ts'

let database: TestDatabase
let clients: pg.Client[]
beforeAll(async () => {
  database = await freshDatabase()
  clients = await Promise.all(Array.from({ length: 3 }, () => connected(database.url)))
}, 60_000)
afterAll(async () => {
  for (const client of clients ?? []) await client.end()
  await database?.[Symbol.asyncDispose]()
})

async function connected(url: string): Promise<pg.Client> {
  const client = new pg.Client(url)
  await client.connect()
  return client
}

/** So many sessions wait for a lock, those that read definitions among them or not. */
async function waiting(observer: pg.Client, reads: boolean): Promise<number> {
  const { rows } = await observer.query(
    `SELECT count(*)::int AS n FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'
      AND (application_name = 'holdpoint catalog') = $1`,
    [reads],
  )
  return rows[0].n
}

test('who changes definitions is not ended because we read them: we give way, and read them later', async () => {
  const [changing, holding, observer] = clients as [pg.Client, pg.Client, pg.Client]
  await observer.query(`CREATE TABLE first (id int); CREATE TABLE second (id int); CREATE TABLE third (id int);
    CREATE VIEW a AS SELECT * FROM first; CREATE VIEW b AS SELECT * FROM second; CREATE VIEW c AS SELECT * FROM third`)
  await holding.query('BEGIN; LOCK TABLE second IN ACCESS EXCLUSIVE MODE')
  const opening = openCatalog({ target: targetOf(database.url), labels, log, checkEveryMs: 3_600_000 })
  // It has printed the first view and so locks its table; the second it cannot.
  await expect.poll(() => waiting(observer, true)).toBe(1)
  await changing.query('BEGIN; LOCK TABLE third IN ACCESS EXCLUSIVE MODE')
  let isChanged = false
  const changed = changing.query('ALTER TABLE first ADD COLUMN more int').finally(() => {
    isChanged = true
  })
  changed.catch(() => undefined)
  // Either it waits for us, and would be ended were we to wait for it next, or we gave way already.
  await expect.poll(async () => isChanged || (await waiting(observer, false)) === 1, { interval: 10 }).toBe(true)
  await holding.query('ROLLBACK')
  await expect(changed).resolves.toBeDefined()
  await changing.query('COMMIT')
  const catalog = await opening
  expect(catalog.snapshot.relation('public', 'first')?.attributes.map(({ name }) => name)).toEqual(['id', 'more'])
  await catalog.close()
})
