import { afterAll, beforeAll, expect, test } from 'vitest'
import type { RawClient } from '../proxy/session/raw-client.ts'
import { canariesIn } from './canaries.ts'
import { openStand, type Stand } from './stand.ts'
import { drive, ways } from './ways.ts'

/** ADVERSARY C2: partitions that are attached and detached by somebody else while a session reads. */
const MORE = `
  CREATE TABLE joined (id int, email text) PARTITION BY LIST (id);
  CREATE TABLE joined_rest PARTITION OF joined DEFAULT;
  CREATE TABLE apart (id int, email text);
  INSERT INTO apart VALUES (1, 'zqkvxj@wpfhqyd.org');
  CREATE VIEW over_joined AS SELECT id, upper(email) AS way FROM joined`

let stand: Stand
let client: RawClient
beforeAll(async () => {
  stand = await openStand(MORE)
  client = await stand.open('ana')
}, 180_000)
afterAll(async () => {
  client?.close()
  await stand?.[Symbol.asyncDispose]()
})

const reads = [
  'SELECT email FROM joined',
  "SELECT email || '' AS x FROM joined",
  'SELECT j FROM joined j',
  'SELECT way FROM over_joined',
  'SELECT upper(email) FROM joined_rest',
  'SELECT max(email) FROM apart',
]

test('C2 a labelled table is read through the parent it was just attached to, and when it is detached again', async () => {
  for (const { messages } of ways) {
    for (const change of [
      'ALTER TABLE joined ATTACH PARTITION apart FOR VALUES IN (1)',
      'UPDATE joined SET id = 2 WHERE id = 1; UPDATE joined SET id = 1 WHERE id = 2',
      'ALTER TABLE joined DETACH PARTITION apart',
    ]) {
      for (const sql of reads) await drive(client, messages(sql))
      await stand.direct.query(change)
      for (const sql of reads) {
        const said = await drive(client, messages(sql))
        expect(canariesIn(Buffer.concat(said.map(({ bytes }) => bytes))), `${change}: ${sql}`).toEqual([])
      }
    }
  }
})
