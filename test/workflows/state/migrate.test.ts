import type pg from 'pg'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { type Migration, migrate, shippedMigrations } from '../../../workflows/state/migrate.ts'
import { openState } from '../../../workflows/state/state.ts'
import { freshDatabase, type TestDatabase } from '../../harness/database.ts'

const first: Migration = { name: '0001-a.sql', sql: 'CREATE TABLE a (n int)' }
const second: Migration = { name: '0002-b.sql', sql: 'CREATE TABLE b (n int)' }

let database: TestDatabase
let pool: pg.Pool

beforeAll(async () => {
  database = await freshDatabase()
  pool = openState(database.url)
})
afterAll(async () => {
  await pool.end()
  await database[Symbol.asyncDispose]()
})
beforeEach(() => pool.query('DROP TABLE IF EXISTS migration, a, b'))

test('applies each migration once, in order', async () => {
  expect(await migrate(pool, [first])).toEqual(['0001-a.sql'])
  expect(await migrate(pool, [first, second])).toEqual(['0002-b.sql'])
  expect(await migrate(pool, [first, second])).toEqual([])
})

test('applies each once when many processes start together', async () => {
  const applied = await Promise.all(Array.from({ length: 8 }, () => migrate(pool, [first, second])))
  expect(applied.flat().sort()).toEqual(['0001-a.sql', '0002-b.sql'])
})

test('rolls a failing migration back whole and keeps the ones before it', async () => {
  const broken = { name: '0002-b.sql', sql: 'CREATE TABLE b (n int); SELECT 1/0' }
  await expect(migrate(pool, [first, broken])).rejects.toMatchObject({ code: 'migration_failed' })
  const { rows } = await pool.query("SELECT to_regclass('a') AS a, to_regclass('b') AS b")
  expect(rows).toEqual([{ a: 'a', b: null }])
})

test('reads line endings as the checkout has them', async () => {
  await migrate(pool, [{ name: 'x.sql', sql: 'CREATE TABLE a\n(n int)' }])
  await expect(migrate(pool, [{ name: 'x.sql', sql: 'CREATE TABLE a\r\n(n int)' }])).resolves.toEqual([])
})

test.each([
  { how: 'was edited', migrations: [{ ...first, sql: 'CREATE TABLE a (n bigint)' }], code: 'migration_changed' },
  { how: 'is not known here', migrations: [], code: 'migration_unknown' },
  { how: 'comes after a new one', migrations: [{ name: '0000-z.sql', sql: '' }, first], code: 'migration_changed' },
])('refuses to start when an applied migration $how', async ({ migrations, code }) => {
  await migrate(pool, [first])
  await expect(migrate(pool, migrations)).rejects.toMatchObject({ code })
})

test('ships migrations that an empty database takes', async () => {
  await expect(migrate(pool)).resolves.toEqual(shippedMigrations().map(({ name }) => name))
})

test('says what to do when no state database is configured', () => {
  expect(() => openState('')).toThrow(expect.objectContaining({ code: 'not_configured' }))
})

test('says that a state database does not answer, and not how to log in to it', async () => {
  const nobody = openState('postgres://user:hunter2@127.0.0.1:1/none')
  await expect(migrate(nobody)).rejects.toMatchObject({ code: 'unreachable' })
  await expect(migrate(nobody)).rejects.not.toThrow(/hunter2/)
  await nobody.end()
})
