import { afterAll, beforeAll, expect, test } from 'vitest'
import { startHoldpoint } from '../harness/holdpoint.ts'
import { RawClient, transcript } from '../proxy/session/raw-client.ts'
import { canariesIn } from './canaries.ts'
import { openStand, type Stand } from './stand.ts'
import { drive, simple, ways } from './ways.ts'

/** ADVERSARY C2: what is called otherwise by somebody whom Holdpoint does not see holds what it held. */
let stand: Stand
beforeAll(async () => {
  stand = await openStand('', { proxy: { workers: 2 } })
}, 180_000)
afterAll(() => stand?.[Symbol.asyncDispose]())

const renamings = [
  [
    'ALTER TABLE customers RENAME email TO reached_at',
    'SELECT reached_at FROM customers',
    'SELECT customers FROM customers',
  ],
  [
    'ALTER TABLE customers RENAME TO clients',
    'SELECT reached_at, phone FROM clients',
    'SELECT max(reached_at) FROM clients',
  ],
  ['ALTER TABLE clients RENAME phone TO line', 'SELECT line FROM clients', 'TABLE clients'],
] as const

test.each(renamings)('C2 after %s', async (change, ...reads) => {
  const clients = [await stand.open('ana'), await stand.open('report-bot')]
  for (const client of clients) await drive(client, simple.messages('SELECT id FROM plain'))
  await stand.direct.query(change)
  for (const client of clients) {
    for (const { messages } of ways)
      for (const sql of reads) {
        const said = await drive(client, messages(sql))
        expect(canariesIn(Buffer.concat(said.map(({ bytes }) => bytes))), sql).toEqual([])
      }
    client.close()
  }
})

test('C2 what was renamed while Holdpoint did not run is known to the one that starts then', async () => {
  const { holdpoint, configFile, database } = stand
  await holdpoint.stop()
  await stand.direct.query('ALTER TABLE clients RENAME card TO plastic; ALTER TABLE clients RENAME TO buyers')
  await using again = await startHoldpoint({ data: holdpoint.data, args: ['--config', configFile] })
  const url = new URL(again.identity('ana').postgres)
  url.pathname = `/${database.name}`
  const client = await RawClient.open(url.href, { options: '-c holdpoint.on_hold=error' })
  const said = await drive(client, simple.messages('SELECT plastic, reached_at, line, id FROM buyers'))
  expect(transcript(said)).toContainEqual(expect.stringMatching(/^D \*{4}\d{4}\|/))
  expect(canariesIn(Buffer.concat(said.map(({ bytes }) => bytes)))).toEqual([])
  client.close()
})
