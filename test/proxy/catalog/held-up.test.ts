import pg from 'pg'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import type { Judgement } from '../../../proxy/gate.ts'
import { type GateStand, openGateStand } from '../gate-stand.ts'

/** Somebody changed a view, and now somebody holds the table behind it for long: nobody can read what the view is now. */
let stand: GateStand
let holding: pg.Client
beforeAll(async () => {
  stand = await openGateStand(`CREATE TABLE locked (id int); CREATE TABLE plain (id int);
    CREATE VIEW beside AS SELECT id FROM plain`)
}, 180_000)
afterAll(() => stand?.[Symbol.asyncDispose]())
beforeEach(async () => {
  holding = new pg.Client(stand.database.url)
  await holding.connect()
  await stand.client.query(
    'DROP VIEW IF EXISTS seen; DROP TABLE IF EXISTS other; CREATE VIEW seen AS SELECT id FROM locked',
  )
  await stand.catalog.refresh()
})
afterEach(async () => {
  await holding.end()
  await stand.catalog.pending
})

/** From here on nobody can say what it is. */
async function change(): Promise<void> {
  await stand.client.query('CREATE OR REPLACE VIEW seen AS SELECT id, 1 AS more FROM locked')
  await holding.query('BEGIN; LOCK TABLE locked IN ACCESS EXCLUSIVE MODE')
  await stand.catalog.refresh()
  expect(stand.catalog.pending).not.toBeNull()
}

const said = ({ decision, nativeError }: Judgement) => [decision.outcome, nativeError?.sqlstate ?? null]
const LOCKED = ['deny', '55P03']

test('what does not need it goes on, and what needs it is told so after a while', async () => {
  await change()
  const on = [
    'SELECT 1',
    'BEGIN',
    'SELECT * FROM plain',
    'SELECT * FROM beside',
    'SELECT relname FROM pg_class',
    'SELECT now()',
    'INSERT INTO plain VALUES (1)',
    'SELECT * FROM locked',
    'SELECT email FROM customers',
  ]
  for (const sql of on) expect(said(await stand.judge(sql)), sql).toEqual(['allow', null])
  const needed = ['SELECT * FROM seen', 'SELECT more FROM seen', 'CREATE TABLE other (id int)']
  const answers = await Promise.all(needed.map((sql) => stand.judge(sql)))
  expect(answers.map(said)).toEqual(needed.map(() => LOCKED))
  expect(answers[0]?.nativeError?.hint).toContain('pg_locks')
  await holding.query('ROLLBACK')
  await stand.catalog.pending
  expect(said(await stand.judge('SELECT more FROM seen'))).toEqual(['allow', null])
})

test('what is refused anyway is refused as always', async () => {
  await change()
  expect(said(await stand.judge('SELECT * FROM missing_one'))).toEqual(['deny', '42P01'])
  expect(said(await stand.judge('SELECT missing FROM plain'))).toEqual(['deny', '42703'])
  expect(said(await stand.judge('SELECT * FROM pg_stats'))).toEqual(['deny', null])
})

test('who asks in the same moment as somebody who needs it goes on', async () => {
  await change()
  const sqls = ['SELECT * FROM beside', 'SELECT * FROM seen', 'SELECT * FROM customer_contacts', 'SELECT id FROM seen']
  const asked = sqls.map((sql) => stand.judge(sql))
  expect(said((await asked[0]) as Judgement)).toEqual(['allow', null])
  expect(said((await asked[2]) as Judgement)).toEqual(['allow', null])
  await holding.query('ROLLBACK')
  expect((await Promise.all(asked)).map(said)).toEqual(sqls.map(() => ['allow', null]))
})

test('who waits for it goes on as soon as it is let go', async () => {
  await change()
  const asked = stand.judge('SELECT more FROM seen')
  await holding.query('ROLLBACK')
  expect(said(await asked)).toEqual(['allow', null])
})

test('nothing is served that was changed meanwhile', async () => {
  await change()
  expect(said(await stand.judge('SELECT * FROM beside'))).toEqual(['allow', null])
  await stand.client.query('CREATE OR REPLACE VIEW beside AS SELECT id FROM plain WHERE id > 1')
  await stand.client.query('CREATE TABLE other (id int)')
  const changed = await Promise.all(['SELECT * FROM beside', 'SELECT * FROM other'].map((sql) => stand.judge(sql)))
  expect(changed.map(said)).toEqual([LOCKED, LOCKED])
})

test('nobody goes on when more than relations was changed', async () => {
  await change()
  await stand.client.query('CREATE FUNCTION one() RETURNS int LANGUAGE sql AS $$ SELECT 1 $$')
  // Looked at with each attempt.
  await expect.poll(async () => said(await stand.judge('SELECT * FROM plain')), { timeout: 30_000 }).toEqual(LOCKED)
  await stand.client.query('DROP FUNCTION one()')
})

test('who changed something through Holdpoint is not judged by what was before it, and others go on after it', async () => {
  await change()
  const changed = stand.catalog.refresh()
  const { snapshot } = stand.catalog
  const nothing = { relations: new Set<number>(), relationNames: new Set<string>(), routines: new Set<number>() }
  const footing = { ...nothing, routineNames: new Set<string>(), domains: new Set<number>(), isPlain: false, snapshot }
  expect(await stand.catalog.stillSo(footing)).toBe(false)
  await changed
  expect(said(await stand.judge('SELECT * FROM plain'))).toEqual(['allow', null])
})
