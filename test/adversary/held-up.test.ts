import pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { reportOf, transcript } from '../proxy/session/raw-client.ts'
import { openStand, type Stand } from './stand.ts'

/** D: somebody changes a view, and somebody holds a lock on the table behind it. */
let stand: Stand
let holding: pg.Client
beforeAll(async () => {
  stand = await openStand(`CREATE TABLE locked (id int); CREATE VIEW seen AS SELECT id FROM locked;
    CREATE TABLE apart (id int); INSERT INTO apart VALUES (7); CREATE VIEW beside AS SELECT id FROM apart`)
  holding = new pg.Client(stand.database.url)
  await holding.connect()
}, 180_000)
afterAll(async () => {
  await holding?.end()
  await stand?.[Symbol.asyncDispose]()
})

const READS_WAIT = `SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'
  AND application_name = 'holdpoint catalog'`

test('sessions go on but for who needs the view, and who needs it is told what is in the way', async () => {
  const client = await stand.open('ana')
  await holding.query('BEGIN; LOCK TABLE locked IN ACCESS EXCLUSIVE MODE')
  // This locks nothing but the view, and makes it one that has to be printed again.
  await stand.direct.query('ALTER VIEW seen ALTER COLUMN id SET DEFAULT 1')
  await expect.poll(async () => (await stand.direct.query(READS_WAIT)).rowCount, { timeout: 60_000 }).toBeGreaterThan(0)
  for (const table of ['apart', 'beside'])
    expect(transcript(await client.ask(`SELECT id FROM ${table}`)).slice(1)).toEqual(['D 7', 'C SELECT 1', 'Z I'])
  const refused = reportOf(await client.ask('SELECT id FROM seen'))
  expect(refused).toMatchObject({ C: '55P03', H: expect.stringContaining('pg_locks') })
  const later = await stand.open('report-bot')
  expect(transcript(await later.ask('SELECT id FROM apart')).slice(1)).toEqual(['D 7', 'C SELECT 1', 'Z I'])
  await holding.query('ROLLBACK')
  await expect
    .poll(async () => transcript(await client.ask('SELECT id FROM seen')).slice(1), { timeout: 60_000 })
    .toEqual(['C SELECT 0', 'Z I'])
  client.close()
  later.close()
}, 120_000)
