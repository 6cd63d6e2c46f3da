import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { reportOf, transcript } from '../proxy/session/raw-client.ts'
import { canariesIn } from './canaries.ts'
import { inlineLeaks } from './do-oracles.ts'
import { openStand, type Stand } from './stand.ts'

/** C5, C6 and E through DO: its body is looked into, and judged by what it would do. */
let stand: Stand
beforeAll(async () => {
  stand = await openStand('CREATE TABLE tasks (id int PRIMARY KEY, title text); INSERT INTO tasks VALUES (1, $$a$$)')
}, 180_000)
afterAll(() => stand?.[Symbol.asyncDispose]())

const titles = async (): Promise<readonly string[]> =>
  (await stand.direct.query('SELECT title FROM tasks ORDER BY id')).rows.map(({ title }) => title)

async function askedBy(person: string, statements: readonly string[]): Promise<Buffer> {
  const client = await stand.open(person)
  for (const sql of statements) await client.ask(sql)
  const bytes = Buffer.concat(client.received.map((message) => message.bytes))
  client.close()
  return bytes
}

describe('no protected value comes out of a DO', () => {
  test.for(inlineLeaks.map((statements) => [statements.join('; '), statements] as const))(
    '%s',
    async ([, statements]) => {
      for (const person of ['ana', 'report-bot'])
        expect(canariesIn(await askedBy(person, statements)), person).toEqual([])
      await stand.replant()
    },
  )
})

test('what it says with nothing protected in it is heard', async () => {
  const bytes = await askedBy('ana', [
    "DO $$ BEGIN RAISE NOTICE 'there are % tasks', (SELECT count(*) FROM tasks); END $$",
  ])
  expect(bytes.toString()).toContain('there are 1 tasks')
})

test('what a migration sends works: rows are made where there are none', async () => {
  const client = await stand.open('etl')
  const sql = `DO $$ DECLARE n int; BEGIN
    SELECT count(*) INTO n FROM tasks WHERE id = 2;
    IF n = 0 THEN INSERT INTO tasks VALUES (2, 'b'); END IF; END $$`
  expect(transcript(await client.ask(sql))).toContain('C DO')
  expect(await titles()).toEqual(['a', 'b'])
  client.close()
})

test('one that is held runs as it was sent, once somebody has approved it', async () => {
  const client = await stand.open('ana')
  const sql = "DO $$ BEGIN /* all of them */ UPDATE tasks SET title = 'done'; END $$"
  const report = reportOf(await client.ask(sql))
  expect(report.C).toBe('YH001')
  const { hold } = JSON.parse(report.D ?? '') as { hold: string }
  expect(await titles()).not.toContain('done')
  const { body } = await stand.api('ana', `/holds/${hold}`)
  expect(body).toMatchObject({ preview: { kind: 'unknown', rows: null }, statement: sql })
  expect((await stand.api('ben', `/holds/${hold}/votes`, { choice: 'approve', reason: 'looked at' })).status).toBe(200)
  await stand.api('cleo', `/holds/${hold}/votes`, { choice: 'approve', reason: 'looked at' })
  expect(reportOf(await client.ask(sql.replace('all', 'ALL'))).C).toBe('YH001')
  expect(transcript(await client.ask(sql))).toContain('C DO')
  expect(new Set(await titles())).toEqual(new Set(['done']))
  client.close()
})
