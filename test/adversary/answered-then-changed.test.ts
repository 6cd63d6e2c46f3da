import { serialize } from 'pg-protocol'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { decodeReport } from '../../proxy/wire/messages/error-response.ts'
import type { Message, RawClient } from '../proxy/session/raw-client.ts'
import { openStand, type Stand } from './stand.ts'

/**
 * D3, for a connection that waits: what its statement means is changed elsewhere right before the answer comes, sooner
 * than anybody would look for changes by themselves. What was approved does not run; it is asked for anew.
 */
let stand: Stand
beforeAll(async () => {
  stand = await openStand(`
    CREATE TABLE kept (id int); INSERT INTO kept SELECT generate_series(1, 3);
    CREATE VIEW view_of AS SELECT id FROM kept WHERE id > 2;
    CREATE TABLE watched (id int); INSERT INTO watched VALUES (1);
    CREATE TABLE swapped (id int); CREATE TABLE other (id int);
    CREATE TABLE altered (id int);
    CREATE FUNCTION cleared(who int) RETURNS void LANGUAGE sql AS 'DELETE FROM kept WHERE id = who; DELETE FROM other';
    CREATE FUNCTION clearing() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN DELETE FROM kept; RETURN NULL; END';
    GRANT ALL ON ALL TABLES IN SCHEMA public TO PUBLIC;
  `)
}, 180_000)
afterAll(() => stand?.[Symbol.asyncDispose]())

const CASES: readonly (readonly [string, string])[] = [
  ['CREATE OR REPLACE VIEW view_of AS SELECT id FROM kept', 'DELETE FROM view_of'],
  ["CREATE OR REPLACE FUNCTION cleared(who int) RETURNS void LANGUAGE sql AS 'DELETE FROM kept'", 'SELECT cleared(1)'],
  [
    'CREATE TRIGGER clearing AFTER DELETE ON watched FOR EACH STATEMENT EXECUTE FUNCTION clearing()',
    'DELETE FROM watched',
  ],
  ['ALTER TABLE swapped RENAME TO gone; CREATE VIEW swapped AS SELECT id FROM kept', 'DELETE FROM swapped'],
  ['ALTER TABLE altered RENAME TO empty; ALTER TABLE watched RENAME TO altered', 'ALTER TABLE altered ADD more int'],
]

async function heldBy(client: RawClient): Promise<string> {
  const notice = (await client.until('N')).at(-1) as Message
  return /hold_[\w-]{22}/.exec(decodeReport(notice.bytes).get('D') ?? '')?.[0] ?? 'none'
}

test.each(CASES)('D3 %s: what waited is asked for anew', async (replacing, sql) => {
  const client = await stand.open('ana', { options: '-c holdpoint.on_hold=wait' })
  client.send(serialize.query(sql))
  const first = await heldBy(client)
  await stand.direct.query(replacing)
  const { status } = await stand.api('ben', `/holds/${first}/votes`, { choice: 'approve', reason: 'looked at' })
  expect(status).toBe(200)
  expect(await heldBy(client)).not.toBe(first)
  client.close()
  expect((await stand.direct.query('SELECT FROM kept')).rowCount).toBe(3)
  expect((await stand.direct.query("SELECT FROM pg_attribute WHERE attname = 'more'")).rowCount).toBe(0)
})
