import { serialize } from 'pg-protocol'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type RawClient, reportOf, transcript } from '../proxy/session/raw-client.ts'
import { openStand, type Stand } from './stand.ts'
import { drive } from './ways.ts'

const { parse, bind, execute, query, sync, copyData, copyDone } = serialize

/** What no list of conditions knows to be true for every row: only the server's count tells. */
const conditions = ['id % 1 = 0', 'abs(id) >= 0', 'length(note) >= 0', 'id IN (SELECT id FROM notes)', 'id < 1e9']
const writes = conditions.flatMap((condition) => [
  `UPDATE notes SET note = 'gone' WHERE ${condition}`,
  `DELETE FROM notes WHERE ${condition}`,
])

const one = (text: string): Buffer[] => [parse({ text }), bind(), execute()]
const ways: readonly (readonly [string, (sql: string) => readonly Buffer[]])[] = [
  ['simple', (sql) => [query(sql)]],
  ['extended', (sql) => [...one(sql), sync()]],
  ['pipelined', (sql) => [...one('SELECT 1'), ...one(sql), ...one('SELECT 2'), sync()]],
  ['twice in a batch', (sql) => [...one(sql), ...one(sql), sync(), ...one('COMMIT'), sync()]],
  ['PREPARE and EXECUTE', (sql) => [query(`PREPARE q AS ${sql}`), query('EXECUTE q'), query('DEALLOCATE ALL')]],
  [
    'PREPARE and Bind',
    (sql) => [query(`PREPARE q AS ${sql}`), bind({ statement: 'q' }), execute(), sync(), query('DEALLOCATE ALL')],
  ],
  ['in a transaction', (sql) => [query('BEGIN'), query(sql), query('COMMIT')]],
  ['in a transaction, extended', (sql) => [...one('BEGIN'), ...one(sql), ...one('COMMIT'), sync(), query('ROLLBACK')]],
  ['several statements', (sql) => [query(`SELECT 1; ${sql}; SELECT 2`)]],
  ['several statements that are a transaction', (sql) => [query(`BEGIN; ${sql}; COMMIT; SELECT 1`), query('ROLLBACK')]],
  ['COMMIT AND CHAIN', (sql) => [query(`BEGIN; ${sql}; COMMIT AND CHAIN`), query('ROLLBACK')]],
  ['row by row', (sql) => [parse({ text: `${sql} RETURNING id` }), bind(), execute({ rows: 1 }), sync()]],
]

let stand: Stand
beforeAll(async () => {
  stand = await openStand('CREATE TABLE notes (id int, note text); CREATE TABLE counted (n bigint)')
}, 120_000)
afterAll(() => stand[Symbol.asyncDispose]())

describe.each([
  ['report-bot', 1_001],
  ['ana', 10_001],
])('%s does not write %i rows', (person, rows) => {
  let client: RawClient
  beforeAll(async () => {
    await stand.direct.query('TRUNCATE notes')
    await stand.direct.query(`INSERT INTO notes SELECT n, 'note' FROM generate_series(1, ${rows}) n`)
    client = await stand.open(person)
    return () => client.close()
  })
  beforeEach(() => stand.direct.query('TRUNCATE counted'))
  const untouched = async (): Promise<void> => {
    const { rows: found } = await stand.direct.query("SELECT count(*)::int AS n FROM notes WHERE note = 'note'")
    expect(found[0].n).toBe(rows)
  }

  test.each(ways)('%s', async (_, messages) => {
    for (const sql of writes) {
      const said = await drive(client, messages(sql))
      expect(reportOf(said), sql).toMatchObject({ C: '54000' })
      await untouched()
    }
  })

  test('COPY FROM', async () => {
    client.send(query('COPY counted FROM STDIN'))
    await client.until('G')
    client.send(copyData(Buffer.from('1\n'.repeat(rows))), copyDone())
    expect(reportOf(await client.until('Z'))).toMatchObject({ C: '54000' })
    expect((await stand.direct.query('SELECT FROM counted')).rowCount).toBe(0)
  })

  test.each([
    'WITH gone AS (DELETE FROM notes WHERE id % 1 = 0 RETURNING 1) SELECT count(*) FROM gone',
    'WITH gone AS (DELETE FROM notes WHERE id % 1 = 0 RETURNING 1) INSERT INTO counted SELECT count(*) FROM gone',
    'EXPLAIN ANALYZE DELETE FROM notes WHERE id % 1 = 0',
    'COPY (WITH gone AS (DELETE FROM notes WHERE id % 1 = 0 RETURNING 1) SELECT count(*) FROM gone) TO STDOUT',
  ])('what the server does not count is held: %s', async (sql) => {
    expect(reportOf(await drive(client, [query(sql)]))).toMatchObject({ C: expect.stringMatching(/^(YH001|42501)$/) })
    await untouched()
  })
})

test('as many as may be written are', async () => {
  await stand.direct.query('TRUNCATE notes')
  await stand.direct.query("INSERT INTO notes SELECT n, 'note' FROM generate_series(1, 1000) n")
  const client = await stand.open('report-bot')
  expect(transcript(await client.ask("UPDATE notes SET note = 'new' WHERE id % 1 = 0"))).toEqual([
    'C UPDATE 1000',
    'Z I',
  ])
  client.close()
  expect((await stand.direct.query("SELECT FROM notes WHERE note = 'new'")).rowCount).toBe(1000)
})

test('what is too much is held when its asker says so, and once approved it is written', async () => {
  await stand.direct.query('TRUNCATE notes')
  await stand.direct.query("INSERT INTO notes SELECT n, 'note' FROM generate_series(1, 1001) n")
  const client = await stand.open('report-bot')
  const sql = "UPDATE notes SET note = 'new' WHERE id % 1 = 0"
  const refused = reportOf(await client.ask(sql))
  expect(refused).toMatchObject({
    C: '54000',
    M: expect.stringContaining('1001 rows'),
    D: expect.stringContaining('what triggers, foreign keys and functions wrote because of it is not'),
  })
  const [asking = ''] = /\/\*.*\*\//.exec(refused.H ?? '') ?? []
  for (const ask of [`${asking} ${sql}`, `${sql} ${asking}`, sql.replace('WHERE', `${asking} WHERE`)]) {
    const held = reportOf(await client.ask(ask))
    expect(held.C).toBe('YH001')
    const { hold } = JSON.parse(held.D ?? '') as { hold: string }
    const { status } = await stand.api('ben', `/holds/${hold}/votes`, { choice: 'approve', reason: 'looked at' })
    expect(status).toBe(200)
    expect(transcript(await client.ask(ask))).toContain('C UPDATE 1001')
    expect(reportOf(await client.ask(ask)).C, 'once').toBe('YH001')
  }
  expect(reportOf(await client.ask(sql)).C).toBe('54000')
  client.close()
  expect((await stand.direct.query("SELECT FROM notes WHERE note = 'new'")).rowCount).toBe(1001)
})
