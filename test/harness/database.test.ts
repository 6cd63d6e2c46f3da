import pg from 'pg'
import { expect, test } from 'vitest'
import { freshDatabase } from './database.ts'

test('gives each file a PostgreSQL 18 database of its own', async () => {
  await using database = await freshDatabase()
  const client = new pg.Client(database.url)
  await client.connect()
  const { rows } = await client.query(
    "SELECT current_database() AS name, current_setting('server_version_num')::int / 10000 AS major",
  )
  await client.end()
  expect(rows).toEqual([{ name: database.name, major: 18 }])
})
