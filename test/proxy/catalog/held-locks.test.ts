import pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { heldLocks } from '../../../proxy/catalog/held-locks.ts'
import { freshDatabase, type TestDatabase } from '../../harness/database.ts'

let database: TestDatabase
let beside: pg.Client
let session: pg.Client
const side = {
  query: async <T extends pg.QueryResultRow>(sql: string, values: readonly unknown[]): Promise<T[]> =>
    (await beside.query<T>(sql, [...values])).rows,
}
const pid = async (): Promise<number> =>
  (await session.query<{ pid: number }>('SELECT pg_backend_pid() AS pid')).rows[0]?.pid as number

beforeAll(async () => {
  database = await freshDatabase()
  beside = new pg.Client(database.url)
  session = new pg.Client(database.url)
  await Promise.all([beside.connect(), session.connect()])
  await session.query('CREATE TABLE orders (id int PRIMARY KEY); CREATE TABLE items (id int)')
})
afterAll(async () => {
  await Promise.all([beside.end(), session.end()])
  await database[Symbol.asyncDispose]()
})

test('names what a transaction keeps from others, strongest first', async () => {
  await session.query('BEGIN; INSERT INTO orders VALUES (1); LOCK TABLE items; SELECT pg_advisory_xact_lock(7)')
  expect(await heldLocks(await pid(), side)).toEqual([
    { on: 'public.items', mode: 'AccessExclusiveLock' },
    { on: 'advisory', mode: 'ExclusiveLock' },
    { on: 'public.orders', mode: 'RowExclusiveLock' },
  ])
  await session.query('ROLLBACK')
})

test('says nothing of a transaction that holds none, nor when nobody can look', async () => {
  await session.query('BEGIN')
  expect(await heldLocks(await pid(), side)).toEqual([])
  await session.query('ROLLBACK')
  expect(await heldLocks(1, { query: () => Promise.reject(new Error('away')) })).toEqual([])
})
