import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { serialize } from 'pg-protocol'
import { type Message, RawClient, transcript } from '../proxy/session/raw-client.ts'
import { canariesIn } from './canaries.ts'
import { openStand, type Stand } from './stand.ts'

/**
 * ADVERSARY D3: a definition is replaced by somebody whom Holdpoint does not see, between two runs of a statement whose
 * judgement is remembered. Whatever the moment, no canary comes out.
 */
const { parse, bind, execute, sync } = serialize

const MORE = `
  CREATE VIEW shifting AS SELECT remark FROM plain;
  CREATE VIEW above AS SELECT upper(remark) AS remark FROM shifting;
  CREATE FUNCTION told(text) RETURNS text LANGUAGE sql STABLE AS 'SELECT $1';
  CREATE TABLE written (id serial, note text);
  CREATE TABLE copied (note text);
  CREATE FUNCTION copying() RETURNS trigger LANGUAGE plpgsql AS
    'BEGIN INSERT INTO copied SELECT email FROM customers; RETURN new; END';
`
const CLEAN = 'CREATE OR REPLACE VIEW shifting AS SELECT remark FROM plain'
const DIRTY = 'CREATE OR REPLACE VIEW shifting AS SELECT email AS remark FROM customers'

let stand: Stand
let client: RawClient
beforeAll(async () => {
  stand = await openStand(MORE)
  client = await stand.open('bo')
}, 180_000)
afterAll(async () => {
  client?.close()
  await stand?.[Symbol.asyncDispose]()
})

const bytesOf = (messages: readonly Message[]): Buffer => Buffer.concat(messages.map(({ bytes }) => bytes))
const codes = (messages: readonly Message[]): readonly string[] =>
  transcript(messages).filter((line) => line.startsWith('E '))

describe('D3 a view replaced elsewhere between two runs of one statement', () => {
  test.for([
    'SELECT remark FROM shifting',
    'SELECT max(remark) FROM shifting',
    'SELECT remark FROM above',
    'COPY (SELECT remark FROM shifting) TO STDOUT',
    'SELECT remark::int FROM shifting',
  ])('%s', async (sql) => {
    for (let round = 0; round < 5; round++) {
      await stand.direct.query(CLEAN)
      await client.ask(sql)
      await stand.direct.query(DIRTY)
      const said = await client.ask(sql)
      expect(canariesIn(bytesOf(said))).toEqual([])
      expect(transcript(said).at(-1)).toBe('Z I')
    }
    await stand.direct.query(CLEAN)
  })
})
