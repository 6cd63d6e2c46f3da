import { setImmediate as turn } from 'node:timers/promises'
import type pg from 'pg'

export type QueryValues = readonly unknown[]

/** So many rows are read in one go, and made into what they stand for: a few milliseconds' work. */
const ROWS_MAX = 500

/**
 * Reads the rows of a query in an open transaction, in parts, between which everything else has its turn.
 * @throws what the server answered
 */
export async function readAll<T>(client: pg.ClientBase, text: string, made: (row: unknown[]) => T): Promise<T[]> {
  const all: T[] = []
  await client.query(`DECLARE definitions NO SCROLL CURSOR FOR ${text}`)
  for (;;) {
    const { rows } = await client.query<unknown[]>({
      text: `FETCH ${ROWS_MAX} FROM definitions`,
      rowMode: 'array',
    })
    for (const row of rows) all.push(made(row))
    if (rows.length < ROWS_MAX) break
    await turn()
  }
  await client.query('CLOSE definitions')
  return all
}

/** The same in one go, where they are few; $1 is what they are asked by. */
export async function readSome<T>(
  client: pg.ClientBase,
  text: string,
  values: QueryValues,
  made: (row: unknown[]) => T,
): Promise<T[]> {
  const { rows } = await client.query<unknown[]>({ text, values: [...values], rowMode: 'array' })
  return rows.map(made)
}
