import { afterAll, beforeAll, expect, test } from 'vitest'
import { type DoorsStand, openDoorsStand } from './doors-stand.ts'
import { openMcp } from './mcp-client.ts'

let stand: DoorsStand
beforeAll(async () => {
  stand = await openDoorsStand()
  await stand.direct.query('CREATE TABLE notes (id int)')
  await stand.direct.query('INSERT INTO notes SELECT generate_series(1, 1001)')
}, 60_000)
afterAll(() => stand[Symbol.asyncDispose]())

const sql = 'DELETE FROM notes WHERE id % 1 = 0'
const left = async (): Promise<number | null> => (await stand.direct.query('SELECT FROM notes')).rowCount

test('an agent that writes more rows than it may is told so, and nothing of it is kept', async () => {
  const said = await stand.statement('report-bot', sql)
  expect(said.status).toBeGreaterThanOrEqual(400)
  expect(said.text).toContain('it wrote 1001 rows, more than the 1000')
  await using mcp = await openMcp(stand, 'report-bot')
  expect(JSON.stringify(await mcp.call('query', { sql, reason: 'A test' }))).toContain('it wrote 1001 rows')
  expect(await left()).toBe(1001)
})

test('a person may write those', async () => {
  expect((await stand.statement('ana', sql)).body).toMatchObject({ tag: 'DELETE 1001' })
  expect(await left()).toBe(0)
})
