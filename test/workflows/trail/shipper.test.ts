import { readFileSync, writeFileSync } from 'node:fs'
import pg from 'pg'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { migrate } from '../../../workflows/state/migrate.ts'
import { type JournalFile, listJournals } from '../../../workflows/trail/journal-files.ts'
import type { Journal } from '../../../workflows/trail/journal-writer.ts'
import { recordOf } from '../../../workflows/trail/line.ts'
import { drainTrailOutbox } from '../../../workflows/trail/outbox.ts'
import { Shipper, startShipper } from '../../../workflows/trail/shipper.ts'
import { verifyTrail } from '../../../workflows/trail/verify.ts'
import { freshDatabase, type TestDatabase } from '../../harness/database.ts'
import { appendStatements, openTestJournal, quiet, trailFolder } from './trail-folder.ts'

let database: TestDatabase
let pool: pg.Pool

beforeAll(async () => {
  database = await freshDatabase()
  pool = new pg.Pool({ connectionString: database.url })
  pool.on('error', () => undefined) // connections are ended on purpose
  await migrate(pool)
})

beforeEach(() => pool.query('TRUNCATE trail_batch, trail_row, trail_origin, trail_outbox'))

afterAll(async () => {
  await pool.end()
  await database[Symbol.asyncDispose]()
})

test('ships every journal whole and goes on where it was, over files and restarts', async () => {
  using folder = trailFolder()
  const proxy = await openTestJournal(folder.path, { fileBytesMax: 2_000 })
  const worker = await openTestJournal(folder.path, { process: 'worker' })
  for (let turn = 0; turn < 5; turn++) {
    await appendStatements(proxy, 7)
    await appendStatements(worker, 1)
    await new Shipper({ folder: folder.path, pool, log: quiet }).pass() // each as after a restart
  }
  const shipper = new Shipper({ folder: folder.path, pool, log: quiet })
  await shipper.pass()
  await appendStatements(proxy, 700)
  await shipper.pass()
  await shipper.pass()
  await Promise.all([proxy.close(), worker.close()])
  await shipper.pass()
  expect(await shippedLines(proxy.id)).toEqual(linesOf(folder.path, proxy.id))
  expect(await shippedLines(worker.id)).toEqual(linesOf(folder.path, worker.id))
  expect(await verifyTrail({ folder: folder.path, pool })).toMatchObject({ ok: true })
})

test('told to end with a backlog it leaves the rest to the next start', async () => {
  using folder = trailFolder()
  const journal = await openTestJournal(folder.path)
  await appendStatements(journal, 5_000) // some batches
  const shipper = startShipper({ folder: folder.path, pool, log: quiet, lastPassMsMax: 0 })
  await shipper.close()
  const lines = linesOf(folder.path, journal.id)
  const shipped = await shippedLines(journal.id)
  expect(shipped.length).toBeLessThan(lines.length)
  expect(shipped).toEqual(lines.slice(0, shipped.length))
  await new Shipper({ folder: folder.path, pool, log: quiet }).pass()
  expect(await shippedLines(journal.id)).toEqual(lines)
  await journal.close()
})

// A version before this one shipped a row for each record.
test('goes on behind rows that were shipped one by one, and shows both as one', async () => {
  using folder = trailFolder()
  const journal = await openTestJournal(folder.path)
  await appendStatements(journal, 3)
  const before = linesOf(folder.path, journal.id)
  await pool.query(
    `INSERT INTO trail_row (journal, seq, line, hash, at)
     SELECT $1, n, line, sha256(convert_to(line, 'UTF8')), now() FROM unnest($2::text[]) WITH ORDINALITY AS l (line, n)`,
    [journal.id, before],
  )
  await appendStatements(journal, 3)
  await new Shipper({ folder: folder.path, pool, log: quiet }).pass()
  await journal.close()
  const { rows } = await pool.query('SELECT first_seq, last_seq FROM trail_batch')
  expect(rows).toEqual([{ first_seq: '5', last_seq: '7' }])
  expect(await shippedLines(journal.id)).toEqual(linesOf(folder.path, journal.id))
  expect(await verifyTrail({ folder: folder.path, pool })).toMatchObject({ ok: true, records: 7 })
  expect(await verifyTrail({ pool })).toMatchObject({ ok: true })
  await pool.query(`UPDATE trail_row SET line = replace(line, '"42"', '"43"') WHERE seq = 3`)
  expect(await verifyTrail({ pool })).toMatchObject({ ok: false, firstBad: { problem: 'edited', seq: 3 } })
})

