import type pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { StateError } from '../../../workflows/state/errors.ts'
import { openState } from '../../../workflows/state/state.ts'
import { inTransaction, rowsOf } from '../../../workflows/state/transaction.ts'
import { freshDatabase, type TestDatabase } from '../../harness/database.ts'

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

describe('a mistake of ours between two queries is told as itself, and is no outage:', () => {
  test.each([
    { what: 'a TypeError', mistake: new TypeError('x is not a function') },
    { what: 'one of Node with a code', mistake: Object.assign(new TypeError('x'), { code: 'ERR_INVALID_ARG_TYPE' }) },
    { what: 'what zod finds', mistake: z.int().safeParse('x').error as Error },
    { what: 'a plain error', mistake: new Error('no such hold') },
  ])('$what', async ({ mistake }) => {
    const failing = inTransaction(pool, async (client) => {
      await client.query('SELECT 1')
      throw mistake
    })
    await expect(failing).rejects.toBe(mistake)
  })
})

test('what the server refuses says so, and rolls back', async () => {
  await pool.query('CREATE TABLE kept (n int)')
  const failing = inTransaction(pool, async (client) => {
    await client.query('INSERT INTO kept VALUES (1)')
    await client.query('SELECT nonsense')
  })
  await expect(failing).rejects.toMatchObject({ code: 'failed', cause: { code: '42703' } })
  expect(await rowsOf(pool, 'SELECT * FROM kept')).toEqual([])
})

test('a connection that ends in the middle is an outage', async () => {
  const failing = inTransaction(pool, async (client) => {
    await client.query('SELECT pg_terminate_backend(pg_backend_pid())')
  })
  await expect(failing).rejects.toMatchObject({ code: 'unreachable' })
})

test('a connection that has ended before, without a code to say it, is an outage', async () => {
  const failing = inTransaction(pool, async (client) => {
    await client.query('SELECT pg_terminate_backend(pg_backend_pid())').catch(() => undefined)
    await client.query('SELECT 1')
  })
  await expect(failing).rejects.toMatchObject({ code: 'unreachable' })
})

test('a database that is not there is an outage', async () => {
  const nobody = openState('postgres://holdpoint@127.0.0.1:1/holdpoint')
  const failing = inTransaction(nobody, async () => undefined)
  await expect(failing).rejects.toBeInstanceOf(StateError)
  await expect(failing).rejects.toMatchObject({ code: 'unreachable' })
  await nobody.end()
})
