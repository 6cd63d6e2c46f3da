import { serialize } from 'pg-protocol'
import type { Message, RawClient } from '../proxy/session/raw-client.ts'

const { parse, bind, describe, execute, query, sync, copyFail } = serialize

/** Every way in which the rows of a query can be asked for. What is sent is one text's worth; all that comes is kept. */
export interface Way {
  readonly name: string
  readonly onlyQueries: boolean
  readonly messages: (sql: string) => readonly Buffer[]
}

const way = (name: string, onlyQueries: boolean, messages: Way['messages']): Way => ({ name, onlyQueries, messages })
const row = { type: 'P' } as const

export const simple = way('simple', false, (sql) => [query(sql)])
export const binary = way('extended in binary without Describe', false, (sql) => [
  parse({ text: sql }),
  bind({ binary: true }),
  execute(),
  sync(),
])

export const ways: readonly Way[] = [
  simple,
  way('extended', false, (sql) => [parse({ text: sql }), bind(), describe(row), execute(), sync()]),
  binary,
  way('a named statement, row by row, described late', false, (sql) => [
    parse({ name: 'n', text: sql }),
    bind({ statement: 'n', portal: 'p' }),
    execute({ portal: 'p', rows: 1 }),
    describe({ type: 'P', name: 'p' }),
    execute({ portal: 'p', rows: 2 }),
    execute({ portal: 'p' }),
    sync(),
    serialize.close({ type: 'S', name: 'n' }),
    sync(),
  ]),
  way('pipelined between harmless ones', false, (sql) => [
    parse({ text: 'SELECT 1' }),
    bind(),
    execute(),
    parse({ text: sql }),
    bind(),
    execute(),
    parse({ text: 'SELECT 2' }),
    bind(),
    execute(),
    sync(),
  ]),
  way('PREPARE and EXECUTE', true, (sql) => [
    query(`PREPARE q AS ${sql}`),
    query('EXECUTE q'),
    query('DEALLOCATE ALL'),
  ]),
  way('PREPARE and a protocol Bind', true, (sql) => [
    query(`PREPARE q AS ${sql}`),
    bind({ statement: 'q', binary: true }),
    execute(),
    sync(),
    query('DEALLOCATE ALL'),
  ]),
  way('a cursor', true, (sql) => [
    query('BEGIN'),
    query(`DECLARE c BINARY SCROLL CURSOR FOR ${sql}`),
    query('FETCH 1 FROM c'),
    query('FETCH ALL FROM c'),
    query('ROLLBACK'),
  ]),
  way('a cursor as a portal', true, (sql) => [
    query('BEGIN'),
    query(`DECLARE c CURSOR FOR ${sql}`),
    execute({ portal: 'c' }),
    sync(),
    query('ROLLBACK'),
  ]),
  way('a cursor past its transaction', true, (sql) => [
    query(`DECLARE c CURSOR WITH HOLD FOR ${sql}`),
    query('FETCH ALL FROM c'),
    query('CLOSE ALL'),
  ]),
  way('COPY', true, (sql) => [query(`COPY (${sql}) TO STDOUT`), query(`COPY (${sql}) TO STDOUT (FORMAT binary)`)]),
  way('COPY as CSV, extended', true, (sql) => [
    parse({ text: `COPY (${sql}) TO STDOUT (FORMAT csv, HEADER)` }),
    bind(),
    execute(),
    sync(),
  ]),
  way('a temporary table', true, (sql) => [
    query(`CREATE TEMP TABLE kept_rows AS ${sql}`),
    query('SELECT * FROM kept_rows'),
    query('COPY kept_rows TO STDOUT'),
    query('DROP TABLE IF EXISTS kept_rows'),
  ]),
  way('a temporary view', true, (sql) => [
    query(`CREATE TEMP VIEW seen_rows AS ${sql}`),
    query('SELECT * FROM seen_rows'),
    query('SELECT seen_rows::text FROM seen_rows'),
    query('DROP VIEW IF EXISTS seen_rows'),
  ]),
  way('EXPLAIN', true, (sql) => [
    query(`EXPLAIN (VERBOSE, COSTS) ${sql}`),
    query(`EXPLAIN (ANALYZE, VERBOSE, FORMAT json, GENERIC_PLAN off) ${sql}`),
  ]),
  way('a subquery of another query', true, (sql) => [
    query(`SELECT outward_rows::text, to_jsonb(outward_rows) FROM (${sql}) outward_rows`),
    query(`WITH w AS MATERIALIZED (${sql}) SELECT json_agg(w) FROM w`),
    query(`SELECT ARRAY(SELECT w::text FROM (${sql}) w)`),
  ]),
]

const ENDS_QUERY = 0x51 // Q
const ENDS_BATCH = 0x53 // S

/**
 * Sends it all and waits until all of it is answered.
 * @returns what came; a client whose connection was ended rejects
 */
export async function drive(client: RawClient, messages: readonly Buffer[]): Promise<readonly Message[]> {
  const wanted = messages.filter((message) => message[0] === ENDS_QUERY || message[0] === ENDS_BATCH).length
  client.send(...messages)
  const received: Message[] = []
  for (let ready = 0; ready < wanted; ) {
    const message = await client.next()
    received.push(message)
    if (message.type === 'Z') ready++
    if (message.type === 'G') client.send(copyFail('nothing to copy'), ...[])
  }
  return received
}