test('waits for a database that is away, and loses nothing meanwhile', async () => {
  using folder = trailFolder()
  const journal = await openTestJournal(folder.path)
  await appendStatements(journal, 3)
  const shipper = new Shipper({ folder: folder.path, pool, log: quiet })
  await shipper.pass()
  await pool.query('ALTER TABLE trail_batch RENAME TO away')
  await appendStatements(journal, 3)
  await expect(shipper.pass()).rejects.toThrow()
  await expect(shipper.pass()).rejects.toThrow()
  await pool.query('ALTER TABLE away RENAME TO trail_batch')
  await shipper.pass()
  await journal.close()
  expect(await shippedLines(journal.id)).toHaveLength(7)
})

test('ships in the background and once more when it is closed', async () => {
  using folder = trailFolder()
  const journal = await openTestJournal(folder.path)
  const shipper = startShipper({ folder: folder.path, pool, log: quiet })
  await appendStatements(journal, 3)
  await journal.close()
  await shipper.close()
  expect(await shippedLines(journal.id)).toHaveLength(4)
})

test('two shippers of one folder ship each record once', async () => {
  using folder = trailFolder()
  const journal = await openTestJournal(folder.path)
  const shippers = [1, 2].map(() => new Shipper({ folder: folder.path, pool, log: quiet }))
  for (let turn = 0; turn < 10; turn++) {
    await appendStatements(journal, 20)
    await Promise.allSettled(shippers.map((shipper) => shipper.pass()))
  }
  for (const shipper of shippers) await shipper.pass()
  await journal.close()
  expect(await shippedLines(journal.id)).toEqual(linesOf(folder.path, journal.id))
})

test('ships nothing that does not continue what it shipped, and says so once', async () => {
  using folder = trailFolder()
  const errors: string[] = []
  const log = { ...quiet, error: (_: unknown, text?: string) => errors.push(text ?? '') }
  const journal = await openTestJournal(folder.path)
  await appendStatements(journal, 3)
  await journal.close()
  const [file] = listJournals(folder.path).get(journal.id) as [JournalFile]
  writeFileSync(file.path, readFileSync(file.path, 'utf8').replace('"statement":2', '"statement":9'))
  const shipper = new Shipper({ folder: folder.path, pool, log })
  await shipper.pass()
  await shipper.pass()
  expect(errors).toEqual(['the trail is not shipped any further: it is damaged'])
  expect(await shippedLines(journal.id)).toEqual([])
})

test('refuses a file whose last shipped record is another one now', async () => {
  using folder = trailFolder()
  const errors: unknown[] = []
  const log = { ...quiet, error: (details: unknown) => errors.push(details) }
  const journal = await openTestJournal(folder.path)
  await appendStatements(journal, 3)
  await new Shipper({ folder: folder.path, pool, log }).pass()
  await journal.close()
  await pool.query("UPDATE trail_batch SET last_hash = '\\x00' WHERE last_seq = 4")
  await new Shipper({ folder: folder.path, pool, log }).pass()
  expect(errors).toMatchObject([{ err: { code: 'shipping_refused' } }])
})

test('moves the database’s own events into the journal, in order, with the id and time they have there', async () => {
  using folder = trailFolder()
  const journal = await openTestJournal(folder.path)
  await happen('hold.taken', 'e_1', { hold: 'hold_1', z: 1, a: 2 })
  await happen('hold.settled', 'e_2', { hold: 'hold_1', status: 'rejected' })
  await new Shipper({ folder: folder.path, pool, log: quiet, trail: journal }).pass()
  await journal.close()
  expect(await moved(journal.id)).toMatchObject([
    { event: 'hold.taken', origin: { id: 'e_1', at: '2026-03-01T08:00:00.000Z' }, body: { hold: 'hold_1' } },
    { event: 'hold.settled', origin: { id: 'e_2' } },
  ])
  const { rows } = await pool.query('SELECT event_id FROM trail_origin ORDER BY seq')
  expect(rows).toEqual([{ event_id: 'e_1' }, { event_id: 'e_2' }])
  expect((await pool.query('SELECT FROM trail_outbox')).rowCount).toBe(0)
  expect(await verifyTrail({ folder: folder.path, pool })).toMatchObject({ ok: true })
})

