import pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { sessionServer, type TestServer } from './session-server.ts'

let at: TestServer
beforeAll(async () => {
  at = await sessionServer()
})
afterAll(() => at[Symbol.asyncDispose]())

test('node-postgres runs simple, parameterised and named statements', async () => {
  const client = new pg.Client(at.through)
  await client.connect()
  expect((await client.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }])
  expect((await client.query('SELECT $1::text AS said', ['hello'])).rows).toEqual([{ said: 'hello' }])
  for (const n of [1, 2, 3]) {
    const { rows } = await client.query({ name: 'twice', text: 'SELECT $1::int * 2 AS twice', values: [n] })
    expect(rows).toEqual([{ twice: n * 2 }])
  }
  await client.end()
})