// The row survives its record when the process dies, or the database goes, between the two.
test('records an event once although its row could not be deleted', async () => {
  using folder = trailFolder()
  const journal = await openTestJournal(folder.path)
  await happen('hold.taken', 'e_1', { hold: 'hold_1' })
  await pool.query(`CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'no'; END $$`)
  await pool.query('CREATE TRIGGER fail BEFORE DELETE ON trail_outbox FOR EACH ROW EXECUTE FUNCTION fail()')
  const shipper = new Shipper({ folder: folder.path, pool, log: quiet, trail: journal })
  await expect(shipper.pass()).rejects.toThrow()
  await pool.query('DROP FUNCTION fail CASCADE')
  await happen('hold.taken', 'e_2', { hold: 'hold_2' })
  await shipper.pass() // the same process remembers
  await journal.close()

  await happen('hold.taken', 'e_1', { hold: 'hold_1' })
  const successor = await openTestJournal(folder.path)
  await new Shipper({ folder: folder.path, pool, log: quiet, trail: successor }).pass() // its successor looks it up
  await successor.close()
  expect((await moved(journal.id)).map((record) => record?.origin?.id)).toEqual(['e_1', 'e_2'])
})

// Without the copy of all that was written before, an event could be in a journal already.
test('moves no events while a journal of the folder cannot be shipped', async () => {
  using folder = trailFolder()
  const damaged = await openTestJournal(folder.path, { process: 'worker' })
  await appendStatements(damaged, 3)
  await damaged.close()
  const [file] = listJournals(folder.path).get(damaged.id) as [JournalFile]
  writeFileSync(file.path, readFileSync(file.path, 'utf8').replace('"statement":2', '"statement":9'))
  const journal = await openTestJournal(folder.path)
  await happen('hold.taken', 'e_1', { hold: 'hold_1' })
  await new Shipper({ folder: folder.path, pool, log: quiet, trail: journal }).pass()
  await journal.close()
  expect((await pool.query('SELECT FROM trail_outbox')).rowCount).toBe(1)
  expect(await moved(journal.id)).toEqual([])
})

test('remembers what it wrote until its row is gone, shipped or not', async () => {
  const appended: string[] = []
  const trail = {
    appendOriginated: (_name: string, _body: object, { id }: { readonly id: string }) => void appended.push(id),
    whenWritten: (callback: (error: Error | null) => void) => callback(appended.length === 1 ? new Error('no') : null),
  }
  const written = new Set<string>()
  await happen('hold.taken', 'e_1', { hold: 'hold_1' })
  await expect(drainTrailOutbox({ pool, trail, written })).rejects.toThrow('no')
  await happen('hold.taken', 'e_2', { hold: 'hold_2' })
  expect(await drainTrailOutbox({ pool, trail, written })).toBe(2)
  expect(appended).toEqual(['e_1', 'e_2'])
  expect(written.size).toBe(0)
})

async function happen(name: string, id: string, event: object): Promise<void> {
  await pool.query('INSERT INTO trail_outbox (event_id, name, event, at) VALUES ($1, $2, $3, $4)', [
    id,
    name,
    event,
    new Date(Date.UTC(2026, 2, 1, 8)),
  ])
}

async function moved(journal: Journal['id']) {
  return (await shippedLines(journal)).map(recordOf).filter((record) => record?.origin !== undefined)
}

async function shippedLines(journal: string): Promise<string[]> {
  const { rows } = await pool.query<{ line: string }>('SELECT line FROM trail_record WHERE journal = $1 ORDER BY seq', [
    journal,
  ])
  return rows.map(({ line }) => line)
}

function linesOf(folder: string, journal: string): string[] {
  const files = listJournals(folder).get(journal) ?? []
  return files.flatMap(({ path }) => readFileSync(path, 'utf8').split('\n').slice(0, -1))
}
